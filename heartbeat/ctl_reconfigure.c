/* reconfigure: HAProxy and keepalived learn who the members are now. Run by holdfast-reconfigure.service. */
#include "heartbeat/ctl_reconfigure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/hostfiles.h"

#define RELOAD_TIMEOUT_MS 60000

/* What was rendered but not yet taken over: a reload that failed is tried again by the next run. */
#define PENDING_DIR "/run/holdfast-root"
#define LOCK_PATH PENDING_DIR "/reconfigure.lock"

static const struct {
	unsigned bit;
	const char *pending;
	const char *argv[4];
} reactions[] = {
    {SETTINGS_UNITS, PENDING_DIR "/pending-units", {"systemctl", "daemon-reload", NULL}},
    {SETTINGS_HAPROXY, PENDING_DIR "/pending-haproxy", {"systemctl", "reload-or-restart", "haproxy.service", NULL}},
    {SETTINGS_KEEPALIVED, PENDING_DIR "/pending-keepalived",
	{"systemctl", "reload-or-restart", "keepalived.service", NULL}},
};
#define REACTIONS (sizeof(reactions) / sizeof(reactions[0]))

/* Before the first file is replaced: were we killed between that and the reload, the next run would find nothing changed. Returns the bits
 * that were pending before. */
static unsigned expect_all(void)
{
	static const struct ctl_owner owner = {NULL, NULL, 0644};
	unsigned before = 0;

	for (size_t i = 0; i < REACTIONS; i++)
		if (access(reactions[i].pending, F_OK) == 0)
			before |= reactions[i].bit;
		else
			(void)ctl_file_write(reactions[i].pending, "", &owner, NULL);
	return before;
}

/* Of those whose bit is there; for the others there is nothing to be done. */
static int react(unsigned wanted, struct errbuf *e)
{
	int first = 0;

	for (size_t i = 0; i < REACTIONS; i++) {
		int code;

		if (!(wanted & reactions[i].bit)) {
			(void)unlink(reactions[i].pending);
			continue;
		}
		code = ctl_run(reactions[i].argv, RELOAD_TIMEOUT_MS, NULL, first ? NULL : e);
		if (code)
			first = first ? first : code;
		else
			(void)unlink(reactions[i].pending);
	}
	return first;
}

int ctl_reconfigure_members(
    const struct conf *conf, struct settings_member member[static CTL_MEMBERS_MAX], unsigned *members, struct errbuf *e)
{
	int code = conf->kind == CONF_KIND_WORKER ? hostfiles_gateways(member, members, e)
						  : ctl_members_ask(member, members, e);

	return !code && !*members ? err_set(e, -EAGAIN, "the members are not known yet") : code;
}

/* Files of which one was refused do not keep back the others that were written. */
static int render_all(const struct conf *conf, unsigned *changed, struct errbuf *e)
{
	struct settings_member member[CTL_MEMBERS_MAX];
	unsigned members = 0, before;
	int code = ctl_reconfigure_members(conf, member, &members, e), reacted;

	if (code)
		return code;
	before = expect_all();
	code = settings_write(conf, member, members, changed, e);
	reacted = react(before | *changed, code ? NULL : e);
	return code ? code : reacted;
}

int ctl_reconfigure_turn(struct errbuf *e)
{
	int fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	return err_set(e, -errno, LOCK_PATH ": %s", strerror(errno));
}

int ctl_reconfigure(const struct ctl_options *o)
{
	struct errbuf e = {""};
	unsigned changed = 0;
	struct conf conf;
	int code, turn;

	(void)o;
	if (geteuid() != 0) {
		(void)fprintf(stderr, "holdfastctl: reconfigure: this must be run as root\n");
		return 1;
	}
	if (conf_load(CONF_PATH, &conf, stderr))
		return 1;
	if (conf.kind == CONF_KIND_WITNESS)
		return 0;
	turn = ctl_reconfigure_turn(&e);
	code = turn < 0 ? turn : render_all(&conf, &changed, &e);
	if (turn >= 0)
		(void)close(turn);
	if (code) {
		(void)fprintf(stderr, "holdfastctl: reconfigure: %s\n", e.text);
		return 1;
	}
	if (changed & SETTINGS_MARIADB)
		(void)printf("mariadb.cnf has changed: it holds from the next start of the database\n");
	return 0;
}
