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
#define VERSION 1
#define SUM_BYTES 32

static void checksum(const uint8_t *buf, size_t size, uint8_t sum[static SUM_BYTES])
{
	int failed = crypto_generichash(sum, SUM_BYTES, buf, size, NULL, 0);

	assert(!failed);
}

size_t statefile_encode(const struct hb_register *reg, uint8_t buf[static STATEFILE_BYTES_MAX])
{
	struct codec c = {.out = buf, .size = 16};
	uint8_t body[HB_REGISTER_BYTES_MAX];
	uint32_t version = VERSION, length = (uint32_t)hb_register_encode(reg, body);
	char head[8];

	memcpy(head, magic, 8);
	codec_bytes(&c, head, 8);
	codec_u32(&c, &version);
	codec_u32(&c, &length);
	memcpy(buf + 16, body, length);
	checksum(buf, 16 + length, buf + 16 + length);
	return 16 + length + SUM_BYTES;
}

int statefile_decode(const uint8_t *buf, size_t size, struct hb_register *ret)
{
	struct codec c = {.in = buf, .size = size};
	uint8_t sum[SUM_BYTES];
	uint32_t version, length;
	char head[8];

	codec_bytes(&c, head, 8);
	codec_u32(&c, &version);
	codec_u32(&c, &length);
	if (c.failed || memcmp(head, magic, 8) != 0 || version != VERSION || length > HB_REGISTER_BYTES_MAX ||
	    size != 16 + length + SUM_BYTES)
		return -EBADMSG;
	checksum(buf, 16 + length, sum);
	if (memcmp(sum, buf + 16 + length, SUM_BYTES) != 0 || hb_register_decode(buf + 16, length, ret) != 0)
		return -EBADMSG;
	return 0;
}

int statefile_load(const char *path, uint64_t cluster, struct hb_register *ret, struct errbuf *e)
{
	uint8_t buf[STATEFILE_BYTES_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	n = read(fd, buf, sizeof(buf));
	if (n < 0) {
		int code = -errno;

		close(fd);
		return err_set(e, code, "%s: %s", path, strerror(-code));
	}
	close(fd);
	if (statefile_decode(buf, (size_t)n, ret) != 0)
		return err_set(e, -EBADMSG, "%s: damaged or of another version; it is never reset by itself", path);
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
