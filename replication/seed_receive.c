#include "replication/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "replication/copydir.h"
#include "heartbeat/durable.h"
#include "replication/process.h"
#include "replication/seed_frame.h"
#include "replication/seed_progress.h"

#define UNPACK_END_MS 60000
#define PREPARE_MS (3600 * 1000)
#define SPARE_BYTES (192u * 1024 * 1024) /* for InnoDB's log: what is written meanwhile, and the new one */
#define BINLOG_INFO_BYTES 1024
#define TELL_MS 500

/* Who is told how far it is. */
struct listener {
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
		int code = err_set(e, -errno, "%s: %s", path, strerror(errno));

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

static int check_space(const char *path, uint64_t bytes, struct errbuf *e)
{
	struct statvfs fs;
	uint64_t free_bytes, need = bytes < UINT64_MAX / 4 ? bytes + bytes / 10 + SPARE_BYTES : UINT64_MAX;

	if (statvfs(path, &fs))
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes < need)
		return err_set(e, -ENOSPC, "%.120s: %" PRIu64 " MiB free, %" PRIu64 " MiB needed", path,
		    free_bytes >> 20, need >> 20);
	return 0;
}

/* Frames into mbstream until the last one, which must agree with what came. */
static int pump(int fd, int to_fd, struct listener *l, struct errbuf *e)
{
	uint8_t *data = malloc(SEED_DATA_BYTES), end[SEED_END_BYTES];
	struct seed_sum sum;
	enum seed_type type = SEED_DATA;
	size_t length;
	int code = data ? 0 : err_set(e, -ENOMEM, "out of memory");

	seed_sum_begin(&sum);
	while (!code && type == SEED_DATA) {
		code = seed_frame_read(fd, &type, data, &length, e);
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

static int unpack(int fd, const char *dir, struct listener *l, struct errbuf *e)
{
	const char *const argv[] = {SEED_MBSTREAM, "-x", "-C", dir, NULL};
	struct process_spec spec = {.argv = argv, .stdout_fd = -1};
	struct process p;
	struct errbuf own;
	int pair[2], code;

	if (pipe2(pair, O_CLOEXEC))
		return err_set(e, -errno, "pipe: %s", strerror(errno));
	spec.stdin_fd = pair[0];
	code = process_start(&spec, &p, e);
	close(pair[0]);
	if (code) {
		close(pair[1]);
		return code;
	}
	if (fcntl(pair[1], F_SETFL, O_NONBLOCK))
		code = err_set(e, -errno, "pipe: %s", strerror(errno));
	if (!code)
		code = pump(fd, pair[1], l, e);
	close(pair[1]);
	if (code == 0)
		return process_wait(&p, UNPACK_END_MS, NULL, e);
	/* When it was mbstream that broke the pipe, its own words are the better ones. */
	if (process_wait(&p, 1000, NULL, &own) == -EIO && code == -EPIPE && strncmp(e->text, "mbstream", 8) == 0)
		*e = own;
	return code;
}

static int prepare(const char *dir, struct errbuf *e)
{
	char target[COPYDIR_PATH_BYTES + 16];
	const char *const argv[] = {SEED_MARIADB_BACKUP, "--no-defaults", "--prepare", target, NULL};
	const struct process_spec spec = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1};

	(void)snprintf(target, sizeof(target), "--target-dir=%s", dir);
	return process_run(&spec, PREPARE_MS, NULL, e);
}

/* "binlog.000001\t1234\t0-1-5\n"; the position is empty when nothing was ever written. */
static int read_position(const char *dir, struct gtid *ret, struct errbuf *e)
{
	char path[COPYDIR_PATH_BYTES + 32], text[BINLOG_INFO_BYTES], *at;
	int code;

	(void)snprintf(path, sizeof(path), "%s/xtrabackup_binlog_info", dir);
	code = durable_read(path, text, sizeof(text), e);
	if (code)
		return code;
	text[strcspn(text, "\n")] = '\0';
	at = strchr(text, '\t');
	at = at ? strchr(at + 1, '\t') : NULL;
	if (!at || gtid_parse(at + 1, ret))
		return err_set(e, -EPROTO, "%.150s:1: file, offset and one GTID expected", path);
	return 0;
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

	if (!code)
		code = check_space(dir, l->total_bytes, e);
	if (!code) {
		tell(l, SEED_PHASE_FETCH);
		code = unpack(fd, dir, l, e);
	}
	if (!code) {
		tell(l, SEED_PHASE_PREPARE);
		code = prepare(dir, e);
	}
	if (!code)
		code = read_position(dir, ret, e);
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
		code = copydir_finish(&c, r->user, e);
	}
	if (fd >= 0)
		close(fd);
	copydir_close(&c);
	return code;
}
