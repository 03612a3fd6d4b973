/* holdfast-verify: what `holdfastctl verify` runs. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <mysql.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/cli.h"
#include "heartbeat/conf.h"
#include "replication/hotcopy.h"
#include "replication/verifyreport.h"

#define EXIT_FOUND 1
#define EXIT_CANNOT 2 /* used wrongly, too */
#define EXIT_ELSEWHERE 3
#define CALLED_AS "holdfastctl: verify: "
#define DATABASE_USER "holdfast-verify"
#define STATEMENT_LIMIT_S 600
#define SHARE_PERCENT 50
#define TRIES 2
#define DATABASE_BACK_MS 60000 /* one that was restarted is back by then */
#define WAIT_SLICE_MS 200
#define MEMORY_MIB_MAX 1048576
#define SNAPSHOT_S_MAX 86400

struct arguments {
	const char *conf_path, *role_path, *database_socket, *database_user, *result_path;
	unsigned long share_percent, memory_mib, snapshot_s;
	bool json, on_active;
};

/* What the walk tells its userdata. */
struct run {
	struct verifyreport report; /* the first: findings are for it */
	const struct arguments *arguments;
	bool shows_progress, became_active;
};

static atomic_bool stopped;

static void on_stop(int number)
{
	(void)number;
	atomic_store(&stopped, true);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* -EREMOTE: on the active one it is not for us. Where nobody says who is active, it could be this one. */
static int check_role(const struct arguments *a, struct role_view *v, struct errbuf *e)
{
	int code = hotcopy_read_role(a->role_path, v, e);

	if (!code)
		code = hotcopy_check_age(v, e);
	if (a->on_active)
		return 0;
	if (!code && v->active == v->self)
		code = err_set(e, -EREMOTE,
		    "this node is the active one, which this would slow down: the standby does it, or add --on-active");
	return code;
}

static void on_progress(void *userdata, const struct ledgerwalk_progress *p)
{
	struct run *r = userdata;
	struct errbuf ignored;
	struct role_view v;

	if (check_role(r->arguments, &v, &ignored) == -EREMOTE) {
		r->became_active = true;
		atomic_store(&stopped, true);
	}
	if (!r->shows_progress)
		return;
	(void)fprintf(stderr, "\r%3u %% of %" PRIu64 " operations",
	    p->rows ? (unsigned)(p->done * 100 / p->rows) : 100u, p->rows / p->passes);
	if (p->passes > 1)
		(void)fprintf(stderr, ", pass %u of %u", p->pass + 1, p->passes);
}

/* The database goes by who knocks. Where there is no such user of the system it decides by itself. */
static int open_as(struct database *db, const char *user, struct errbuf *e)
{
	const struct passwd *pw = getpwnam(user);
	int code;

	database_set_user(db, user);
	if (pw && (setegid(pw->pw_gid) || seteuid(pw->pw_uid)))
		return err_set(e, -errno, "cannot be user %s for a moment: %s", user, strerror(errno));
	code = database_open(db, e);
	if (pw && (seteuid(0) || setegid(0)))
		return err_set(e, -errno, "cannot be root again: %s", strerror(errno));
	return code;
}

static int look_once(struct run *r, struct errbuf *e)
{
	const struct arguments *a = r->arguments;
	const struct ledgerwalk w = {.memory_bytes = (size_t)a->memory_mib << 20,
	    .share_percent = (unsigned)a->share_percent,
	    .snapshot_s = (unsigned)a->snapshot_s,
	    .cancel = &stopped,
	    .found = verifyreport_take,
	    .progress = on_progress,
	    .userdata = r};
	struct database *db = database_new(a->database_socket);
	int code = db ? 0 : err_set(e, -ENOMEM, "out of memory");

	if (!code) {
		database_set_limit(db, STATEMENT_LIMIT_S);
		code = open_as(db, a->database_user, e);
	}
	if (!code) /* etc/schema/006-verify.sql */
		code = database_run(db, e, "CALL holdfast.verify_begins()");
	if (!code)
		code = ledgerwalk_run(db, &w, &r->report.result, e);
	database_free(db);
	if (r->shows_progress)
		(void)fputs("\r\033[K", stderr);
	return code;
}

/* Until somebody answers at its socket, but not for ever. */
static void wait_for_database(const struct run *r)
{
	uint64_t began_ms = now_ms();
	struct errbuf ignored;
	int code = -1;

	while (code && !atomic_load(&stopped) && now_ms() - began_ms < DATABASE_BACK_MS) {
		struct database *db = database_new(r->arguments->database_socket);

		code = db ? open_as(db, r->arguments->database_user, &ignored) : -ENOMEM;
		database_free(db);
		if (code)
			(void)poll(NULL, 0, WAIT_SLICE_MS);
	}
}

/* Did the database go away in the middle of it, or a table become another one? Neither says anything of the ledger. */
static bool is_transient(int code)
{
	return code == -EAGAIN || code == -EPIPE;
}

static int look(struct run *r, struct errbuf *e)
{
	uint64_t began_ms = now_ms();
	int code = -EAGAIN;

	for (unsigned i = 0; i < TRIES && is_transient(code); i++) {
		if (i)
			wait_for_database(r);
		r->report.first_count = 0;
		code = look_once(r, e);
	}
	r->report.took_ms = now_ms() - began_ms;
	r->report.at_s = time(NULL);
	if (r->became_active)
		code = err_set(e, -EREMOTE, "this node has become the active one: the standby does it now");
	return code;
}

static int show(const struct run *r, struct errbuf *e)
{
	char *text;

	if (!r->arguments->json) {
		if (!r->report.failed || r->report.result.finding_count)
			verifyreport_print(stdout, &r->report);
	} else {
		text = verifyreport_json(&r->report, true);
		if (!text)
			return err_set(e, -ENOMEM, "out of memory");
		(void)puts(text);
		free(text);
	}
	return fflush(stdout) ? err_set(e, -errno, "standard output: %s", strerror(errno)) : 0;
}

/* One at a time: the lock lies beside the result, and is given up when this process ends. */
static int lock(const char *result_path, struct errbuf *e)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s.lock", result_path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, -errno, "%.200s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	(void)close(fd);
	return err_set(e, -EREMOTE, "another one is at work here");
}

