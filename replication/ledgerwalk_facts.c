/* What is not summed up row by row. */
#include "replication/audit_parts.h"
#include "replication/ledgerwalk_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As SHOW CREATE TABLE has them: what etc/schema makes the second line of defence. */
static const struct {
	const char *table, *text;
} constraints[] = {
    {"ledger_head", "PRIMARY KEY (`id`)"},
    {"ledger_head", "CONSTRAINT `one_head` CHECK (`id` = 1)"},
    {"account", "PRIMARY KEY (`id`)"},
    {"account", "UNIQUE KEY `clearing` (`channel`,`currency`)"},
    {"account", "CONSTRAINT `pending` CHECK"},
    {"account", "CONSTRAINT `above_min` CHECK"},
    {"account", "CONSTRAINT `below_max` CHECK"},
    {"journal", "PRIMARY KEY (`seq`)"},
    {"journal", "UNIQUE KEY `public_id` (`public_id`)"},
    {"journal", "UNIQUE KEY `idempotency` (`key_hash`,`principal`)"},
    {"journal", "UNIQUE KEY `channel_once` (`channel`,`channel_reference`)"},
    {"journal", "UNIQUE KEY `reversed_once` (`reverses`)"},
    {"journal", "UNIQUE KEY `event_seq` (`event_seq`)"},
    {"journal", "CONSTRAINT `amount_positive` CHECK"},
    {"journal", "CONSTRAINT `two_sides` CHECK"},
    {"payment", "PRIMARY KEY (`id`)"},
    {"payment", "CONSTRAINT `within_authorized` CHECK"},
    {"payment", "CONSTRAINT `within_captured` CHECK"},
    {"withdrawal", "PRIMARY KEY (`id`)"},
    {"withdrawal", "CONSTRAINT `withdrawal_positive` CHECK"},
};

static int heads(struct walk *w, struct errbuf *e)
{
	char found[AUDIT_VALUE_BYTES];
	uint64_t n;
	int code = walk_number(w, &n, e, "SELECT COUNT(*) n FROM holdfast.ledger_head");

	if (code || n == 1)
		return code;
	(void)snprintf(found, sizeof(found), "%" PRIu64, n);
	audit_tell(&w->audit, AUDIT_HEAD, 0, "ledger_head", "rows", "1", found);
	return 0;
}

/* Behind the head there is nothing. */
static int look_behind_head(struct walk *w, struct errbuf *e)
{
	uint64_t next;
	int code = walk_number(w, &next, e, "SELECT COALESCE(MAX(seq), 0) + 1 n FROM holdfast.journal");

	if (!code && next > w->audit.head.next_seq)
		audit_compare(&w->audit, AUDIT_SEQUENCE, 0, "ledger_head", "next_seq", (int64_t)next,
		    (int64_t)w->audit.head.next_seq);
	return code;
}

static int read_head(struct walk *w, bool *opened, char epoch[static AUDIT_VALUE_BYTES], struct errbuf *e)
{
	struct database_row *row;
	int code = database_query(w->db, &row, e,
	    "SELECT epoch, batch_seq, next_seq, next_event, last_us, epoch=0 OR epoch IN (SELECT epoch FROM"
	    " holdfast.cluster_epoch) opened FROM holdfast.ledger_head ORDER BY id LIMIT 1");

	if (code == -ENOENT)
		return err_set(e, -EBADMSG, "holdfast.ledger_head has no row: this is no ledger");
	if (code)
		return code;
	w->audit.head = (struct audit_head){.batch_seq = database_number(row, "batch_seq"),
	    .next_seq = database_number(row, "next_seq"),
	    .next_event = database_number(row, "next_event"),
	    .last_us = database_number(row, "last_us")};
	(void)snprintf(epoch, AUDIT_VALUE_BYTES, "%s", database_value(row, "epoch"));
	*opened = database_number(row, "opened");
	database_row_free(row);
	w->last_seq = w->audit.head.next_seq ? w->audit.head.next_seq - 1 : 0;
	return walk_free_locks(w, e);
}

