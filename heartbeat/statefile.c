#include "heartbeat/statefile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/codec.h"
#include "heartbeat/durable.h"

static const char magic[8] = "HFREGIST";
#define FLAT_VERSION 1
#define HEAD_BYTES 16
#define SUM_BYTES 32
#define READ_BYTES_MAX 8192 /* a newer release's may be longer than ours */

static void checksum(const uint8_t *buf, size_t size, uint8_t sum[static SUM_BYTES])
{
	int failed = crypto_generichash(sum, SUM_BYTES, buf, size, NULL, 0);

	assert(!failed);
}

size_t statefile_encode(const struct hb_register *reg, uint8_t buf[static STATEFILE_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = HEAD_BYTES};
	uint8_t body[HB_REGISTER_BYTES_MAX];
	uint32_t version = STATEFILE_VERSION, length = (uint32_t)hb_register_encode(reg, body);
	char head[8];

	memcpy(head, magic, 8);
	codec_bytes(&c, head, 8);
	codec_u32(&c, &version);
	codec_u32(&c, &length);
	memcpy(buf + HEAD_BYTES, body, length);
	checksum(buf, HEAD_BYTES + length, buf + HEAD_BYTES + length);
	return HEAD_BYTES + length + SUM_BYTES;
}

int statefile_decode(const uint8_t *buf, size_t size, uint32_t *version, struct hb_register *ret)
{
	struct codec c = {.in = buf, .size = size};
	uint8_t sum[SUM_BYTES];
	uint32_t length;
	char head[8];

	codec_bytes(&c, head, 8);
	codec_u32(&c, version);
	codec_u32(&c, &length);
	if (c.failed || memcmp(head, magic, 8) != 0 || length > size || size != HEAD_BYTES + length + SUM_BYTES)
		return -EBADMSG;
	checksum(buf, HEAD_BYTES + length, sum);
	if (memcmp(sum, buf + HEAD_BYTES + length, SUM_BYTES) != 0)
		return -EBADMSG;
	if (*version < FLAT_VERSION || *version > STATEFILE_VERSION)
		return -EPROTONOSUPPORT;
	return hb_register_decode(buf + HEAD_BYTES, length, *version == FLAT_VERSION, ret) ? -EBADMSG : 0;
}

int statefile_load(const char *path, uint64_t cluster, struct hb_register *ret, struct errbuf *e)
{
	uint8_t buf[READ_BYTES_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), code;
	uint32_t version;
	ssize_t n;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	n = read(fd, buf, sizeof(buf));
	if (n < 0) {
		code = -errno;
		close(fd);
		return err_set(e, code, "%s: %s", path, strerror(-code));
	}
	close(fd);
	code = statefile_decode(buf, (size_t)n, &version, ret);
	if (code == -EPROTONOSUPPORT)
		return err_set(e, code,
		    "%s: of version %u, this release reads up to %u: install the release that wrote it", path, version,
		    STATEFILE_VERSION);
	if (code)
		return err_set(e, code, "%s: damaged; it is never reset by itself", path);
	if (ret->cluster != cluster)
		return err_set(e, -EBADMSG, "%s: belongs to another cluster than the key", path);
	return 0;
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

int statefile_store(const char *path, const struct hb_register *reg, struct errbuf *e)
{
	uint8_t buf[STATEFILE_BYTES_MAX];
	size_t size = statefile_encode(reg, buf);
	char temporary[256];
	int code;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", path);
	code = write_durably(temporary, buf, size);
	if (!code && rename(temporary, path))
		code = -errno;
	return code ? err_set(e, code, "%s: %s", path, strerror(-code)) : durable_sync_parent(path, e);
}
