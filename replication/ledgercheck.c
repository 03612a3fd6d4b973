#include "replication/ledgercheck.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 200

/* What must hold, and how often it does not (column bad). A sum is compared with NULL-safe operators: NULL never passes. */
static const struct {
	const char *what, *sql;
} checks[] = {
    {"the ledger has one head", "SELECT ABS(COUNT(*)-1) bad FROM holdfast.ledger_head"},
    {"the journal has every operation up to its head, once",
	"SELECT COUNT(*) bad FROM holdfast.ledger_head h, (SELECT COUNT(*) n, COALESCE(MAX(seq),0) top FROM "
	"holdfast.journal) j"
	" WHERE NOT (h.next_seq<=>j.n+1 AND h.next_seq<=>j.top+1)"},
    {"no operation is of a later batch than the head's",
	"SELECT COUNT(*) bad FROM holdfast.journal WHERE batch_seq>(SELECT batch_seq FROM holdfast.ledger_head)"},
    {"both sides of every movement are accounts, in its currency",
	"SELECT COUNT(*) bad FROM holdfast.journal j LEFT JOIN holdfast.account d ON d.id=j.debit"
	" LEFT JOIN holdfast.account c ON c.id=j.credit"
	" WHERE j.amount IS NOT NULL AND NOT (d.currency<=>j.currency AND c.currency<=>j.currency)"},
    {"every balance is the sum of its movements",
	"SELECT COUNT(*) bad FROM holdfast.account a LEFT JOIN (SELECT id, SUM(amount) posted FROM"
	" (SELECT credit id, SUM(amount) amount FROM holdfast.journal IGNORE INDEX (credit) WHERE amount IS NOT NULL"
	" GROUP BY credit UNION ALL SELECT debit, -SUM(amount) FROM holdfast.journal IGNORE INDEX (debit)"
	" WHERE amount IS NOT NULL GROUP BY debit UNION ALL SELECT credit, -SUM(fee) FROM holdfast.journal"
	" IGNORE INDEX (credit) WHERE fee IS NOT NULL GROUP BY credit UNION ALL SELECT fee_account, SUM(fee) FROM"
	" holdfast.journal IGNORE INDEX (fee_account) WHERE fee IS NOT NULL GROUP BY fee_account) m GROUP BY id) s ON "
	"s.id=a.id"
	" WHERE NOT (a.posted<=>COALESCE(s.posted,0))"},
    {"the balances of every currency add up to nothing",
	"SELECT COUNT(*) bad FROM (SELECT currency FROM holdfast.account GROUP BY currency HAVING SUM(posted)<>0) c"},
    {"pending_out is what open holds and withdrawals keep back", /* 1: HOLD_OPEN, WITHDRAWAL_PENDING */
	"SELECT COUNT(*) bad FROM holdfast.account a LEFT JOIN (SELECT id, SUM(amount) held FROM"
	" (SELECT payer id, authorized-captured-voided amount FROM holdfast.payment WHERE hold=1 UNION ALL"
	" SELECT account, amount FROM holdfast.withdrawal WHERE status=1) h GROUP BY id) s ON s.id=a.id"
	" WHERE NOT (a.pending_out<=>COALESCE(s.held,0))"},
    {"pending_in is what open holds promise",
	"SELECT COUNT(*) bad FROM holdfast.account a LEFT JOIN (SELECT payee id, SUM(authorized-captured-voided) held "
	"FROM"
	" holdfast.payment WHERE hold=1 GROUP BY payee) s ON s.id=a.id WHERE NOT (a.pending_in<=>COALESCE(s.held,0))"},
    {"events are numbered without gaps, in the order of the journal",
	"SELECT (SELECT COUNT(*) FROM holdfast.ledger_head h, (SELECT COUNT(event_seq) n, COALESCE(MAX(event_seq),0) "
	"top FROM"
	" holdfast.journal) j WHERE NOT (h.next_event<=>j.n+1 AND h.next_event<=>j.top+1))"
	" + (SELECT COUNT(*) FROM holdfast.journal one JOIN holdfast.journal next ON next.event_seq=one.event_seq+1"
	" WHERE next.seq<one.seq) bad"},
    {"no account was touched after the head",
	"SELECT COUNT(*) bad FROM holdfast.account WHERE last_seq>=(SELECT next_seq FROM holdfast.ledger_head)"},
    {"the head's epoch was opened", "SELECT COUNT(*) bad FROM holdfast.ledger_head WHERE epoch<>0 AND epoch NOT IN"
				    " (SELECT epoch FROM holdfast.cluster_epoch)"},
};

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

static int check_tables(struct database *db, const atomic_bool *cancel, struct errbuf *e)
{
	for (unsigned i = 0;; i++) {
		struct database_row *row;
		char name[NAME_BYTES];
		int code = look_for_cancel(cancel, e);

		if (!code)
			code = database_query(db, &row, e,
			    "SELECT CONCAT('`',TABLE_SCHEMA,'`.`',TABLE_NAME,'`') name FROM information_schema.TABLES"
			    " WHERE TABLE_TYPE='BASE TABLE' AND TABLE_SCHEMA IN ('holdfast','mysql')"
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

static int check_sums(struct database *db, const atomic_bool *cancel, struct errbuf *e)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct database_row *row;
		const char *bad;
		int code = look_for_cancel(cancel, e);

		if (!code)
			code = database_query(db, &row, e, "%s", checks[i].sql);
		if (code)
			return code;
		bad = database_value(row, "bad");
		if (strcmp(bad, "0") != 0)
			code = err_set(e, -EBADMSG, "the ledger does not add up: not true that %s (%s)", checks[i].what,
			    bad[0] ? bad : "no answer");
		database_row_free(row);
		if (code)
			return code;
	}
	return 0;
}

static int read_facts(struct database *db, struct ledger_facts *ret, struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(db, &row, e,
	    "SELECT GREATEST(h.epoch, COALESCE((SELECT MAX(epoch) FROM holdfast.cluster_epoch),0)) epoch,"
	    " h.next_seq-1 operations, (SELECT COUNT(*) FROM holdfast.account) accounts FROM holdfast.ledger_head h");

	if (code)
		return code;
	*ret = (struct ledger_facts){.epoch = database_number(row, "epoch"),
	    .operations = database_number(row, "operations"),
	    .accounts = database_number(row, "accounts")};
	database_row_free(row);
	return 0;
}

int ledgercheck_run(struct database *db, const atomic_bool *cancel, struct ledger_facts *ret, struct errbuf *e)
{
	int code = check_tables(db, cancel, e);

	if (!code)
		code = check_sums(db, cancel, e);
	return code ? code : read_facts(db, ret, e);
}