int walk_head(struct walk *w, struct errbuf *e)
{
	bool opened = false;
	char epoch[AUDIT_VALUE_BYTES];
	int code = read_head(w, &opened, epoch, e);

	if (code || w->audit.slice != 0)
		return code;
	w->result->operations = w->last_seq;
	if (!opened)
		audit_tell(&w->audit, AUDIT_HEAD, 0, "ledger_head", "epoch", "one of cluster_epoch", epoch);
	code = heads(w, e);
	return code ? code : look_behind_head(w, e);
}

static int check_constraint(struct walk *w, size_t i, struct errbuf *e)
{
	struct database_rows *rows;
	const char *text = NULL;
	bool there;
	int code = database_select(w->db, &rows, e, "SHOW CREATE TABLE holdfast.%s", constraints[i].table);

	if (code)
		return code;
	if (database_next(rows))
		text = database_field(rows, 1, NULL);
	there = text && strstr(text, constraints[i].text);
	/* Whether it is unique or not: in its order two of the same are side by side. */
	if (text && strstr(text, "KEY `idempotency` (`key_hash`,`principal`)"))
		w->has_keys = true;
	if (text && strstr(text, "KEY `reversed_once` (`reverses`)"))
		w->has_reversed = true;
	database_rows_free(rows);
	if (!there)
		audit_tell(&w->audit, AUDIT_CONSTRAINT, 0, constraints[i].table, "definition", constraints[i].text,
		    "not there");
	return walk_free_locks(w, e);
}

int walk_constraints(struct walk *w, struct errbuf *e)
{
	int code = 0;

	for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]) && !code; i++)
		code = check_constraint(w, i, e);
	return code;
}

/* There are few: each by what it reverses, and that by its id. */
static int reversals_piece(struct walk *w, unsigned most, unsigned *ret, struct errbuf *e)
{
	char key[WALK_HEX_BYTES] = "";
	struct database_rows *rows;
	int code;

	if (w->after.has_key)
		(void)walk_hex(w->after.key, sizeof(struct ulid), key);
	code = database_select(w->db, &rows, e,
	    "SELECT r.reverses, r.seq, COALESCE(r.kind=28 AND r.status=201 AND o.kind=4 AND o.status=201 AND"
	    " o.seq<r.seq AND o.debit=r.credit AND o.credit=r.debit AND o.amount=r.amount AND"
	    " o.currency=r.currency, 0), o.seq FROM holdfast.journal r FORCE INDEX (reversed_once)"
	    " LEFT JOIN holdfast.journal o ON o.public_id=r.reverses WHERE r.reverses>x'%s' OR (r.reverses=x'%s' AND"
	    " r.seq>%" PRIu64 ") ORDER BY r.reverses, r.seq LIMIT %u",
	    key, key, w->after.number, most);
	*ret = 0;
	if (code)
		return code;
	for (; database_next(rows); (*ret)++) {
		size_t bytes;
		const char *of = database_field(rows, 0, &bytes), *seq = database_field(rows, 1, NULL),
			   *right = database_field(rows, 2, NULL), *found = database_field(rows, 3, NULL);

		if (of && bytes == sizeof(struct ulid))
			memcpy(w->after.key, of, bytes);
		w->after.has_key = true;
		w->after.number = seq ? strtoull(seq, NULL, 10) : UINT64_MAX;
		if (!right || strcmp(right, "1") != 0)
			audit_tell(&w->audit, AUDIT_REVERSAL, w->after.number, "", "movement",
			    "the mirror of a transfer", found ? found : "no transfer");
	}
	database_rows_free(rows);
	return 0;
}

int walk_reversals(struct walk *w, struct errbuf *e)
{
	/* Where the index is not, walk_constraints() has told so. */
	return w->has_reversed ? walk_pieces(w, reversals_piece, false, e) : 0;
}
