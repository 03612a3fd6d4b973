/* holdfastctl: sets up a member and shows the cluster. */
#include "config.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_completion.h"
#include "heartbeat/ctl_options.h"

static int help(const struct ctl_options *o);
static int version(const struct ctl_options *o);

/* clang-format off */
#define HOSTS true
#define MEMBERS false
static const struct ctl_command commands[] = {
	{ "init", "[--adopt DIR [--accept-findings]] --name NAME --address IP --vip IP/LENGTH --interface IF [--second-address IP] [--cluster NAME] [--yes]",
	  "make the first gateway of a new cluster on this machine; with the data of the MariaDB in DIR",
	  CTL_ADOPT | CTL_ACCEPT_FINDINGS | CTL_NAME | CTL_ADDRESS | CTL_SECOND | CTL_VIP | CTL_INTERFACE | CTL_CLUSTER | CTL_YES,
	  CTL_NAME | CTL_ADDRESS | CTL_VIP | CTL_INTERFACE, ctl_init, HOSTS },
	{ "join", "TOKEN --name NAME --address IP (--interface IF | --witness | --worker | --replica --interface IF --vip IP/LENGTH) [--second-address IP] [--yes]",
	  "make this machine a member of the cluster that the token names (-: read from standard input), or a replica or a worker host of it",
	  CTL_TOKEN | CTL_NAME | CTL_ADDRESS | CTL_SECOND | CTL_INTERFACE | CTL_WITNESS | CTL_REPLICA | CTL_WORKER | CTL_VIP | CTL_YES,
	  CTL_TOKEN | CTL_NAME | CTL_ADDRESS, ctl_join, HOSTS },
	{ "token", "", "print the token and the commands for further members", 0, 0, ctl_token, MEMBERS },
	{ "status", "[--json]", "show who is active and how each node is; exit 0 serving at its address, 1 not, 2 no answer",
	  CTL_JSON, 0, ctl_status, HOSTS },
	{ "watch", "", "show the status again each second, until interrupted", 0, 0, ctl_watch, MEMBERS },
	{ "history", "[--json]", "the last moves of the role: when, from whom to whom, why, and where the time went",
	  CTL_JSON, 0, ctl_history, MEMBERS },
	{ "events", "[--since WHEN] [--follow] [--json]",
	  "what happened on this machine, one event a line: the last 100, or those since WHEN (10m, 2h, 3d, or a time in UTC); --follow: and what comes",
	  CTL_SINCE | CTL_FOLLOW | CTL_JSON, 0, ctl_events, HOSTS },
	{ "explain", "[--json]", "in words: why the cluster is as it is, what it waits for, what happens if a member dies now",
	  CTL_JSON, 0, ctl_explain, MEMBERS },
	{ "doctor", "[--json]",
	  "look for the usual mistakes of this machine and its network, and say how to mend each; exit 0 nothing is wrong, 1 something is, 2 could not look",
	  CTL_JSON, 0, ctl_doctor, HOSTS },
	{ "check", "[FILE]",
	  "is the configuration good, or FILE, and what follows from it? Every mistake with its line; changes nothing; exit 0 it is, 1 not",
	  CTL_FILE, 0, ctl_check, HOSTS },
	{ "metrics", "[--http]", "what Prometheus is told of this machine; --http: as the answer to a request on the standard input",
	  CTL_HTTP, 0, ctl_metrics, HOSTS },
	{ "page-password", "", "set the password of this machine's status page, from the terminal or the standard input, and start it", 0, 0, ctl_page_password, MEMBERS },
	{ "fsm", "[--format text|dot|mermaid]", "the states of a node, and what leads to each; asks nobody", CTL_FORMAT, 0, ctl_fsm, HOSTS },
	{ "key rotate", "[--yes]", "replace the key of the heartbeats on all members", CTL_YES, 0, ctl_key_rotate, MEMBERS },
	{ "key status", "[--json]", "which key is in use, and how far a change of it is", CTL_JSON, 0, ctl_key_status, MEMBERS },
	{ "switchover", "[--to NAME] [--yes]", "hand the role to the other gateway, with nothing lost and nobody refused; wait until it serves",
	  CTL_TO | CTL_YES, 0, ctl_switchover, MEMBERS },
	{ "maintenance on", "NODE [--yes]", "take a member out of service before work on it, the role handed over first",
	  CTL_NODE | CTL_YES, CTL_NODE, ctl_maintenance_on, MEMBERS },
	{ "maintenance off", "NODE [--yes]", "take it back into service", CTL_NODE | CTL_YES, CTL_NODE, ctl_maintenance_off, MEMBERS },
	{ "replace", "NODE [--yes]", "a member is gone for good: let another machine take its place, and print the command for it",
	  CTL_NODE | CTL_YES, CTL_NODE, ctl_replace, MEMBERS },
	{ "force solo", "[--yes]", "once: the active one serves alone now, and waits for nobody", CTL_YES, 0, ctl_force_solo, MEMBERS },
	{ "force promote", "NODE --accept-loss [--yes]", "once, the last resort: another one takes over with what it has",
	  CTL_NODE | CTL_ACCEPT_LOSS | CTL_YES, CTL_NODE | CTL_ACCEPT_LOSS, ctl_force_promote, MEMBERS },
	{ "worker add", "NAME --address IP", "on a gateway: admit a worker host, and print its token",
	  CTL_HOST | CTL_ADDRESS, CTL_HOST | CTL_ADDRESS, ctl_worker_add, HOSTS },
	{ "worker remove", "NAME", "on a gateway: let a worker host in no longer", CTL_HOST, CTL_HOST, ctl_worker_remove, HOSTS },
	{ "worker list", "[--json]", "on a gateway: the worker hosts, and how each is", CTL_JSON, 0, ctl_worker_list, HOSTS },
	{ "worker sync", "", "lists, certificates and HAProxy brought up to date, on a gateway and on a worker host; a timer calls it",
	  0, 0, ctl_worker_sync, HOSTS },
	{ "reconfigure", "", "render haproxy.cfg and keepalived.conf for the present members, reload what changed", 0, 0,
	  ctl_reconfigure, HOSTS },
	{ "api-key", "create --name NAME --scopes 'SCOPE...' | list | renew --name NAME | revoke --name NAME",
	  "make, list, renew or revoke the keys of clients; on the active node", CTL_REST, 0, ctl_api_key, MEMBERS },
	{ "backup", "make [--from-active] DIR | verify DIR | logs [--from-active] DIR | show [--logs ARCHIVE [--until WHEN]] DIR",
	  "on the standby, make a backup of the ledger in a new directory and try it; restore one for trial; archive what was written since; say what a backup is",
	  CTL_REST, 0, ctl_backup, MEMBERS },
	{ "verify", "[--json] [--on-active] [--share PERCENT] [--memory MIB] [--snapshot SECONDS]",
	  "on the standby, sum the whole ledger up anew and say what is not right; exit 0 it adds up, 1 not, 2 could not look, 3 the standby does it",
	  CTL_REST, 0, ctl_verify, MEMBERS },
	{ "restore", "--from DIR [--logs DIR [--until WHEN]] [--accept-findings] --name NAME --address IP --vip IP/LENGTH --interface IF [--second-address IP] [--cluster NAME] [--yes]",
	  "make the first gateway of a new cluster on this machine, with the ledger of the backup in DIR",
	  CTL_FROM | CTL_LOGS | CTL_UNTIL | CTL_ACCEPT_FINDINGS | CTL_NAME | CTL_ADDRESS | CTL_SECOND | CTL_VIP | CTL_INTERFACE | CTL_CLUSTER | CTL_YES,
	  CTL_FROM | CTL_NAME | CTL_ADDRESS | CTL_VIP | CTL_INTERFACE, ctl_restore, HOSTS },
	{ "completion", "", "print the completion of these words for bash", 0, 0, ctl_completion, HOSTS },
	{ "help", "[COMMAND]", "print this, or what there is of that word", 0, 0, help, HOSTS },
	{ "--version", "", "print the version", 0, 0, version, HOSTS },
};
/* clang-format on */
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
	(void)fprintf(f, "usage: holdfastctl COMMAND ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(f, "  %s%s%s\n      %s\n", commands[i].word, commands[i].synopsis[0] ? " " : "",
		    commands[i].synopsis, commands[i].help);
}

