#include "replication/hotcopy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/copydir.h"
#include "replication/process.h"
#include "replication/spool.h"

#define MARIADB_BACKUP "/usr/bin/mariadb-backup"
#define MBSTREAM "/usr/bin/mbstream"
#define PAGE_AGE_US 2000000			 /* heartbeatd writes it many times a second */
#define COMMITS_HELD "BACKUP STAGE BLOCK_COMMIT" /* it prints this before it asks for that lock */
#define SPOOL_BYTES (4u * 1024 * 1024)
#define ROOM_LOOK_MS 10
#define SILENCE_MS 600000   /* mariadb-backup may wait for a long statement, but not for ever */
#define LAST_WORDS_MS 60000 /* from the end of its stream to its exit */
#define UNPACK_END_MS 60000
#define PREPARE_MS (3600 * 1000)
#define SPARE_BYTES (192u * 1024 * 1024) /* for InnoDB's log: what is written meanwhile, and the new one */
#define BINLOG_INFO_BYTES 1024

int hotcopy_read_role(const char *page_path, struct role_view *ret, struct errbuf *e)
{
	struct rolepage *page;
	int code = rolepage_open(page_path, &page, e);

	if (code)
		return code;
	rolepage_read(page, ret);
	rolepage_close(page);
	return 0;
}

int hotcopy_check_age(const struct role_view *v, struct errbuf *e)
{
	if (clock_boottime_us() > v->updated_us + PAGE_AGE_US)
		return err_set(e, -EPERM, "the role page is out of date: heartbeatd does not run");
	return 0;
}

static int start(const struct hotcopy_source *from, struct process *p, int *ret_fd, struct errbuf *e)
{
	char defaults[512], socket[512], target[] = "/tmp/holdfast-copy.XXXXXX", option[64];
	/* No option that kills queries (R10) or stops replication: commits are held up for the last moments
	 * only, which last as long as the log's copier sleeps (usually 1 s, and so a gap of 1 s). */
	const char *const argv[] = {MARIADB_BACKUP, defaults, "--backup", "--stream=mbstream", "--user=root", socket,
	    "--parallel=1", "--log-copy-interval=10", option, NULL};
	struct process_spec spec = {.argv = argv, .stdin_fd = -1, .background = true, .awaited = COMMITS_HELD};
	int pair[2], code;

	(void)snprintf(defaults, sizeof(defaults), "--defaults-file=%s", from->database_conf);
	(void)snprintf(socket, sizeof(socket), "--socket=%s", from->database_socket);
	if (!mkdtemp(target))
		return err_set(e, -errno, "%s: %s", target, strerror(errno));
	(void)snprintf(option, sizeof(option), "--target-dir=%s", target);
	if (pipe2(pair, O_CLOEXEC)) {
		code = err_set(e, -errno, "pipe: %s", strerror(errno));
	} else {
		spec.stdout_fd = pair[1];
		code = process_start(&spec, p, e);
		close(pair[1]);
		if (code)
			close(pair[0]);
		else
			*ret_fd = pair[0];
	}
	/* It is there because the option is asked for; a stream leaves nothing in it. */
	(void)rmdir(target);
	return code;
}

/* Until commits are held up, a receiver that is slow slows the copy down, and takes little memory. From then on nothing may: what
 * is read then is what is left of InnoDB's log, and a few small files. */
static bool may_read(struct spool *s, const struct process *p)
{
	return p->came || spool_waiting(s) < SPOOL_BYTES;
}

