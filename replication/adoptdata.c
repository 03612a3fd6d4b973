#include "replication/adoptdata.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/adoptcopy.h"
#include "replication/backuptrial.h"
#include "replication/copydir.h"
#include "replication/dataversion.h"
#include "replication/initdata.h"
#include "replication/privatedb.h"

#define VERSION_BYTES 64
#define PATH_BYTES (COPYDIR_PATH_BYTES + 32)

/* mariadb-upgrade leaves it there, which Debian runs at each start; of 11.0 on by its second name. */
static int read_version(const char *dir, char ret[static VERSION_BYTES], struct errbuf *e)
{
	static const char *const names[] = {"mysql_upgrade_info", "mariadb_upgrade_info"};
	char path[PATH_BYTES];
	struct errbuf ignored;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (durable_read(path, ret, VERSION_BYTES, &ignored) == 0) {
			ret[strcspn(ret, "\n")] = '\0';
			return 0;
		}
	}
	return err_set(e, -ENOTSUP,
	    "%.140s: no mysql_upgrade_info in it says of which MariaDB it is: start that once and run mariadb-upgrade",
	    dir);
}

static int check_version(const char *dir, struct errbuf *e)
{
	char data[VERSION_BYTES], here[VERSION_BYTES];
	int code = read_version(dir, data, e);

	if (!code)
		code = backup_installed_version(here, sizeof(here), e);
	if (code || dataversion_compare(data, here) == DATAVERSION_SAME)
		return code;
	return err_set(e, -ENOTSUP,
	    "%.120s: is of MariaDB %.20s, and here is %.20s: want the same series, by an upgrade of it there", dir,
	    data, here);
}

/* master.info, relay-log.info, and master-NAME.info and so on of a connection with a name. */
static bool is_of_replica(const char *name)
{
	static const char *const begins[] = {"master.", "master-", "relay-log.", "relay-log-"};
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return n > 5 && strcmp(name + n - 5, ".info") == 0;
	return false;
}

/* What it had received and not executed would be missing without a word. */
static int check_follows_nobody(const char *dir, struct errbuf *e)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	int code = 0;

	if (!d)
		return err_set(e, -errno, "%.180s: %s", dir, strerror(errno));
	while (!code && (entry = readdir(d)))
		if (is_of_replica(entry->d_name))
			code = err_set(e, -ENOTSUP,
			    "%.120s/%.60s: it follows another server, and what it has not executed would be missing: "
			    "let it execute all it received, then STOP SLAVE and RESET SLAVE ALL",
			    dir, entry->d_name);
	(void)closedir(d);
	return code;
}

int adoptdata_look(const char *dir, struct errbuf *e)
{
	int code = adoptcopy_check(dir, e);

	if (!code)
		code = check_follows_nobody(dir, e);
	return code ? code : check_version(dir, e);
}

/* 0: no row; code with e filled: there is one, or it could not be asked. What its column says is in the text. */
static int want_none(
    struct database *db, int code, const char *query, const char *column, const char *why, struct errbuf *e)
{
	struct database_row *row;
	int asked = database_query(db, &row, e, "%s", query);

	if (asked == -ENOENT)
		return 0;
	if (asked)
		return asked;
	(void)err_set(e, code, "%.150s: %s", database_value(row, column), why);
	database_row_free(row);
	return code;
}

/* A pair stays equal, and a copy of it whole, for transactional tables only. */
static int check_tables(struct database *db, struct errbuf *e)
{
	static const char others[] = "SELECT CONCAT(TABLE_SCHEMA,'.',TABLE_NAME,', ',ENGINE) name FROM "
				     "information_schema.TABLES WHERE TABLE_TYPE NOT IN ('VIEW','SYSTEM VIEW')"
				     " AND ENGINE<>'InnoDB' AND TABLE_SCHEMA NOT IN "
				     "('mysql','sys','performance_schema','information_schema') LIMIT 1";

	return want_none(db, -ENOTSUP, others, "name",
	    "only tables of InnoDB can be adopted: ALTER TABLE ... ENGINE=InnoDB there first", e);
}

static int check_in_doubt(struct database *db, struct errbuf *e)
{
	return want_none(db, -EBADMSG, "XA RECOVER", "data",
	    "a transaction was prepared by XA and is in doubt: XA COMMIT or XA ROLLBACK it there first", e);
}

/* What runs by itself when the ledger writes is the ledger's only. */
static int check_schema(struct database *db, struct errbuf *e)
{
	static const char foreign[] = "SELECT CONCAT('trigger holdfast.',TRIGGER_NAME) name FROM "
				      "information_schema.TRIGGERS WHERE TRIGGER_SCHEMA='holdfast'"
				      " UNION SELECT CONCAT('view holdfast.',TABLE_NAME) FROM information_schema.VIEWS "
				      "WHERE TABLE_SCHEMA='holdfast' LIMIT 1";

	return want_none(db, -EBADMSG, foreign, "name", "a ledger has none: drop it there first", e);
}

static int look_at_ledger(struct database *db, bool accepts_findings, struct restoredata_reached *ret, struct errbuf *e)
{
	struct ledger_facts facts = {0};
	struct database_row *row;
	bool schema, ledger;
	int code = database_query(db, &row, e,
	    "SELECT (SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME='holdfast') has_schema,"
	    " (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA='holdfast' AND "
	    "TABLE_NAME='ledger_head') has_ledger");

	if (code)
		return code;
	schema = database_number(row, "has_schema");
	ledger = database_number(row, "has_ledger");
	database_row_free(row);
	if (schema && !ledger)
		return err_set(e, -EBADMSG, "there is a database holdfast in it that is no ledger: that name is ours");
	code = ledger ? restoredata_judge(db, accepts_findings, &facts, e) : ledgercheck_tables(db, NULL, e);
	*ret = (struct restoredata_reached){
	    .epoch = facts.epoch + 1, .operations = facts.operations, .newest_us = facts.newest_us};
	(void)snprintf(ret->findings, sizeof(ret->findings), "%s", facts.said);
	return code;
}

/* Of a server that was killed InnoDB alone does not know what its binary log says was committed, and mariadbd refuses to guess. */
static int start(const char *into, struct privatedb *p, struct errbuf *e)
{
	int code = privatedb_start(into, INITDATA_USER, NULL, p, e);
	struct errbuf why = *e;

	return code == -EIO
		   ? err_set(e, code,
			 "%.360s; had its own server been shut down in order? If not: start that on it once more",
			 why.text)
		   : code;
}

int adoptdata_fill(
    const char *dir, bool accepts_findings, const char *into, struct restoredata_reached *ret, struct errbuf *e)
{
	struct privatedb p;
	int code = adoptdata_look(dir, e);

	if (!code)
		code = copydir_in_use(dir, e);
	if (!code)
		code = adoptcopy_take(dir, into, e);
	/* Started meanwhile? What was copied is not of one moment then. */
	if (!code)
		code = copydir_in_use(dir, e);
	if (!code)
		code = adoptcopy_check(into, e);
	/* What is stored in it must not be run by root. */
	if (!code)
		code = copydir_give(into, INITDATA_USER, e);
	if (!code)
		code = start(into, &p, e);
	if (code)
		return code;
	code = check_in_doubt(p.db, e);
	if (!code)
		code = check_tables(p.db, e);
	if (!code)
		code = check_schema(p.db, e);
	if (!code)
		code = look_at_ledger(p.db, accepts_findings, ret, e);
	if (code) {
		privatedb_kill(&p);
		return code;
	}
	return privatedb_shut_down(&p, e);
}