/* The exit status. */
static int verify(struct run *r, struct errbuf *e)
{
	const struct arguments *a = r->arguments;
	struct role_view v = {.active = ROLEPAGE_NO_NODE};
	struct errbuf why = {""}, other = {""};
	struct conf conf;
	int code;

	if (conf_load(a->conf_path, &conf, stderr)) {
		(void)err_set(e, -EINVAL, "the configuration cannot be used");
		return EXIT_CANNOT;
	}
	if (conf.kind != CONF_KIND_GATEWAY) {
		(void)err_set(e, -EPERM, "this is a %s, which has no ledger to look at: the standby does it",
		    conf.kind == CONF_KIND_REPLICA ? "replica" : "witness");
		return EXIT_CANNOT;
	}
	code = check_role(a, &v, e);
	if (!code)
		code = lock(a->result_path, e);
	if (code)
		return code == -EREMOTE ? EXIT_ELSEWHERE : EXIT_CANNOT;
	r->report.node = conf.name;
	r->report.role = v.active == ROLEPAGE_NO_NODE ? "unknown" : v.active == v.self ? "active" : "standby";
	code = look(r, &why);
	/* What was found is true however it ended. Else what came out last stays: this says nothing of the ledger. */
	if ((code == -EREMOTE || code == -ECANCELED) && !r->report.result.finding_count) {
		*e = why;
		return EXIT_ELSEWHERE;
	}
	r->report.failed = code ? why.text : NULL;
	if (verifyreport_store(a->result_path, &r->report, &other) || show(r, &other))
		(void)fprintf(stderr, CALLED_AS "%s\n", other.text);
	if (code)
		*e = why;
	return r->report.result.finding_count ? EXIT_FOUND : code || other.text[0] ? EXIT_CANNOT : 0;
}

static int start(struct errbuf *e)
{
	const struct sigaction stop = {.sa_handler = on_stop};

	if (geteuid() != 0)
		return err_set(e, -EPERM, "this must be run as root");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGHUP, &stop, NULL);
	return mysql_library_init(0, NULL, NULL) ? err_set(e, -EIO, "the libraries do not start") : 0;
}

int main(int argc, char **argv)
{
	static struct run r; /* large */
	struct arguments a = {.conf_path = CONF_PATH,
	    .role_path = ROLEPAGE_PATH,
	    .database_socket = DATABASE_SOCKET,
	    .database_user = DATABASE_USER,
	    .result_path = CONF_VERIFY_PATH,
	    .share_percent = SHARE_PERCENT,
	    .snapshot_s = LEDGERWALK_SNAPSHOT_S,
	    .memory_mib = LEDGERWALK_MEMORY_BYTES >> 20};
	static const char *const usage[] = {"[OPTION...]", NULL};
	const struct cli_option options[] = {
	    {"json", 0, NULL, "JSON, in one line", .flag = &a.json},
	    {"on-active", 0, NULL, "also on the active gateway", .flag = &a.on_active},
	    {"share", 0, "PERCENT", "of the time it reads, else it rests", .number = &a.share_percent, .most = 100},
	    {"memory", 0, "MIB", "for accounts, payments and withdrawals; with less it reads more often",
		.number = &a.memory_mib, .most = MEMORY_MIB_MAX},
	    {"snapshot", 0, "SECONDS", "at most, for which the database keeps what is changed while that is read",
		.number = &a.snapshot_s, .most = SNAPSHOT_S_MAX},
	    {"config", 'f', "FILE", "configuration", .text = &a.conf_path},
	    {"role", 0, "PATH", "role page", .text = &a.role_path},
	    {"database-socket", 0, "S", "of the mariadbd to look into", .text = &a.database_socket},
	    {"database-user", 0, "USER", "whose name it has there", .text = &a.database_user},
	    {"result", 0, "FILE", "where to leave what came out", .text = &a.result_path},
	};
	const struct cli cli = {argv[0], usage, options, sizeof(options) / sizeof(options[0]), 0};
	struct errbuf e = {""};
	int code = cli_read(&cli, argc, argv);

	if (code >= 0)
		return code;
	r.arguments = &a;
	r.shows_progress = !a.json && isatty(STDERR_FILENO);
	code = start(&e) ? EXIT_CANNOT : verify(&r, &e);
	if (e.text[0])
		(void)fprintf(stderr, CALLED_AS "%s\n", e.text);
	return code;
}