static int help(const struct ctl_options *o)
{
	(void)o;
	usage(stdout);
	return 0;
}

int ctl_completion(const struct ctl_options *o)
{
	(void)o;
	ctl_completion_print(stdout, commands, COMMANDS);
	return 0;
}

static int version(const struct ctl_options *o)
{
	(void)o;
	(void)puts("holdfastctl " PACKAGE_VERSION);
	return 0;
}

/* Also false when that cannot be told. */
static bool is_witness(void)
{
	struct conf conf;

	return ctl_conf_take(&conf) && conf.kind == CONF_KIND_WITNESS;
}

static bool wants_help(char **word)
{
	for (; *word; word++)
		if (strcmp(*word, "--help") == 0 || strcmp(*word, "-h") == 0)
			return true;
	return false;
}

/* It becomes the helper, so that its messages and its exit status come through unchanged. The helper insists
 * on root. called: what getopt names in its messages. elsewhere: the exit status where there is nothing to look at. */
static int become(const char *command, const char *path, char *called, int elsewhere, const struct ctl_options *o)
{
	char *argv[16] = {called};
	size_t n = 1;

	if (wants_help(o->rest) && access(path, X_OK))
		return ctl_command_help(stdout, commands, COMMANDS, command) ? 0 : elsewhere;
	if (is_witness() && !wants_help(o->rest)) {
		(void)ctl_command_refuse(command, "only on a gateway");
		return elsewhere;
	}
	for (char **word = o->rest; *word; word++) {
		if (n == sizeof(argv) / sizeof(argv[0]) - 1) {
			(void)ctl_command_refuse(command, "too many words");
			return EXIT_USAGE;
		}
		argv[n++] = *word;
	}
	(void)execv(path, argv);
	(void)ctl_command_refuse(command, errno == ENOENT ? "only on a gateway" : strerror(errno));
	return elsewhere;
}

