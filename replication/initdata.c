#include "config.h"

#include "replication/initdata.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/adoptdata.h"
#include "replication/copydir.h"
#include "replication/password.h"
#include "replication/process.h"
#include "replication/schemadir.h"
#include "replication/token.h"

#define INSTALL_LIMIT_MS 180000
#define BOOTSTRAP_LIMIT_MS 120000
#define INSTALL_DB "/usr/bin/mariadb-install-db"
#define MARIADBD "/usr/sbin/mariadbd"

/* mariadbd --bootstrap takes one statement up to a ";" at the end of a line. Accounts come into being after
 * FLUSH only. The ledger and the standby have few connections and can never take them all: root has to come
 * in (facts: sessions that wait for an acknowledgement outlive their clients). */
static const char accounts_sql[] =
    "SET SESSION sql_log_bin=0;\n"
    "FLUSH PRIVILEGES;\n"
    "CREATE USER IF NOT EXISTS root@localhost IDENTIFIED VIA unix_socket;\n"
    "ALTER USER root@localhost IDENTIFIED VIA unix_socket ACCOUNT UNLOCK;\n"
    "GRANT ALL PRIVILEGES ON *.* TO root@localhost WITH GRANT OPTION;\n"
    "DELETE FROM mysql.global_priv WHERE User='' OR (User<>'mariadb.sys' AND User<>'root') OR "
    "Host<>'localhost';\n"
    "DELETE FROM mysql.db;\n"
    "DELETE FROM mysql.tables_priv WHERE User<>'mariadb.sys' OR Host<>'localhost';\n"
    "DELETE FROM mysql.proxies_priv WHERE Host<>'localhost';\n"
    "FLUSH PRIVILEGES;\n"
    "DROP DATABASE IF EXISTS test;\n"
    "CREATE USER '" REPLICATION_USER "'@'%%' IDENTIFIED BY '%s' REQUIRE X509 WITH MAX_USER_CONNECTIONS 16;\n"
    "GRANT REPLICATION SLAVE ON *.* TO '" REPLICATION_USER "'@'%%';\n";

static const char database_sql[] = "CREATE DATABASE IF NOT EXISTS holdfast CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"
				   "USE holdfast;\n";

/* A replica compares histories by it (replication/lineage.h). */
static const char lineage_sql[] = "GRANT SELECT ON holdfast.cluster_epoch TO '" REPLICATION_USER "'@'%%';\n";

/* What else a backup can bring along. The new cluster has a history of its own, which begins with nothing. */
static const char restored_sql[] = "DELETE FROM mysql.columns_priv;\n"
				   "DELETE FROM mysql.procs_priv;\n"
				   "DELETE FROM mysql.roles_mapping;\n"
				   "DELETE FROM mysql.plugin;\n"
				   "DELETE FROM mysql.func;\n"
				   "DELETE FROM mysql.gtid_slave_pos;\n";

/* A restored ledger too: it may be of a release before this one. */
static int append_schema(int fd, const char *directory, struct errbuf *e)
{
	struct schema *schema = calloc(1, sizeof(*schema));
	int code = schema ? schemadir_load(directory, schema, e) : err_set(e, -ENOMEM, "no memory for the schema");

	if (!code) {
		code = schemadir_write_script(schema, fd, e);
		schemadir_free(schema);
	}
	free(schema);
	return code;
}

/* Everything that mariadbd --bootstrap gets to read, in memory: it holds a password. Returns the descriptor
 * or -errno. */
static int make_script(const struct initdata_paths *paths, bool restored, struct errbuf *e)
{
	char password[REPLICATION_PASSWORD_BYTES];
	int code = replication_password_load(paths->key, password, e), fd;

	if (code)
		return code;
	fd = memfd_create("holdfast-init", MFD_CLOEXEC);
	if (fd < 0)
		code = err_set(e, -errno, "memfd: %s", strerror(errno));
	else if (dprintf(fd, accounts_sql, password) < 0 ||
		 dprintf(fd, "%s%s", restored ? restored_sql : "", database_sql) < 0)
		code = err_set(e, -EIO, "memfd: cannot write");
	sodium_memzero(password, sizeof(password));
	if (!code)
		code = append_schema(fd, paths->schema, e);
	if (!code && dprintf(fd, lineage_sql) < 0)
		code = err_set(e, -EIO, "memfd: cannot write");
	if (!code && lseek(fd, 0, SEEK_SET) < 0)
		code = err_set(e, -errno, "memfd: %s", strerror(errno));
	if (code && fd >= 0)
		close(fd);
	return code ? code : fd;
}

/* The script has complaints of its own, on standard output: the fault first, and then much advice. */
static void add_complaint(int fd, struct errbuf *e)
{
	char text[128];
	size_t length = strlen(e->text);
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *line;

	if (length < 2 || strcmp(e->text + length - 2, ": ") != 0)
		return; /* there were words on standard error */
	text[n > 0 ? n : 0] = '\0';
	line = text + strspn(text, "\n ");
	text[(size_t)(line - text) + strcspn(line, "\n")] = '\0';
	(void)snprintf(e->text + length, sizeof(e->text) - length, "%s", line);
}

/* Where the data is made, and nobody else is: a mariadbd that starts removes what lies of others' temporary tables in a directory that
 * it shares with them (/tmp), running or not. */