/* Waits for the next piece. 1: something to read, 0: not yet. */
static int await_piece(
    const struct hotcopy_sink *to, struct spool *s, struct process *p, int in_fd, uint32_t *silent_ms, struct errbuf *e)
{
	bool may = may_read(s, p);
	struct pollfd fds[3] = {
	    {.fd = may ? in_fd : -1, .events = POLLIN}, {.fd = p->errors_fd, .events = POLLIN}, {.fd = to->watch_fd}};
	int n = poll(fds, 3, may ? HOTCOPY_IDLE_MS : ROOM_LOOK_MS);

	if (n < 0)
		return errno == EINTR ? 0 : err_set(e, -errno, "poll: %s", strerror(errno));
	if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
		return err_set(e, -EPIPE, "the receiver is gone");
	process_read_errors(p);
	if (fds[0].revents)
		return 1;
	if (n > 0 || !may)
		return 0;
	*silent_ms += HOTCOPY_IDLE_MS;
	if (*silent_ms >= SILENCE_MS)
		return err_set(e, -ETIMEDOUT, "mariadb-backup has been silent for %d s", SILENCE_MS / 1000);
	return 0;
}

static int pump(const struct hotcopy_sink *to, struct spool *s, struct process *p, int in_fd, const atomic_bool *cancel,
    struct errbuf *e)
{
	uint8_t *data = malloc(HOTCOPY_PIECE_BYTES);
	uint32_t silent_ms = 0;
	int code = data ? 0 : err_set(e, -ENOMEM, "out of memory");

	while (code >= 0) {
		ssize_t n;

		if (cancel && atomic_load(cancel)) {
			code = err_set(e, -ECANCELED, "stopped on request");
			break;
		}
		code = await_piece(to, s, p, in_fd, &silent_ms, e);
		if (code <= 0)
			continue;
		silent_ms = 0;
		n = read(in_fd, data, HOTCOPY_PIECE_BYTES);
		if (n == 0) {
			code = 0;
			break;
		}
		if (n < 0)
			code = errno == EINTR ? 0 : err_set(e, -errno, "mariadb-backup: %s", strerror(errno));
		else
			code = spool_put(s, data, (size_t)n, e);
	}
	free(data);
	return code;
}

int hotcopy_take(
    const struct hotcopy_source *from, const struct hotcopy_sink *to, const atomic_bool *cancel, struct errbuf *e)
{
	struct errbuf of_sink;
	struct process p;
	struct spool *s;
	int in_fd = -1, code = start(from, &p, &in_fd, e), sent;

	if (code)
		return code;
	code = spool_start(to, &s, e);
	if (code) {
		close(in_fd);
		process_kill(&p);
		return code;
	}
	code = pump(to, s, &p, in_fd, cancel, e);
	close(in_fd);
	if (code)
		process_kill(&p);
	else
		code = process_wait(&p, LAST_WORDS_MS, cancel, e);
	sent = spool_end(s, code != 0, &of_sink);
	if (!code && sent) {
		code = sent;
		*e = of_sink;
	}
	return code;
}

int hotcopy_unpack(
    const char *dir, int (*feed)(void *userdata, int to_fd, struct errbuf *e), void *userdata, struct errbuf *e)
{
	const char *const argv[] = {MBSTREAM, "-x", "-C", dir, NULL};
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
		code = feed(userdata, pair[1], e);
	close(pair[1]);
	if (code == 0)
		return process_wait(&p, UNPACK_END_MS, NULL, e);
	/* When it was mbstream that broke the pipe, its own words are the better ones. */
	if (process_wait(&p, 1000, NULL, &own) == -EIO && code == -EPIPE && strncmp(e->text, "mbstream", 8) == 0)
		*e = own;
	return code;
}

int hotcopy_prepare(const char *dir, const atomic_bool *cancel, struct errbuf *e)
{
	char target[COPYDIR_PATH_BYTES + 16];
	const char *const argv[] = {MARIADB_BACKUP, "--no-defaults", "--prepare", target, NULL};
	const struct process_spec spec = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1};

	(void)snprintf(target, sizeof(target), "--target-dir=%s", dir);
	return process_run(&spec, PREPARE_MS, cancel, e);
}

/* "binlog.000001\t1234\t0-1-5\n"; the position is empty when nothing was ever written. */
int hotcopy_position(const char *dir, struct gtid *ret, struct errbuf *e)
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

int hotcopy_check_room(const char *path, uint64_t bytes, struct errbuf *e)
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
