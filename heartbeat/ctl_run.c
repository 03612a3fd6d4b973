#include "heartbeat/ctl_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_NOT_STARTED 127
#define SLICE_MS 100

static volatile sig_atomic_t interrupted;
static bool deaf;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

void ctl_catch_signals(void)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction a = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)sigaction(caught[i], &a, NULL);
	/* Who listens to us may go away in the middle: that must not leave half a member behind. */
	a.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &a, NULL);
}

void ctl_ignore_signals(void)
{
	deaf = true;
}

static bool stop_wanted(void)
{
	return interrupted && !deaf;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int ctl_pause(unsigned ms)
{
	uint64_t until = now_ms() + ms;

	for (uint64_t now = now_ms(); now < until && !stop_wanted(); now = now_ms()) {
		uint64_t left = until - now;

		(void)poll(NULL, 0, left < SLICE_MS ? (int)left : SLICE_MS);
	}
	return stop_wanted() ? -EINTR : 0;
}

/* One that runs: its process and our ends of its pipes. */
struct child {
	pid_t pid;
	int pidfd, out, err;
	size_t out_bytes, err_bytes;
};

static void become(const char *const argv[], int out, int err)
{
	static char *const environment[] = {
	    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", "HOME=/root", NULL};
	struct sigaction usual = {.sa_handler = SIG_DFL};
	int null = open("/dev/null", O_RDONLY);

	/* Its own group: a terminal's interrupt is for us, who know what to take back. */
	(void)setpgid(0, 0);
	(void)sigaction(SIGINT, &usual, NULL);
	(void)sigaction(SIGTERM, &usual, NULL);
	(void)sigaction(SIGHUP, &usual, NULL);
	(void)sigaction(SIGPIPE, &usual, NULL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(EXIT_NOT_STARTED);
	(void)execvpe(argv[0], (char *const *)argv, environment);
	(void)dprintf(2, "%s\n", strerror(errno));
	_exit(EXIT_NOT_STARTED);
}

static int start(const char *const argv[], struct child *c)
{
	int out[2], err[2], code;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	if (pipe2(err, O_CLOEXEC)) {
		code = -errno;
		close(out[0]);
		close(out[1]);
		return code;
	}
	c->pid = fork();
	if (c->pid == 0)
		become(argv, out[1], err[1]);
	code = c->pid < 0 ? -errno : 0;
	close(out[1]);
	close(err[1]);
	c->out = out[0];
	c->err = err[0];
	c->pidfd = c->pid < 0 ? -1 : pidfd_open(c->pid, 0);
	if (!code && c->pidfd < 0)
		code = -errno;
	(void)fcntl(c->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(c->err, F_SETFL, O_NONBLOCK);
	return code;
}

/* Everything that is there now. What does not fit: of errors the beginning is dropped, of output the end. */
static void drain(int fd, char *text, size_t *bytes, bool keep_end)
{
	char piece[1024];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		size_t more = (size_t)n, room = CTL_OUTPUT_BYTES - 1 - *bytes;

		if (more > room && keep_end) {
			memmove(text, text + (more - room), *bytes - (more - room));
			*bytes -= more - room;
			room = more;
		}
		if (more > room)
			more = room;
		memcpy(text + *bytes, piece, more);
		*bytes += more;
		text[*bytes] = '\0';
	}
}

/* Until it has ended. 0, -ETIMEDOUT or -EINTR; its pipes may stay open in children of its own, which is no
 * matter. */
static int wait_for(struct child *c, unsigned timeout_ms, struct ctl_output *o)
{
	uint64_t until = now_ms() + timeout_ms;

	for (;;) {
		struct pollfd p[] = {{.fd = c->pidfd, .events = POLLIN}, {.fd = c->out, .events = POLLIN},
		    {.fd = c->err, .events = POLLIN}};

		(void)poll(p, 3, SLICE_MS);
		drain(c->out, o->out, &c->out_bytes, false);
		drain(c->err, o->err, &c->err_bytes, true);
		if (p[0].revents & POLLIN)
			return 0;
		if (stop_wanted())
			return -EINTR;
		if (now_ms() >= until)
			return -ETIMEDOUT;
		if ((p[1].revents | p[2].revents) & POLLHUP) /* closed, but it lives: do not spin */
			(void)poll(p, 1, SLICE_MS);
	}
}

/* The last line that says something, in place. */
static const char *last_line(char *text)
{
	size_t n = strlen(text);
	char *line;

	while (n && strchr(" \t\r\n", text[n - 1]))
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static int explain(const char *program, int code, unsigned timeout_ms, const struct ctl_output *o, struct errbuf *e)
{
	char err[CTL_OUTPUT_BYTES];
	const char *line;

	if (code == -ETIMEDOUT)
		return err_set(e, code, "%s: not done after %u s", program, timeout_ms / 1000);
	if (code == -EINTR)
		return err_set(e, code, "interrupted");
	if (code)
		return err_set(e, code, "%s: %s", program, strerror(-code));
	if (o->status == 0)
		return 0;
	memcpy(err, o->err, sizeof(err));
	line = last_line(err);
	/* Ours begin with their name, others do not. */
	if (*line && strncmp(line, program, strlen(program)) == 0 && line[strlen(program)] == ':')
		return err_set(e, -EIO, "%s", line);
	if (*line)
		return err_set(e, -EIO, "%s: %s", program, line);
	return err_set(e, -EIO, "%s: exit status %d", program, o->status);
}

int ctl_run(const char *const argv[], unsigned timeout_ms, struct ctl_output *output, struct errbuf *e)
{
	const char *slash = strrchr(argv[0], '/'), *program = slash ? slash + 1 : argv[0];
	struct ctl_output own = {0}, *o = output ? output : &own;
	struct child c = {.pidfd = -1, .out = -1, .err = -1};
	int code = 0, status = 0;

	memset(o, 0, sizeof(*o));
	if (stop_wanted())
		return err_set(e, -EINTR, "interrupted");
	code = start(argv, &c);
	if (!code)
		code = wait_for(&c, timeout_ms, o);
	if (code && c.pid > 0) {
		(void)kill(-c.pid, SIGKILL);
		(void)kill(c.pid, SIGKILL);
	}
	if (c.pid > 0)
		while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
			continue;
	if (c.pidfd >= 0)
		close(c.pidfd);
	if (c.out >= 0)
		close(c.out);
	if (c.err >= 0)
		close(c.err);
	o->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return explain(program, code, timeout_ms, o, e);
}
