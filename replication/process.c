#include "replication/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50
#define CHILD_NICE 10

/* What the child needs, made before fork: after it, only async-signal-safe calls are allowed (we may have
 * threads). */
struct child_plan {
	const struct process_spec *spec;
	pid_t parent;
	int null_fd, errors_fd, report_fd;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void child_signals(void)
{
	sigset_t none;

	/* Ignored signals and the mask survive exec: a child that ignores SIGPIPE would write for ever. */
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_fail(int report_fd)
{
	int code = errno;

	(void)!write(report_fd, &code, sizeof(code));
	_exit(127);
}

static void child_priority(void)
{
	(void)setpriority(PRIO_PROCESS, 0, CHILD_NICE);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

static _Noreturn void child(const struct child_plan *plan)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C.UTF-8";
	static char zone[] = "TZ=UTC";
	const struct process_spec *spec = plan->spec;
	char *const environment[] = {path, locale, spec->utc ? zone : NULL, NULL};
	int in = spec->stdin_fd < 0 ? plan->null_fd : spec->stdin_fd;
	int out = spec->stdout_fd < 0 ? plan->null_fd : spec->stdout_fd;

	if (spec->group)
		(void)setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		child_fail(plan->report_fd);
	if (getppid() != plan->parent)
		_exit(127); /* died before we could ask to be told */
	child_signals();
	if (spec->background)
		child_priority();
	/* All are above 2: see above_standard(). */
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(plan->errors_fd, 2) < 0)
		child_fail(plan->report_fd);
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)execve(spec->argv[0], (char *const *)(uintptr_t)spec->argv, environment);
	child_fail(plan->report_fd);
}

/* A copy of fd that dup2 onto 0, 1 and 2 cannot overwrite. -1 with errno. */
static int above_standard(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void close_all(int *fd, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
		fd[i] = -1;
	}
}

/* Waits for the exec: the pipe closes then, or brings the errno of what failed. */
static int exec_result(int report_fd)
{
	int code = 0;
	ssize_t n;

	do
		n = read(report_fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(code) ? -code : 0;
}

static int fork_child(const struct child_plan *plan, struct process *p)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(plan);
	p->pid = pid;
	p->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return p->pid_fd < 0 ? -errno : 0;
}

enum { FD_IN, FD_OUT, FD_NULL, FD_ERRORS_READ, FD_ERRORS, FD_REPORT_READ, FD_REPORT, FD_COUNT };

