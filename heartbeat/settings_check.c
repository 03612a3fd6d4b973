#include "heartbeat/settings_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/ctl_run.h"
#include "heartbeat/durable.h"

#define CHECK_TIMEOUT_MS 20000
#define CHILD_FD_MIN 3 /* those below are the child's own */

/* Whose file it is says itself whether it would take it, before it gets it. What it is called with, PATH being the new file. */
static const struct checker {
	const char *target;
	const char *before[4], *prefix, *after[2];
} checkers[] = {
    {"/etc/holdfast/haproxy.cfg", {"haproxy", "-c", "-f"}, "", {NULL}},
    {"/etc/holdfast/keepalived.conf", {"keepalived", "-t", "-f"}, "", {NULL}},
    {"/etc/holdfast/mariadb.cnf", {"mariadbd"}, "--defaults-file=", {"--help", "--verbose"}},
};
#define CHECKERS (sizeof(checkers) / sizeof(checkers[0]))

static const struct checker *find(const char *target)
{
	for (size_t i = 0; i < CHECKERS; i++)
		if (strcmp(checkers[i].target, target) == 0)
			return &checkers[i];
	return NULL;
}

bool settings_check_has(const char *target)
{
	return find(target);
}

/* Of what a program wrote on standard error, the first line that names a fault; the last lines of all three say only that there was one. */
static const char *first_fault(char *text)
{
	static const char *const marks[] = {"[ALERT]", "[ERROR]", "(Line ", ": Line "};

	for (char *line, *rest = text; (line = strsep(&rest, "\n"));)
		for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
			if (strstr(line, marks[i]))
				return line;
	return NULL;
}

/* 0, or -EINVAL and in fault what the program says against that file; -errno with fault filled when it could not be asked. */
static int ask(const struct checker *c, const char *path, struct errbuf *fault)
{
	char named[PATH_MAX];
	const char *argv[8] = {NULL}, *line;
	struct ctl_output output = {0};
	size_t n = 0;
	int code;

	if ((size_t)snprintf(named, sizeof(named), "%s%s", c->prefix, path) >= sizeof(named))
		return err_set(fault, -ENAMETOOLONG, "%s: path too long", path);

	for (size_t i = 0; i < sizeof(c->before) / sizeof(c->before[0]) && c->before[i]; i++)
		argv[n++] = c->before[i];
	argv[n++] = named;
	for (size_t i = 0; i < sizeof(c->after) / sizeof(c->after[0]) && c->after[i]; i++)
		argv[n++] = c->after[i];
	code = ctl_run(argv, CHECK_TIMEOUT_MS, &output, fault);
	if (code != -EIO)
		return code;
	line = first_fault(output.err);
	return err_set(fault, -EINVAL, "%.250s", line ? line : "it does not say why");
}

int settings_check_file(const char *target, const char *path, struct errbuf *e)
{
	const struct checker *c = find(target);
	struct errbuf fault = {""};
	int code = c ? ask(c, path, &fault) : 0;

	if (code == -EINVAL)
		return err_set(e, code, "%s refuses what would be written to %s, so the old one stays: %.250s",
		    c->before[0], target, fault.text);
	return code ? err_set(e, code, "%s", fault.text) : 0;
}

/* For a child to inherit, under a number that its standard streams do not take. */
static int make_nameless(const char *text)
{
	int low = memfd_create("holdfast-check", MFD_CLOEXEC), fd = low < 0 ? -1 : fcntl(low, F_DUPFD, CHILD_FD_MIN);
	int code = fd < 0 ? -errno : durable_write_all(fd, text, strlen(text));

	/* mariadbd looks away from what others may write. */
	if (!code && fchmod(fd, 0600))
		code = -errno;
	if (low >= 0)
		(void)close(low);
	if (code && fd >= 0)
		(void)close(fd);
	return code ? code : fd;
}

int settings_check_text(const struct settings_place *place, const char *target, const char *text, struct errbuf *e)
{
	char path[32];
	int fd, code;

	if (!place->check)
		return 0;
	fd = make_nameless(text);
	if (fd < 0)
		return err_set(e, fd, "%s: cannot be tried: %s", target, strerror(-fd));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	code = place->check(target, path, e);
	(void)close(fd);
	return code;
}

unsigned settings_refusals(uint32_t kind, struct settings_refusal ret[static SETTINGS_PROGRAMS])
{
	unsigned count = 0;

	_Static_assert(CHECKERS <= SETTINGS_PROGRAMS, "each has room");
	for (size_t i = 0; i < CHECKERS; i++) {
		ret[count] = (struct settings_refusal){.program = checkers[i].before[0], .path = checkers[i].target};
		if (settings_has(kind, checkers[i].target) && ask(&checkers[i], checkers[i].target, &ret[count].why))
			count++;
	}
	return count;
}
