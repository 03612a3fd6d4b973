#include "replication/ledgercheck.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "replication/ledgerwalk.h"

#define NAME_BYTES 800				       /* of two names of 64 characters each, quoted */
#define TRIAL_MEMORY_BYTES ((size_t)256 * 1024 * 1024) /* beside two mariadbd */

static int look_for_cancel(const atomic_bool *cancel, struct errbuf *e)
{
	return cancel && atomic_load(cancel) ? err_set(e, -ECANCELED, "stopped on request") : 0;
}

/* CHECK TABLE says "status OK" first, and nothing else, of a table that is whole. Not EXTENDED: that one looks up the row of each
 * entry of each index, at random in the whole table, which takes hours where this one, which reads every index once and compares
 * their counts, takes minutes. What the indexes lead to is read by the sums. */
static int check_table(struct database *db, const char *name, struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(db, &row, e, "CHECK TABLE %s", name);

	if (code)
		return code;
	if (strcmp(database_value(row, "Msg_type"), "status") != 0 ||
	    strcmp(database_value(row, "Msg_text"), "OK") != 0)
		code = err_set(e, -EBADMSG, "table %s: %s", name, database_value(row, "Msg_text"));
	database_row_free(row);
	return code;
}

int ledgercheck_tables(struct database *db, const atomic_bool *cancel, struct errbuf *e)
{
	for (unsigned i = 0;; i++) {
		struct database_row *row;
		char name[NAME_BYTES];
		int code = look_for_cancel(cancel, e);

		if (!code)
			code = database_query(db, &row, e,
			    "SELECT CONCAT('`',REPLACE(TABLE_SCHEMA,'`','``'),'`.`',REPLACE(TABLE_NAME,'`','``'),'`') "
			    "name FROM information_schema.TABLES"
			    " WHERE TABLE_TYPE NOT IN ('VIEW','SYSTEM VIEW','SEQUENCE') AND TABLE_SCHEMA NOT IN "
			    "('information_schema','performance_schema')"
			    " ORDER BY TABLE_SCHEMA, TABLE_NAME LIMIT 1 OFFSET %u",
			    i);
		if (code == -ENOENT)
			return 0;
		if (code)
			return code;
		(void)snprintf(name, sizeof(name), "%s", database_value(row, "name"));
		database_row_free(row);
		code = check_table(db, name, e);
		if (code)
			return code;
	}
}

/* What a copy is refused for, as nobody should serve it. The others, a hold that is late or an entry of long ago that says another balance, are
 * no reason to have no backup at all: they are told. */
static bool refuses(enum audit_check check)
{
	switch (check) {
	case AUDIT_HEAD:
	case AUDIT_SEQUENCE:
	case AUDIT_BATCH:
	case AUDIT_EVENT:
	case AUDIT_MOVEMENT:
	case AUDIT_BALANCE:
	case AUDIT_CURRENCY:
	case AUDIT_PENDING_OUT:
	case AUDIT_PENDING_IN: return true;
	default: return false;
	}
}

static void take_finding(void *userdata, const struct audit_finding *f)
{
	struct ledger_facts *facts = userdata;
	bool first = !facts->findings++, worse = refuses(f->check) && !facts->refused;

	facts->refused = facts->refused || worse;
	if (first || worse)
		(void)snprintf(facts->said, sizeof(facts->said),
		    "%s: %s%s%s at %" PRIu64 ": expected %.32s, found %.24s", audit_check_word(f->check), f->of,
		    f->of[0] ? " " : "", f->what, f->seq, f->expected, f->found);
}

static int check_sums(struct database *db, const atomic_bool *cancel, struct ledger_facts *ret, struct errbuf *e)
{
	const struct ledgerwalk w = {.memory_bytes = TRIAL_MEMORY_BYTES,
	    .snapshot_s = LEDGERWALK_SNAPSHOT_S,
	    .share_percent = 100,
	    .cancel = cancel,
	    .found = take_finding,
	    .userdata = ret};
	struct ledgerwalk_result r;

	return ledgerwalk_run(db, &w, &r, e);
}

static int read_facts(struct database *db, struct ledger_facts *ret, struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(db, &row, e,
	    "SELECT GREATEST(h.epoch, COALESCE((SELECT MAX(epoch) FROM holdfast.cluster_epoch),0)) epoch,"
	    " h.next_seq-1 operations, (SELECT COUNT(*) FROM holdfast.account) accounts,"
	    " COALESCE((SELECT created_us FROM holdfast.journal ORDER BY seq DESC LIMIT 1),0) newest FROM "
	    "holdfast.ledger_head h");

	if (code)
		return code;
	ret->epoch = database_number(row, "epoch");
	ret->operations = database_number(row, "operations");
	ret->accounts = database_number(row, "accounts");
	ret->newest_us = database_number(row, "newest");
	database_row_free(row);
	return 0;
}

int ledgercheck_run(struct database *db, const atomic_bool *cancel, struct ledger_facts *ret, struct errbuf *e)
{
	int code = ledgercheck_tables(db, cancel, e);

	*ret = (struct ledger_facts){0};
	if (!code)
		code = check_sums(db, cancel, ret, e);
	return code ? code : read_facts(db, ret, e);
}

int ledgercheck_judge(const struct ledger_facts *facts, struct errbuf *e)
{
	return facts->refused ? err_set(e, -EBADMSG, "the ledger does not add up: %" PRIu64 " findings, %s",
				    facts->findings, facts->said)
			      : 0;
}
