#include "replication/backupdata.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/seed_frame.h"

struct sum {
	crypto_generichash_state state;
	uint64_t bytes;
};

static void sum_begin(struct sum *s)
{
	*s = (struct sum){.bytes = 0};
	(void)crypto_generichash_init(&s->state, NULL, 0, crypto_generichash_BYTES_MAX);
}

static void sum_add(struct sum *s, const uint8_t *data, size_t length)
{
	(void)crypto_generichash_update(&s->state, data, length);
	s->bytes += length;
}

static void sum_end(struct sum *s, char ret[static BACKUPDATA_SUM_BYTES])
{
	uint8_t hash[crypto_generichash_BYTES_MAX];

	(void)crypto_generichash_final(&s->state, hash, sizeof(hash));
	(void)sodium_bin2hex(ret, BACKUPDATA_SUM_BYTES, hash, sizeof(hash));
}

struct outlet {
	const char *path;
	int fd;
	struct sum sum;
};

static int write_piece(void *userdata, const uint8_t *data, size_t length, struct errbuf *e)
{
	struct outlet *o = userdata;
	int code = durable_write_all(o->fd, data, length);

	if (code)
		return err_set(e, code, "%.180s: %s", o->path, strerror(-code));
	sum_add(&o->sum, data, length);
	return 0;
}

int backupdata_take(const struct hotcopy_source *from, const char *path, const atomic_bool *cancel, uint64_t *ret_bytes,
    char ret_sum[static BACKUPDATA_SUM_BYTES], struct errbuf *e)
{
	struct outlet o = {.path = path};
	const struct hotcopy_sink to = {.piece = write_piece, .userdata = &o, .watch_fd = -1};
	int code;

	o.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (o.fd < 0)
		return err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	sum_begin(&o.sum);
	code = hotcopy_take(from, &to, cancel, e);
	if (!code && fsync(o.fd))
		code = err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	close(o.fd);
	if (code)
		return code;
	*ret_bytes = o.sum.bytes;
	sum_end(&o.sum, ret_sum);
	return 0;
}

struct inlet {
	const char *path;
	int fd;
	const atomic_bool *cancel;
	struct sum sum;
};

/* Hands all that is left of the file to to_fd, or to nobody (-1), and sums it up. */
static int read_all(void *userdata, int to_fd, struct errbuf *e)
{
	struct inlet *in = userdata;
	uint8_t *data = malloc(HOTCOPY_PIECE_BYTES);
	int code = data ? 0 : err_set(e, -ENOMEM, "out of memory");

	while (!code) {
		ssize_t n = read(in->fd, data, HOTCOPY_PIECE_BYTES);

		if (n == 0)
			break;
		if (n < 0) {
			code = err_set(e, -errno, "%.180s: %s", in->path, strerror(errno));
			break;
		}
		sum_add(&in->sum, data, (size_t)n);
		if (in->cancel && atomic_load(in->cancel))
			code = err_set(e, -ECANCELED, "stopped on request");
		else if (to_fd >= 0)
			code = seed_write(to_fd, data, (size_t)n, "mbstream", e);
	}
	free(data);
	return code;
}

/* Of what was read to its end. */
static int check_sum(struct inlet *in, uint64_t bytes, const char *sum, struct errbuf *e)
{
	char found[BACKUPDATA_SUM_BYTES];

	sum_end(&in->sum, found);
	if (in->sum.bytes == bytes && strcmp(found, sum) == 0)
		return 0;
	return err_set(e, -EBADMSG, "%.160s: is damaged: its BLAKE2b checksum is not that of the manifest", in->path);
}

static int check_size(const struct inlet *in, uint64_t bytes, struct errbuf *e)
{
	struct stat st;

	if (fstat(in->fd, &st))
		return err_set(e, -errno, "%.180s: %s", in->path, strerror(errno));
	if ((uint64_t)st.st_size != bytes)
		return err_set(e, -EBADMSG,
		    "%.140s: has %" PRIu64 " bytes, its manifest says %" PRIu64 ": it is not whole", in->path,
		    (uint64_t)st.st_size, bytes);
	return 0;
}

int backupdata_unpack(
    const char *path, uint64_t bytes, const char *sum, const char *into, const atomic_bool *cancel, struct errbuf *e)
{
	struct inlet in = {.path = path, .cancel = cancel};
	struct errbuf other = {""};
	int code;

	in.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in.fd < 0)
		return err_set(e, -errno, "%.180s: %s", path, strerror(errno));
	code = check_size(&in, bytes, e);
	if (!code) {
		sum_begin(&in.sum);
		code = hotcopy_unpack(into, read_all, &in, e);
		/* When mbstream gave up, then most likely because of the data: that is the better word. */
		if (code && code != -ECANCELED && read_all(&in, -1, &other) == 0 &&
		    check_sum(&in, bytes, sum, &other)) {
			code = -EBADMSG;
			*e = other;
		} else if (!code) {
			code = check_sum(&in, bytes, sum, e);
		}
	}
	close(in.fd);
	return code;
}
