#include "replication/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/rolepage.h"
#include "replication/copydir.h"
#include "replication/process.h"
#include "replication/seed_frame.h"

#define PAGE_AGE_US 2000000 /* heartbeatd writes it many times a second */
#define SILENCE_MS 600000   /* mariadb-backup may wait for a long statement, but not for ever */
#define LAST_WORDS_MS 60000 /* from the end of its stream to its exit */

/* May a copy of this node's data be handed out? Fills the epoch. */
static int check_role(const char *path, uint64_t *ret_epoch, struct errbuf *e)
{
	struct rolepage *page;
	struct role_view v;
	int code = rolepage_open(path, &page, e);

	if (code)
		return code;
	rolepage_read(page, &v);
	rolepage_close(page);
	if (v.active == ROLEPAGE_NO_NODE || v.active != v.self)
		return err_set(e, -EPERM, "this node is not the active one");
	if (!v.open || !v.epoch || v.writable_epoch != v.epoch)
		return err_set(e, -EPERM, "this node has not been opened in epoch %" PRIu64 " yet", v.epoch);
	if (clock_boottime_us() > v.updated_us + PAGE_AGE_US)
		return err_set(e, -EPERM, "the role page is out of date: heartbeatd does not run");
	*ret_epoch = v.epoch;
	return 0;
}

/* The whole database goes to the peer, which comes through the mesh, or to root. What is no socket was opened by whoever
 * runs us, and only root could read the data. */
static int check_receiver(int fd, struct errbuf *e)
{
	const struct passwd *mesh = getpwnam(SEED_MESH_USER);
	struct ucred who = {.uid = UINT32_MAX};
	socklen_t length = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length))
		return errno == ENOTSOCK ? 0 : err_set(e, -errno, "who asks? %s", strerror(errno));
	if (who.uid == 0 || (mesh && who.uid == mesh->pw_uid))
		return 0;
	return err_set(e, -EACCES, "user %u may not have a copy", who.uid);
}

static int start_backup(const struct seed_send *s, struct process *p, int *ret_fd, struct errbuf *e)
{
	char defaults[512], from[512], target[] = "/tmp/holdfast-seed.XXXXXX", option[64];
	/* No option that kills queries (R10) or stops replication: commits are held up for the last moments
	 * only, which last as long as the log's copier sleeps (usually 1 s, and so a gap of 1 s). */
	const char *const argv[] = {SEED_MARIADB_BACKUP, defaults, "--backup", "--stream=mbstream", "--user=root", from,
	    "--parallel=1", "--log-copy-interval=10", option, NULL};
	struct process_spec spec = {.argv = argv, .stdin_fd = -1, .background = true};
	int pair[2], code;

	(void)snprintf(defaults, sizeof(defaults), "--defaults-file=%s", s->database_conf);
	(void)snprintf(from, sizeof(from), "--socket=%s", s->database_socket);
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

/* Waits for the next piece and tells the receiver meanwhile that we live. 1: something to read, 0: not yet.
 */
static int await_piece(const struct seed_send *s, struct process *p, int in_fd, uint32_t *silent_ms, struct errbuf *e)
{
	struct pollfd fds[3] = {
	    {.fd = in_fd, .events = POLLIN}, {.fd = p->errors_fd, .events = POLLIN}, {.fd = s->out_fd}};
	int n = poll(fds, 3, SEED_ALIVE_MS);

	if (n < 0)
		return errno == EINTR ? 0 : err_set(e, -errno, "poll: %s", strerror(errno));
	if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
		return err_set(e, -EPIPE, "the receiver is gone");
	process_read_errors(p);
	if (fds[0].revents)
		return 1;
	if (n > 0)
		return 0;
	*silent_ms += SEED_ALIVE_MS;
	if (*silent_ms >= SILENCE_MS)
		return err_set(e, -ETIMEDOUT, "mariadb-backup has been silent for %d s", SILENCE_MS / 1000);
	return seed_frame_write(s->out_fd, SEED_ALIVE, NULL, 0, e);
}

static int pump(const struct seed_send *s, struct process *p, int in_fd, struct seed_sum *sum, struct errbuf *e)
{
	uint8_t *data = malloc(SEED_DATA_BYTES);
	uint32_t silent_ms = 0;
	int code = data ? 0 : err_set(e, -ENOMEM, "out of memory");

	while (code >= 0) {
		ssize_t n;

		code = await_piece(s, p, in_fd, &silent_ms, e);
		if (code <= 0)
			continue;
		silent_ms = 0;
		n = read(in_fd, data, SEED_DATA_BYTES);
		if (n == 0) {
			code = 0;
			break;
		}
		if (n < 0) {
			code = errno == EINTR ? 0 : err_set(e, -errno, "mariadb-backup: %s", strerror(errno));
			continue;
		}
		seed_sum_add(sum, data, (size_t)n);
		code = seed_frame_write(s->out_fd, SEED_DATA, data, (size_t)n, e);
	}
	free(data);
	return code;
}

static int stream(const struct seed_send *s, uint64_t epoch, struct errbuf *e)
{
	uint8_t end[SEED_END_BYTES];
	struct process p;
	struct seed_sum sum;
	uint64_t epoch_now = 0;
	int in_fd = -1, code = start_backup(s, &p, &in_fd, e);

	if (code)
		return code;
	seed_sum_begin(&sum);
	code = pump(s, &p, in_fd, &sum, e);
	close(in_fd);
	if (code)
		process_kill(&p);
	else
		code = process_wait(&p, LAST_WORDS_MS, NULL, e);
	if (code)
		return code;
	/* A copy from an active that was deposed meanwhile may hold what nobody acknowledged. */
	code = check_role(s->role_path, &epoch_now, e);
	if (code || epoch_now != epoch)
		return code ? code : err_set(e, -ESTALE, "the epoch changed meanwhile");
	seed_sum_end(&sum, end);
	return seed_frame_write(s->out_fd, SEED_END, end, sizeof(end), e);
}

static int greet(const struct seed_send *s, uint64_t *ret_epoch, struct errbuf *e)
{
	char line[SEED_LINE_BYTES];
	struct errbuf ignored;
	uint64_t bytes;
	int n, code = check_receiver(s->out_fd, e);

	if (!code)
		code = check_role(s->role_path, ret_epoch, e);
	if (!code)
		code = copydir_size(s->datadir, &bytes, e);
	if (code)
		n = snprintf(line, sizeof(line), SEED_REFUSED "%.200s\n", e->text);
	else
		n = snprintf(line, sizeof(line), SEED_GREETING "%" PRIu64 "\n", bytes);
	if (code)
		(void)seed_write(s->out_fd, line, (size_t)n, "receiver", &ignored);
	else
		code = seed_write(s->out_fd, line, (size_t)n, "receiver", e);
	return code;
}

int seed_send_run(const struct seed_send *s, struct errbuf *e)
{
	struct errbuf ignored;
	uint64_t epoch;
	int code = greet(s, &epoch, e);

	if (code)
		return code;
	code = stream(s, epoch, e);
	if (code && code != -EPIPE && code != -ETIMEDOUT)
		(void)seed_frame_write(s->out_fd, SEED_FAIL, e->text, strlen(e->text), &ignored);
	return code;
}