struct place {
	char datadir[COPYDIR_PATH_BYTES + 16], tmpdir[COPYDIR_PATH_BYTES + 16]; /* options */
};

static int install(const struct place *at, struct errbuf *e)
{
	/* --force: the name of this host need not resolve. It would only be good for an account that we drop anyway. */
	const char *const argv[] = {INSTALL_DB, "--no-defaults", at->datadir, at->tmpdir, "--user=" INITDATA_USER,
	    "--auth-root-authentication-method=socket", "--auth-root-socket-user=root", "--skip-test-db", "--force",
	    "--skip-name-resolve", "--skip-log-bin", NULL};
	struct process_spec spec = {.argv = argv, .stdin_fd = -1, .group = true};
	int code;

	spec.stdout_fd = memfd_create("holdfast-install", MFD_CLOEXEC);
	if (spec.stdout_fd < 0)
		return err_set(e, -errno, "memfd: %s", strerror(errno));
	code = process_run(&spec, INSTALL_LIMIT_MS, NULL, e);
	if (code == -EIO)
		add_complaint(spec.stdout_fd, e);
	close(spec.stdout_fd);
	return code;
}

static int bootstrap(const struct place *at, const char *user_option, int script_fd, struct errbuf *e)
{
	const char *const argv[] = {MARIADBD, "--no-defaults", "--bootstrap", at->datadir, at->tmpdir, user_option,
	    "--skip-log-bin", "--skip-networking", "--default-storage-engine=InnoDB", "--log-warnings=0",
	    "--sql-mode=STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION", NULL};
	const struct process_spec spec = {.argv = argv, .stdin_fd = script_fd, .stdout_fd = -1, .group = true};

	return process_run(&spec, BOOTSTRAP_LIMIT_MS, NULL, e);
}

/* The directory of the token, 0700. */
static int make_parent(const char *path, struct errbuf *e)
{
	char dir[512];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	return 0;
}

static int check_nothing_there(const struct initdata_paths *paths, const char *datadir, struct errbuf *e)
{
	struct dirent **names;
	int count = scandir(datadir, &names, NULL, NULL);

	if (count < 0 && errno != ENOENT)
		return err_set(e, -errno, "%s: %s", datadir, strerror(errno));
	for (int i = 0; i < count; i++)
		free(names[i]);
	if (count >= 0)
		free(names);
	if (count > 2)
		return err_set(e, -EEXIST, "%s: is not empty, and nothing is ever overwritten", datadir);
	if (access(paths->token, F_OK) == 0)
		return err_set(e, -EEXIST, "%s: there is a data token already", paths->token);
	return 0;
}

/* A backup is unpacked by root, and all of it is given to the user in the end. */
static int fill(const struct copydir *c, const struct restoredata_from *from, int script_fd,
    struct restoredata_reached *ret, struct errbuf *e)
{
	struct place at;
	int code;

	*ret = (struct restoredata_reached){.epoch = 1};
	(void)snprintf(at.datadir, sizeof(at.datadir), "--datadir=%s", c->made);
	(void)snprintf(at.tmpdir, sizeof(at.tmpdir), "--tmpdir=%s", c->made);
	code = from->backup ? restoredata_fill(from, c->made, ret, e)
	       : from->data ? adoptdata_fill(from->data, from->accepts_findings, c->made, ret, e)
			    : install(&at, e);
	return code ? code : bootstrap(&at, from->backup ? "--user=root" : "--user=" INITDATA_USER, script_fd, e);
}

static int make_token(const struct initdata_paths *paths, const struct conf *conf, struct token *ret, struct errbuf *e)
{
	char boot_id[TOKEN_BOOT_ID_BYTES];
	int code = token_boot_id(boot_id, e);

	if (!code)
		code = make_parent(paths->token, e);
	return code ? code : token_create(paths->token, conf->name, boot_id, !conf->durability_received, ret, e);
}

int initdata_run_at(const struct initdata_paths *paths, const struct conf *conf, const struct restoredata_from *from,
    struct initdata_made *ret, struct errbuf *e)
{
	struct copydir c;
	int code = check_nothing_there(paths, conf->datadir, e), script_fd;

	if (code)
		return code;
	script_fd = make_script(paths, from->backup || from->data, e);
	if (script_fd < 0)
		return script_fd;
	code = copydir_begin(conf->datadir, &c, e);
	/* Again, now that nobody else can be at it. */
	if (!code)
		code = check_nothing_there(paths, conf->datadir, e);
	if (!code)
		code = fill(&c, from, script_fd, &ret->ledger, e);
	if (!code && paths->verify)
		code = durable_remove(paths->verify, e);
	if (!code)
		code = copydir_finish(&c, INITDATA_USER, e);
	if (!code) {
		code = make_token(paths, conf, &ret->token, e);
		if (code)
			(void)copydir_remove(c.dir, NULL);
	}
	copydir_close(&c);
	close(script_fd);
	return code;
}

int initdata_run(
    const struct conf *conf, const struct restoredata_from *from, struct initdata_made *ret, struct errbuf *e)
{
	const struct initdata_paths paths = {
	    .key = CONF_KEY_PATH, .schema = SCHEMADIR, .token = INITDATA_TOKEN_PATH, .verify = CONF_VERIFY_PATH};

	return initdata_run_at(&paths, conf, from, ret, e);
}