int ctl_api_key(const struct ctl_options *o)
{
	static char called[] = "holdfastctl api-key";

	return become("api-key", HOLDFAST_LIBEXECDIR "/holdfast-api-key", called, EXIT_FAILURE, o);
}

int ctl_backup(const struct ctl_options *o)
{
	static char called[] = "holdfastctl backup";

	return become("backup", HOLDFAST_LIBEXECDIR "/holdfast-backup", called, EXIT_FAILURE, o);
}

int ctl_verify(const struct ctl_options *o)
{
	static char called[] = "holdfastctl verify";

	return become("verify", HOLDFAST_LIBEXECDIR "/holdfast-verify", called, EXIT_USAGE,
	    o); /* 1: the ledger does not add up */
}

/* On a worker host there is no heartbeatd to ask, nor anything else that most commands are about. */
static bool is_for_here(const struct ctl_command *c)
{
	struct conf conf;

	return c->hosts || !ctl_conf_take(&conf) || conf.kind != CONF_KIND_WORKER;
}

/* Also under the names that people try first. */
static const struct ctl_command *find(char **argv, size_t *used, struct errbuf *e)
{
	static char *const help_words[] = {"help", NULL};
	bool asks = strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0;

	return ctl_command_find(commands, COMMANDS, asks ? (char **)help_words : argv, used, e);
}

/* No name, address or scope has any: what a message shows of the arguments is safe for a terminal. */
static bool has_controls(char **word)
{
	for (; *word; word++)
		for (const char *at = *word; *at; at++)
			if ((unsigned char)*at < ' ' || *at == 127)
				return true;
	return false;
}

int main(int argc, char **argv)
{
	const struct ctl_command *c;
	struct errbuf e = {""};
	struct ctl_options o;
	size_t used = 1;

	(void)umask(022);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (has_controls(argv + 1)) {
		(void)fprintf(stderr, "holdfastctl: an argument has a control character\n");
		return EXIT_USAGE;
	}
	if (argc > 2 && strcmp(argv[1], "help") == 0 && ctl_command_help(stdout, commands, COMMANDS, argv[2]))
		return 0;
	c = find(argv + 1, &used, &e);
	if ((!c || !(c->takes & CTL_REST)) && wants_help(argv + 2) &&
	    ctl_command_help(stdout, commands, COMMANDS, argv[1]))
		return 0;
	if (!c) {
		(void)fprintf(stderr, "holdfastctl: %s\n", e.text);
		return EXIT_USAGE;
	}
	if (sodium_init() < 0) {
		(void)fprintf(stderr, "holdfastctl: libsodium does not start\n");
		return 1;
	}
	if (ctl_options_parse(c, argv + 1 + used, &o, &e)) {
		(void)fprintf(stderr, "holdfastctl: %s: %s\n", c->word, e.text);
		return EXIT_USAGE;
	}
	if (!is_for_here(c)) {
		(void)ctl_command_refuse(
		    c->word, "this machine is a worker host, which knows nothing of the cluster: ask a gateway");
		return EXIT_NO_ANSWER;
	}
	return c->run(&o);
}
