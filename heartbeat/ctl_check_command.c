/* check: is the configuration good, and what would follow from it? Changes nothing. */
#include "heartbeat/ctl_commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_reconfigure.h"

/* What another file would change against the one that is in place. */
static void print_changes(const char *path, const struct conf *conf)
{
	struct conf present;

	if (strcmp(path, CONF_PATH) == 0 || !ctl_conf_take(&present))
		return;
	(void)printf("against " CONF_PATH ", and what each wants:\n");
	if (!conf_print_changes(stdout, &present, conf))
		(void)printf("  nothing\n");
}

/* The files of HAProxy, keepalived and MariaDB, each shown to its own program before anything is replaced. 0, or 1 and why has been said. */
static int try_files(const struct conf *conf)
{
	struct settings_member member[CTL_MEMBERS_MAX];
	const char *different[SETTINGS_FILES_MAX];
	unsigned members = 0, count = 0;
	struct errbuf e = {""};
	int code, turn;

	if (conf->kind == CONF_KIND_WITNESS)
		return 0;
	if (geteuid() != 0) {
		(void)printf("what follows from it was not tried: run this as root\n");
		return 0;
	}
	code = ctl_reconfigure_members(conf, member, &members, &e);
	turn = code ? code : ctl_reconfigure_turn(&e);
	if (turn < 0) {
		(void)printf("what follows from it was not tried: %s\n", e.text);
		return 0;
	}
	code = settings_try(conf, member, members, different, &count, &e);
	(void)close(turn);
	if (code)
		return ctl_command_refuse("check", e.text);
	for (unsigned i = 0; i < count; i++)
		(void)printf("%s would be written anew: holdfastctl reconfigure\n", different[i]);
	return 0;
}

int ctl_check(const struct ctl_options *o)
{
	const char *path = o->file ? o->file : CONF_PATH;
	struct conf conf;
	unsigned errors = conf_load(path, &conf, stderr);

	if (errors) {
		(void)fprintf(stderr, "holdfastctl: check: %u mistake%s in %s\n", errors, errors > 1 ? "s" : "", path);
		return 1;
	}
	(void)printf("%s is good: %s, a %s of %s\n", path, conf.name, conf_kind_words[conf.kind], conf.cluster);
	print_changes(path, &conf);
	if (try_files(&conf))
		return 1;
	return fflush(stdout) ? ctl_command_refuse("check", "standard output") : 0;
}
