#include "replication/seed_frame.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void seed_sum_begin(struct seed_sum *s)
{
	s->total = 0;
	(void)crypto_generichash_init(&s->state, NULL, 0, crypto_generichash_BYTES);
}

void seed_sum_add(struct seed_sum *s, const uint8_t *data, size_t length)
{
	s->total += length;
	(void)crypto_generichash_update(&s->state, data, length);
}

void seed_sum_end(struct seed_sum *s, uint8_t ret[static SEED_END_BYTES])
{
	uint64_t total = htobe64(s->total);

	memcpy(ret, &total, sizeof(total));
	(void)crypto_generichash_final(&s->state, ret + sizeof(total), crypto_generichash_BYTES);
}

/* Waits until something can be done. Hang-ups are left to the read or write that follows. */
static int wait_for(int fd, short events, const char *what, struct errbuf *e)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, SEED_STALL_MS);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, -errno, "%s: poll: %s", what, strerror(errno));
	if (n == 0)
		return err_set(e, -ETIMEDOUT, "%s: nothing moved for %d s", what, SEED_STALL_MS / 1000);
	return 0;
}

int seed_write(int fd, const void *data, size_t length, const char *what, struct errbuf *e)
{
	const uint8_t *at = data;

	while (length) {
		int code = wait_for(fd, POLLOUT, what, e);
		ssize_t n;

		if (code)
			return code;
		n = write(fd, at, length);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_set(e, errno == ECONNRESET ? -EPIPE : -errno, "%s: %s", what, strerror(errno));
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int seed_read(int fd, void *data, size_t length, const char *what, struct errbuf *e)
{
	uint8_t *at = data;

	while (length) {
		int code = wait_for(fd, POLLIN, what, e);
		ssize_t n;

		if (code)
			return code;
		n = read(fd, at, length);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_set(e, errno == ECONNRESET ? -EPIPE : -errno, "%s: %s", what, strerror(errno));
		if (n == 0)
			return err_set(e, -EPIPE, "%s: ended before it was complete", what);
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int seed_read_line(int fd, char line[static SEED_LINE_BYTES], const char *what, struct errbuf *e)
{
	for (size_t n = 0; n < SEED_LINE_BYTES; n++) {
		int code = seed_read(fd, line + n, 1, what, e);

		if (code)
			return code;
		if (line[n] == '\n') {
			line[n] = '\0';
			return 0;
		}
	}
	return err_set(e, -EMSGSIZE, "%s: the first line is longer than %d bytes", what, SEED_LINE_BYTES - 1);
}

int seed_frame_write(int fd, enum seed_type type, const void *data, size_t length, struct errbuf *e)
{
	uint8_t head[SEED_HEAD_BYTES] = {(uint8_t)type};
	uint32_t n = htobe32((uint32_t)length);
	int code;

	assert(length <= SEED_DATA_BYTES);
	memcpy(head + 1, &n, sizeof(n));
	code = seed_write(fd, head, sizeof(head), "receiver", e);
	return code ? code : seed_write(fd, data, length, "receiver", e);
}

/* What the sender had to say, as one line. */
static int remote_failure(const uint8_t *data, size_t length, struct errbuf *e)
{
	char text[160];
	size_t n = 0;

	for (; n < length && n + 1 < sizeof(text); n++)
		text[n] = data[n] < ' ' || data[n] > '~' ? ' ' : (char)data[n];
	text[n] = '\0';
	return err_set(e, -EREMOTEIO, "the sender failed: %s", text);
}

int seed_frame_read(int fd, enum seed_type *ret_type, uint8_t *data, size_t *ret_length, struct errbuf *e)
{
	for (;;) {
		uint8_t head[SEED_HEAD_BYTES];
		uint32_t length;
		int code = seed_read(fd, head, sizeof(head), "stream", e);

		if (code)
			return code;
		memcpy(&length, head + 1, sizeof(length));
		length = be32toh(length);
		if (length > SEED_DATA_BYTES || (head[0] == SEED_END && length != SEED_END_BYTES) ||
		    (head[0] == SEED_ALIVE && length != 0))
			return err_set(e, -EPROTO, "stream: a frame of %u bytes cannot be", length);
		code = seed_read(fd, data, length, "stream", e);
		if (code)
			return code;
		switch (head[0]) {
		case SEED_ALIVE: break;
		case SEED_DATA:
		case SEED_END:
			*ret_type = head[0];
			*ret_length = length;
			return 0;
		case SEED_FAIL: return remote_failure(data, length, e);
		default: return err_set(e, -EPROTO, "stream: a frame of type %u cannot be", head[0]);
		}
	}
}
