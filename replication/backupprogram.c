/* holdfast-backup: what `holdfastctl backup` runs. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <mysql.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/cli.h"
#include "heartbeat/conf.h"
#include "heartbeat/durable.h"
#include "heartbeat/rolepage.h"
#include "replication/backup.h"
#include "replication/restoredata.h"

#define EXIT_USAGE 2
#define EXIT_ELSEWHERE 3
#define CALLED_AS "holdfastctl: backup: "

struct arguments {
	const char *conf_path, *role_path, *key_path, *database_conf, *database_socket, *logs, *until, *result_path;
	bool from_active;
	unsigned given; /* TAKES_... */
};

/* Options that are for some commands only. */
enum { TAKES_FROM_ACTIVE = 1, TAKES_LOGS = 2 };

static atomic_bool stopped;

static void on_stop(int number)
{
	(void)number;
	atomic_store(&stopped, true);
}

static void print_manifest(const char *dir, const struct manifest *m, const char *what)
{
	(void)printf("%s: %s\n"
		     "  taken on %s (%s) of cluster %s, from %s to %s\n"
		     "  GTID %s, epoch %" PRIu64 ", %" PRIu64 " operations, %" PRIu64 " accounts, %" PRIu64 " MiB\n",
	    dir, what, m->node, m->role, m->cluster, m->begun, m->ended, m->gtid[0] ? m->gtid : "none", m->ledger_epoch,
	    m->operations, m->accounts, (m->stream_bytes + (1u << 20) - 1) >> 20);
	if (m->findings[0])
		(void)printf("  warning: not all is right in it (holdfastctl verify): %s\n", m->findings);
}

static int load_conf(const struct arguments *a, struct conf *ret, struct errbuf *e)
{
	if (conf_load(a->conf_path, ret, stderr))
		return err_set(e, -EINVAL, "the configuration cannot be used");
	if (ret->kind != CONF_KIND_GATEWAY)
		return err_set(e, -EPERM, "this is a %s: take it on the standby",
		    ret->kind == CONF_KIND_REPLICA ? "replica" : "witness");
	return 0;
}

static struct backup_source source(const struct arguments *a, const struct conf *conf)
{
	return (struct backup_source){.conf = conf,
	    .database = {a->database_conf, a->database_socket},
	    .role_path = a->role_path,
	    .key_path = a->key_path,
	    .from_active = a->from_active};
}

/* For who watches. The backup is good without it. */
static void leave_word(const char *path, const char *dir, const struct manifest *m)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:I}", "at_unix", (json_int_t)time(NULL), "dir", dir, "gtid", m->gtid,
	    "operations", (json_int_t)m->operations);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	struct errbuf e = {""};

	if (!text)
		(void)err_set(&e, -ENOMEM, "%s: no memory, or a name that is no text", path);
	else if (!durable_write(path, text, &e) && chmod(path, 0644))
		(void)err_set(&e, -errno, "%s: %s", path, strerror(errno));
	if (e.text[0])
		(void)fprintf(stderr, CALLED_AS "%s\n", e.text);
	free(text);
	json_decref(o);
}

static int run_make(const struct arguments *a, const char *dir, struct errbuf *e)
{
	struct conf conf;
	struct manifest m;
	int code = load_conf(a, &conf, e);
	const struct backup_source from = source(a, code ? NULL : &conf);

	if (!code)
		code = backup_make(&from, dir, &stopped, &m, e);
	if (!code)
		leave_word(a->result_path, dir, &m);
	if (!code)
		print_manifest(dir, &m, "made, restored for trial, and the ledger in it adds up");
	return code;
}

static int run_verify(const struct arguments *a, const char *dir, struct errbuf *e)
{
	struct manifest m;
	int code = backup_verify(dir, &stopped, &m, e);

	(void)a;
	if (!code)
		print_manifest(dir, &m, "whole; restored for trial, and the ledger in it adds up");
	return code;
}

static int run_show(const struct arguments *a, const char *dir, struct errbuf *e)
{
	const struct restoredata_from from = {.backup = dir, .logs = a->logs, .until = a->until};
	struct manifest m;
	int code = restoredata_look(&from, &m, e);

	if (!code)
		print_manifest(dir, &m, "as its manifest says; see backup verify");
	return code;
}

static int run_logs(const struct arguments *a, const char *dir, struct errbuf *e)
{
	struct logarchive_added added;
	struct conf conf;
	int code = load_conf(a, &conf, e);
	const struct backup_source from = source(a, code ? NULL : &conf);

	if (!code)
		code = backup_add_logs(&from, dir, &added, e);
	if (code)
		return code;
	if (added.last_seq)
		(void)printf(
		    "%s: added the transactions %" PRIu64 " to %" PRIu64 "\n", dir, added.first_seq, added.last_seq);
	else
		(void)printf("%s: nothing was written since\n", dir);
	if (added.missing_from)
		return err_set(e, -ENODATA,
		    "%.100s: transactions from %" PRIu64
		    " on are missing, no log here has them any more: make a new backup now",
		    dir, added.missing_from);
	return 0;
}

