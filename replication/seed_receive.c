#include "replication/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/copydir.h"
#include "replication/hotcopy.h"
#include "replication/seed_frame.h"
#include "replication/seed_progress.h"

#define TELL_MS 500

/* Where it comes from, and who is told how far it is. */
struct listener {
	int from_fd;
	int fd; /* -1: nobody */
	uint64_t received_bytes, total_bytes, told_ms;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* A line that does not fit into the pipe is lost: nothing here waits for who listens. */
static void tell(struct listener *l, enum seed_phase phase)
{
	char line[SEED_PROGRESS_LINE_BYTES];

	if (l->fd < 0)
		return;
	seed_progress_line(phase, l->received_bytes, l->total_bytes, line);
	(void)!write(l->fd, line, strlen(line));
	l->told_ms = now_ms();
}

static void tell_bytes(struct listener *l, size_t more)
{
	l->received_bytes += more;
	if (l->fd >= 0 && now_ms() >= l->told_ms + TELL_MS)
		tell(l, SEED_PHASE_FETCH);
}

static int dial(const char *path, struct errbuf *e)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(e, -ENAMETOOLONG, "%.100s: path too long", path);
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) || fcntl(fd, F_SETFL, O_NONBLOCK)) {
		int code = errno == ENOENT ? err_set(e, -ENOENT, "HAProxy here has no way to the other gateway yet")
					   : err_set(e, -errno, "%s: %s", path, strerror(errno));

		close(fd);
		return code;
	}
	return fd;
}

/* The sender's first line. 0 and the size, or -ECONNREFUSED with its words. */
static int hear_greeting(int fd, uint64_t *ret_bytes, struct errbuf *e)
{
	char line[SEED_LINE_BYTES], *end;
	int code = seed_read_line(fd, line, "sender", e);

	if (code)
		return code;
	for (char *p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = ' ';
	if (strncmp(line, SEED_REFUSED, strlen(SEED_REFUSED)) == 0)
		return err_set(e, -ECONNREFUSED, "the sender refused: %.180s", line + strlen(SEED_REFUSED));
	if (strncmp(line, SEED_GREETING, strlen(SEED_GREETING)) != 0 || line[strlen(SEED_GREETING)] < '0' ||
	    line[strlen(SEED_GREETING)] > '9')
		return err_set(e, -EPROTO, "sender: not a greeting: '%.100s'", line);
	errno = 0;
	*ret_bytes = strtoull(line + strlen(SEED_GREETING), &end, 10);
	if (*end || errno)
		return err_set(e, -EPROTO, "sender: not a size: '%.100s'", line);
	return 0;
}

/* Frames into mbstream until the last one, which must agree with what came. */
static int pump(void *userdata, int to_fd, struct errbuf *e)
{
	struct listener *l = userdata;
	uint8_t *data = malloc(SEED_DATA_BYTES), end[SEED_END_BYTES];
	struct seed_sum sum;
	enum seed_type type = SEED_DATA;
	size_t length;
	int code = data ? 0 : err_set(e, -ENOMEM, "out of memory");

	seed_sum_begin(&sum);
	while (!code && type == SEED_DATA) {
		code = seed_frame_read(l->from_fd, &type, data, &length, e);
		if (code || type != SEED_DATA)
			break;
		seed_sum_add(&sum, data, length);
		code = seed_write(to_fd, data, length, "mbstream", e);
		tell_bytes(l, length);
	}
	if (!code) {
		tell(l, SEED_PHASE_VERIFY);
		seed_sum_end(&sum, end);
		if (memcmp(end, data, SEED_END_BYTES) != 0)
			code = err_set(e, -EBADMSG, "stream: what came is not what was sent");
	}
	free(data);
	return code;
}

static int write_position(const char *dir, struct gtid position, struct errbuf *e)
{
	char path[COPYDIR_PATH_BYTES + 32], text[GTID_TEXT_BYTES + 16], gtid[GTID_TEXT_BYTES];

	(void)snprintf(path, sizeof(path), "%s/" SEED_COPY_FILE, dir);
	(void)snprintf(text, sizeof(text), "gtid=%s\n", gtid_format(position, gtid));
	return durable_write(path, text, e);
}

static int receive_into(int fd, const char *dir, struct listener *l, struct gtid *ret, struct errbuf *e)
{
	int code = hear_greeting(fd, &l->total_bytes, e);

	l->from_fd = fd;
	if (!code)
		code = hotcopy_check_room(dir, l->total_bytes, e);
	if (!code) {
		tell(l, SEED_PHASE_FETCH);
		code = hotcopy_unpack(dir, pump, l, e);
	}
	if (!code) {
		tell(l, SEED_PHASE_PREPARE);
		code = hotcopy_prepare(dir, NULL, e);
	}
	if (!code)
		code = hotcopy_position(dir, ret, e);
	return code ? code : write_position(dir, *ret, e);
}

int seed_receive_run(const struct seed_receive *r, struct gtid *ret, struct errbuf *e)
{
	struct listener l = {.fd = r->progress_fd};
	struct copydir c;
	int code = copydir_begin(r->dir, &c, e), fd = -1;

	tell(&l, SEED_PHASE_ASK);
	if (!code && (fd = dial(r->peer_socket, e)) < 0)
		code = fd;
	if (!code)
		code = receive_into(fd, c.made, &l, ret, e);
	if (!code) {
		tell(&l, SEED_PHASE_INSTALL);
		code = durable_remove(r->verify_path, e);
	}
	if (!code) {
		code = copydir_finish(&c, r->user, e);
	}
	if (fd >= 0)
		close(fd);
	copydir_close(&c);
	return code;
}
