#include "replication/restoredata.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "replication/backuptrial.h"
#include "replication/copydir.h"
#include "replication/hotcopy.h"
#include "replication/logarchive.h"
#include "replication/privatedb.h"
#include "replication/salvage.h"

#define STOP_BYTES 80
#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"
#define REPLAY_LIMIT_MS (24 * 3600 * 1000)

/* mariadb-backup's own notes; what they say of positions is true of another history. */
static int remove_notes(const char *dir, struct errbuf *e)
{
	static const char *const notes[] = {"xtrabackup_binlog_info", "xtrabackup_binlog_pos_innodb", "xtrabackup_info",
	    "xtrabackup_checkpoints", "xtrabackup_slave_info", "xtrabackup_galera_info", "backup-my.cnf"};
	char path[COPYDIR_PATH_BYTES + 40];
	int code = 0;

	for (size_t i = 0; !code && i < sizeof(notes) / sizeof(notes[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, notes[i]);
		code = copydir_remove(path, e);
	}
	return code;
}

static int check(const char *backup, const struct manifest *m, const struct ledger_facts *facts, struct errbuf *e)
{
	if (facts->epoch == m->ledger_epoch && facts->operations == m->operations && facts->accounts == m->accounts)
		return 0;
	return err_set(e, -EBADMSG, "%.100s: has %" PRIu64 " operations; its manifest says %" PRIu64, backup,
	    facts->operations, m->operations);
}

/* What mariadb-binlog is told: up to a transaction, its own included, or up to the first one of that second or a later one. */
static int parse_until(const char *until, struct gtid *ret, char option[static STOP_BYTES], struct errbuf *e)
{
	char text[GTID_TEXT_BYTES];
	struct tm tm = {0};
	const char *end;
	time_t at;

	*ret = (struct gtid){0};
	option[0] = '\0';
	if (!until)
		return 0;
	if (gtid_parse(until, ret) == 0 && ret->seq) {
		(void)snprintf(option, STOP_BYTES, "--stop-position=%s", gtid_format(*ret, text));
		return 0;
	}
	end = strptime(until, TIME_FORMAT, &tm);
	at = timegm(&tm);
	(void)strftime(text, sizeof(text), TIME_FORMAT, gmtime_r(&at, &tm));
	/* Written as we would: no 31st of February, and it compares as a text. */
	if (!end || *end || strcmp(text, until) != 0)
		return err_set(e, -EINVAL,
		    "--until is '%.40s', want a GTID, such as 0-1-500, or a time in UTC, such as 2026-11-21T21:00:00Z",
		    until);
	(void)strftime(option, STOP_BYTES, "--stop-datetime=%Y-%m-%d %H:%M:%S", &tm);
	return 0;
}

static int check_range(struct gtid begin, struct gtid end, struct gtid until, struct errbuf *e)
{
	char a[GTID_TEXT_BYTES], b[GTID_TEXT_BYTES], c[GTID_TEXT_BYTES];

	if (!until.seq || (until.seq >= begin.seq && until.seq <= end.seq))
		return 0;
	return err_set(e, -ERANGE, "--until %s: the backup is at %s, and the logs beside it end at %s",
	    gtid_format(until, a), gtid_format(begin, b), gtid_format(end, c));
}

static struct logarchive_wanted wanted_of(const struct manifest *m)
{
	struct logarchive_wanted w = {.cluster_id = m->cluster_id, .epoch = m->ledger_epoch};

	(void)gtid_parse(m->gtid, &w.above);
	return w;
}

int restoredata_look(const struct restoredata_from *from, struct manifest *ret, struct errbuf *e)
{
	struct logarchive_wanted wanted;
	char ignored[STOP_BYTES];
	struct gtid until, position;
	uint64_t bytes;
	int code = parse_until(from->until, &until, ignored, e);

	if (!code && from->until && !from->logs)
		code = err_set(e, -EINVAL, "--until wants --logs: the backup itself is of one moment");
	if (!code)
		code = backup_open(from->backup, ret, e);
	if (code || !from->logs)
		return code;
	if (gtid_parse(ret->gtid, &position))
		return err_set(e, -EBADMSG, "%.100s: '%.40s' is no GTID", from->backup, ret->gtid);
	/* Both are times of one form. */
	if (from->until && !until.seq && strcmp(from->until, ret->ended) < 0)
		return err_set(e, -ERANGE, "--until %.40s: the backup is of %.40s: an earlier one is needed",
		    from->until, ret->ended);
	/* Before anything is begun; where the logs end is known when they have been read. */
	if (until.seq && until.seq < position.seq)
		return err_set(e, -ERANGE, "--until %.40s: the backup is at %.40s: an earlier one is needed",
		    from->until, ret->gtid);
	wanted = wanted_of(ret);
	return logarchive_size(from->logs, &wanted, &bytes, e);
}

/* Executes what was written between the backup and `until`. */
static int catch_up(const struct restoredata_from *from, const struct manifest *m, const char *into,
    const struct privatedb *p, struct errbuf *e)
{
	char file[COPYDIR_PATH_BYTES + 24], stop[STOP_BYTES];
	const struct logarchive_wanted wanted = wanted_of(m);
	struct gtid end = {0}, until;
	uint64_t bytes;
	int code = parse_until(from->until, &until, stop, e);

	(void)snprintf(file, sizeof(file), "%s/holdfast-replay", into);
	if (!code)
		code = logarchive_size(from->logs, &wanted, &bytes, e);
	/* The file, and the rows that come of it. */
	if (!code)
		code = hotcopy_check_room(into, 2 * bytes, e);
	if (!code)
		code = logarchive_take(from->logs, &wanted, file, &end, e);
	if (code)
		return code;
	code = check_range(wanted.above, end.seq ? end : wanted.above, until, e);
	/* So that statements about accounts can be executed, too, which an operator may have given. */
	if (!code)
		code = database_run(p->db, e, "FLUSH PRIVILEGES");
	if (!code && end.seq && (!until.seq || until.seq > wanted.above.seq))
		code = salvage_replay(file, p->socket, stop[0] ? stop : NULL, REPLAY_LIMIT_MS, NULL, e);
	(void)unlink(file);
	return code;
}

int restoredata_judge(struct database *db, bool accepts_findings, struct ledger_facts *ret, struct errbuf *e)
{
	struct errbuf why;
	int code = ledgercheck_run(db, NULL, ret, e);

	if (code || accepts_findings || !ledgercheck_judge(ret, &why))
		return code;
	return err_set(e, -EBADMSG, "%.400s; --accept-findings takes it as it is", why.text);
}

/* On the running copy: first what the backup says of itself, then what it becomes. */
static int bring_forward(const struct restoredata_from *from, const struct manifest *m, const char *into,
    const struct privatedb *p, struct restoredata_reached *ret, struct errbuf *e)
{
	struct ledger_facts facts = {0};
	int code = restoredata_judge(p->db, from->accepts_findings, &facts, e);

	if (!code)
		code = check(from->backup, m, &facts, e);
	if (!code && from->logs) {
		code = catch_up(from, m, into, p, e);
		if (!code)
			code = restoredata_judge(p->db, from->accepts_findings, &facts, e);
	}
	ret->newest_us = facts.newest_us;
	ret->epoch = (facts.epoch > m->epoch ? facts.epoch : m->epoch) + 1;
	ret->operations = facts.operations;
	(void)snprintf(ret->findings, sizeof(ret->findings), "%s", facts.said);
	return code;
}

int restoredata_fill(
    const struct restoredata_from *from, const char *into, struct restoredata_reached *ret, struct errbuf *e)
{
	struct privatedb p;
	struct manifest m;
	int code = restoredata_look(from, &m, e);

	if (!code)
		code = backup_unpack(from->backup, &m, into, NULL, e);
	if (!code)
		code = privatedb_start(into, "root", NULL, &p, e);
	if (code)
		return code;
	code = bring_forward(from, &m, into, &p, ret, e);
	if (code) {
		privatedb_kill(&p);
		return code;
	}
	code = privatedb_shut_down(&p, e);
	return code ? code : remove_notes(into, e);
}
