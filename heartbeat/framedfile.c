#include "heartbeat/framedfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/codec.h"
#include "heartbeat/durable.h"

#define HEAD_BYTES 16
#define SUM_BYTES 32

static_assert(HEAD_BYTES + SUM_BYTES == FRAMEDFILE_OVERHEAD_BYTES, "what stands around the body");

static void checksum(const uint8_t *buf, size_t size, uint8_t sum[static SUM_BYTES])
{
	int failed = crypto_generichash(sum, SUM_BYTES, buf, size, NULL, 0);

	assert(!failed);
}

size_t framedfile_encode(const struct framedfile_kind *kind, const uint8_t *body, size_t size, uint8_t *buf)
{
	struct codec c = {.out = buf, .size = HEAD_BYTES};
	uint32_t version = kind->newest, length = (uint32_t)size;
	char magic[sizeof(kind->magic)];

	memcpy(magic, kind->magic, sizeof(magic));
	codec_bytes(&c, magic, sizeof(magic));
	codec_u32(&c, &version);
	codec_u32(&c, &length);
	memcpy(buf + HEAD_BYTES, body, size);
	checksum(buf, HEAD_BYTES + size, buf + HEAD_BYTES + size);
	return HEAD_BYTES + size + SUM_BYTES;
}

int framedfile_decode(const struct framedfile_kind *kind, const uint8_t *buf, size_t size, uint32_t *version,
    const uint8_t **body, size_t *body_size)
{
	struct codec c = {.in = buf, .size = size};
	uint8_t sum[SUM_BYTES];
	uint32_t length;
	char magic[sizeof(kind->magic)];

	codec_bytes(&c, magic, sizeof(magic));
	codec_u32(&c, version);
	codec_u32(&c, &length);
	if (c.failed || memcmp(magic, kind->magic, sizeof(magic)) != 0 || length > size ||
	    size != HEAD_BYTES + length + SUM_BYTES)
		return -EBADMSG;
	checksum(buf, HEAD_BYTES + length, sum);
	if (memcmp(sum, buf + HEAD_BYTES + length, SUM_BYTES) != 0)
		return -EBADMSG;
	*body = buf + HEAD_BYTES;
	*body_size = length;
	return *version < kind->oldest || *version > kind->newest ? -EPROTONOSUPPORT : 0;
}

static int read_all(const char *path, uint8_t *buf, size_t size, size_t *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), code = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size);
	if (n < 0)
		code = -errno;
	close(fd);
	*ret = n < 0 ? 0 : (size_t)n;
	return code;
}

int framedfile_load(const struct framedfile_kind *kind, const char *path, uint8_t buf[static FRAMEDFILE_BYTES_MAX],
    uint32_t *version, const uint8_t **body, size_t *body_size, struct errbuf *e)
{
	size_t n;
	int code = read_all(path, buf, FRAMEDFILE_BYTES_MAX, &n);

	if (code)
		return err_set(e, code, "%s: %s", path, strerror(-code));
	code = framedfile_decode(kind, buf, n, version, body, body_size);
	if (code == -EPROTONOSUPPORT)
		return err_set(e, code,
		    "%s: of version %u, this release reads up to %u: install the release that wrote it", path, *version,
		    kind->newest);
	return code ? err_set(e, code, "%s: damaged; it is never reset by itself", path) : 0;
}

static int write_durably(const char *path, const uint8_t *buf, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int code;

	if (fd < 0)
		return -errno;
	code = durable_write_all(fd, buf, size);
	if (!code && fsync(fd))
		code = -errno;
	if (close(fd) && !code)
		code = -errno;
	return code;
}

int framedfile_store(
    const struct framedfile_kind *kind, const char *path, const uint8_t *body, size_t size, struct errbuf *e)
{
	uint8_t buf[FRAMEDFILE_BYTES_MAX];
	char temporary[256];
	int code;

	assert(size <= sizeof(buf) - FRAMEDFILE_OVERHEAD_BYTES);
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", path);
	size = framedfile_encode(kind, body, size, buf);
	code = write_durably(temporary, buf, size);
	sodium_memzero(buf, size);
	if (!code && rename(temporary, path))
		code = -errno;
	return code ? err_set(e, code, "%s: %s", path, strerror(-code)) : durable_sync_parent(path, e);
}