static const struct command {
	const char *word, *synopsis, *help;
	unsigned takes;
	int (*run)(const struct arguments *a, const char *dir, struct errbuf *e);
} commands[] = {
    {"make", "[--from-active] DIR", "make a backup in DIR, which is not there or empty, and try it", TAKES_FROM_ACTIVE,
	run_make},
    {"logs", "[--from-active] DIR", "add what was written since to the archive in DIR", TAKES_FROM_ACTIVE, run_logs},
    {"verify", "DIR", "restore the backup in DIR for trial", 0, run_verify},
    {"show", "[--logs ARCHIVE [--until WHEN]] DIR", "say what the backup in DIR is, and whether it looks whole",
	TAKES_LOGS, run_show},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int read_options(int argc, char **argv, struct arguments *a)
{
	const struct cli_option options[] = {
	    {"from-active", 0, NULL, "also on the active gateway", .flag = &a->from_active},
	    {"logs", 0, "ARCHIVE", "what was archived since", .text = &a->logs},
	    {"until", 0, "WHEN", "up to a GTID, or a time in UTC", .text = &a->until},
	    {"config", 'f', "FILE", "configuration", .text = &a->conf_path},
	    {"role", 0, "PATH", "role page", .text = &a->role_path},
	    {"key", 0, "FILE", "cluster key", .text = &a->key_path},
	    {"result", 0, "FILE", "where to leave when one was made", .text = &a->result_path},
	    {"database-conf", 0, "FILE", "of the mariadbd to copy", .text = &a->database_conf},
	    {"database-socket", 0, "S", "of the mariadbd to copy", .text = &a->database_socket},
	};
	char form[COMMANDS][160];
	const char *usage[COMMANDS + 1] = {NULL};
	const struct cli cli = {argv[0], usage, options, sizeof(options) / sizeof(options[0]), 2};
	int code;

	for (size_t i = 0; i < COMMANDS; i++) {
		(void)snprintf(form[i], sizeof(form[i]), "[OPTION...] %s %s\n          %s", commands[i].word,
		    commands[i].synopsis, commands[i].help);
		usage[i] = form[i];
	}
	code = cli_read(&cli, argc, argv);
	a->given = (a->from_active ? TAKES_FROM_ACTIVE : 0) | (a->logs || a->until ? TAKES_LOGS : 0);
	return code;
}

static int start(struct errbuf *e)
{
	const struct sigaction stop = {.sa_handler = on_stop};

	if (geteuid() != 0)
		return err_set(e, -EPERM, "this must be run as root");
	(void)signal(SIGPIPE, SIG_IGN);
	/* A ledger that fills the disk is an error like any other. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGHUP, &stop, NULL);
	if (sodium_init() < 0 || mysql_library_init(0, NULL, NULL))
		return err_set(e, -EIO, "the libraries do not start");
	return 0;
}

static void say(const char *called, const char *text)
{
	(void)fprintf(stderr, "%s%s\n", called[0] == '/' ? "" : CALLED_AS, text);
}

/* The command that the words mean; NULL, and why has been said. */
static const struct command *find(const char *called, char **word, const struct arguments *a)
{
	const struct command *c = NULL;
	struct errbuf e = {""};

	for (size_t i = 0; i < COMMANDS && word[0]; i++)
		if (strcmp(word[0], commands[i].word) == 0)
			c = &commands[i];
	if (!word[0])
		(void)err_set(&e, -EINVAL, "want make, logs, verify or show");
	else if (!c)
		(void)err_set(&e, -EINVAL, "'%.40s' is none of make, logs, verify, show", word[0]);
	else if (!word[1])
		(void)err_set(&e, -EINVAL, "%s: DIR is missing: %s %s", c->word, c->word, c->synopsis);
	else if (word[1][0] != '/')
		(void)err_set(&e, -EINVAL, "%s: DIR is '%.100s', want an absolute path", c->word, word[1]);
	else if (a->given & ~c->takes)
		(void)err_set(&e, -EINVAL, "%s: %s is not for this command: %s %s", c->word,
		    a->given & ~c->takes & TAKES_FROM_ACTIVE ? "--from-active"
		    : a->logs				     ? "--logs"
							     : "--until",
		    c->word, c->synopsis);
	if (!e.text[0])
		return c;
	say(called, e.text);
	return NULL;
}

/* As a shell completes the name of a directory. */
static void drop_last_slash(char *path)
{
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
}

int main(int argc, char **argv)
{
	struct arguments a = {.conf_path = CONF_PATH,
	    .role_path = ROLEPAGE_PATH,
	    .key_path = CONF_KEY_PATH,
	    .result_path = CONF_BACKUP_PATH,
	    .database_conf = HOTCOPY_DATABASE_CONF,
	    .database_socket = DATABASE_SOCKET};
	struct errbuf e = {""};
	const struct command *c;
	int code = read_options(argc, argv, &a);

	if (code >= 0)
		return code;
	c = find(argv[0], argv + optind, &a);
	if (!c)
		return EXIT_USAGE;
	drop_last_slash(argv[optind + 1]);
	code = start(&e);
	if (!code)
		code = c->run(&a, argv[optind + 1], &e);
	if (code)
		say(argv[0], e.text);
	if (code == -EREMOTE)
		return EXIT_ELSEWHERE;
	return code || fflush(stdout) ? 1 : 0;
}