static int open_all(const struct process_spec *spec, int fd[static FD_COUNT])
{
	int pair[2];

	for (size_t i = 0; i < FD_COUNT; i++)
		fd[i] = -1;
	for (int i = FD_ERRORS_READ; i <= FD_REPORT_READ; i += 2) {
		int code = 0;

		if (pipe2(pair, O_CLOEXEC))
			return -errno;
		fd[i] = above_standard(pair[0]);
		fd[i + 1] = above_standard(pair[1]);
		if (fd[i] < 0 || fd[i + 1] < 0)
			code = -errno;
		close_all(pair, 2);
		if (code)
			return code;
	}
	pair[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (pair[0] < 0)
		return -errno;
	fd[FD_NULL] = above_standard(pair[0]);
	close_all(pair, 1);
	if (fd[FD_NULL] < 0 || (spec->stdin_fd >= 0 && (fd[FD_IN] = above_standard(spec->stdin_fd)) < 0) ||
	    (spec->stdout_fd >= 0 && (fd[FD_OUT] = above_standard(spec->stdout_fd)) < 0) ||
	    fcntl(fd[FD_ERRORS_READ], F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

int process_start(const struct process_spec *spec, struct process *p, struct errbuf *e)
{
	struct process_spec own = *spec;
	struct child_plan plan = {.spec = &own, .parent = getpid()};
	int fd[FD_COUNT], code;

	*p = (struct process){.pid_fd = -1,
	    .errors_fd = -1,
	    .group = spec->group,
	    .look = spec->look,
	    .userdata = spec->userdata,
	    .name = spec->argv[0],
	    .awaited = spec->awaited};
	code = open_all(spec, fd);
	if (!code) {
		own.stdin_fd = fd[FD_IN];
		own.stdout_fd = fd[FD_OUT];
		plan.null_fd = fd[FD_NULL];
		plan.errors_fd = fd[FD_ERRORS];
		plan.report_fd = fd[FD_REPORT];
		code = fork_child(&plan, p);
	}
	close_all(&fd[FD_REPORT], 1);
	if (!code)
		code = exec_result(fd[FD_REPORT_READ]);
	if (!code) {
		p->errors_fd = fd[FD_ERRORS_READ];
		fd[FD_ERRORS_READ] = -1;
	}
	close_all(fd, FD_COUNT);
	if (code) {
		process_kill(p);
		return err_set(e, code, "%s: %s", spec->argv[0], strerror(-code));
	}
	return 0;
}

static void keep(struct process *p, const char *text, size_t length)
{
	size_t room = sizeof(p->errors);

	if (length > room) {
		text += length - room;
		length = room;
	}
	if (p->errors_length + length > room) {
		size_t drop = p->errors_length + length - room;

		memmove(p->errors, p->errors + drop, p->errors_length - drop);
		p->errors_length -= drop;
	}
	memcpy(p->errors + p->errors_length, text, length);
	p->errors_length += length;
}

void process_read_errors(struct process *p)
{
	char text[PROCESS_ERRORS_BYTES / 2]; /* so that a word of two readings is whole in what is kept */

	while (p->errors_fd >= 0) {
		ssize_t n = read(p->errors_fd, text, sizeof(text));

		if (n > 0) {
			keep(p, text, (size_t)n);
			if (p->awaited && memmem(p->errors, p->errors_length, p->awaited, strlen(p->awaited)))
				p->came = true;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		close_all(&p->errors_fd, 1);
	}
}

/* Programs of MariaDB call the cause so, and end with "[ERROR] Aborting". */
static size_t first_error(const struct process *p)
{
	const char *found = memmem(p->errors, p->errors_length, "[ERROR]", 7);

	return found ? (size_t)(found - p->errors) : p->errors_length;
}

/* The line of the first error, or the last line that is not empty; without what could break a line of ours. */
static void telling_line(const struct process *p, char *line, size_t size)
{
	size_t end = first_error(p), start, n = 0;

	while (end < p->errors_length && p->errors[end] != '\n')
		end++;
	while (end && (p->errors[end - 1] == '\n' || p->errors[end - 1] == ' '))
		end--;
	for (start = end; start && p->errors[start - 1] != '\n';)
		start--;
	for (; start < end && n + 1 < size; start++)
		line[n++] = p->errors[start] < ' ' && p->errors[start] >= 0 ? ' ' : p->errors[start];
	line[n] = '\0';
}

static int ended(struct process *p, int status, struct errbuf *e)
{
	char line[160];

	p->pid = 0;
	process_read_errors(p);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	telling_line(p, line, sizeof(line));
	if (WIFSIGNALED(status))
		return err_set(e, -EIO, "%s: killed by signal %d: %s", p->name, WTERMSIG(status), line);
	return err_set(e, -EIO, "%s: exit status %d: %s", p->name, WEXITSTATUS(status), line);
}

int process_wait(struct process *p, uint32_t limit_ms, const atomic_bool *cancel, struct errbuf *e)
{
	uint64_t end = now_ms() + limit_ms, now, look_ms;
	int status, code = 0;

	for (;;) {
		struct pollfd fds[2] = {{.fd = p->pid_fd, .events = POLLIN}, {.fd = p->errors_fd, .events = POLLIN}};
		pid_t got = waitpid(p->pid, &status, WNOHANG);

		process_read_errors(p);
		if (p->look)
			p->look(p->userdata);
		if (got == p->pid) {
			code = ended(p, status, e);
			break;
		}
		now = now_ms();
		if (got < 0 && errno != EINTR)
			code = err_set(e, -errno, "%s: wait: %s", p->name, strerror(errno));
		else if (cancel && atomic_load(cancel))
			code = err_set(e, -ECANCELED, "%s: stopped on request", p->name);
		else if (now >= end)
			code = err_set(e, -ETIMEDOUT, "%s: did not end within %u ms", p->name, limit_ms);
		if (code)
			break;
		look_ms = cancel || p->look ? LOOK_MS : 1000;
		(void)poll(fds, 2, (int)(end - now < look_ms ? end - now : look_ms));
	}
	process_kill(p);
	return code;
}

void process_kill(struct process *p)
{
	if (p->pid > 0) {
		(void)kill(p->group ? -p->pid : p->pid, SIGKILL);
		(void)kill(p->pid, SIGKILL); /* between fork and setpgid there is no group yet */
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
		p->pid = 0;
	}
	close_all(&p->pid_fd, 1);
	close_all(&p->errors_fd, 1);
}

int process_run(const struct process_spec *spec, uint32_t limit_ms, const atomic_bool *cancel, struct errbuf *e)
{
	struct process p;
	int code = process_start(spec, &p, e);

	return code ? code : process_wait(&p, limit_ms, cancel, e);
}
