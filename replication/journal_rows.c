#include "replication/journal_rows.h"

#include <stddef.h>
#include <string.h>

/* Columns of the journal, as a line of the row begins that has one. */
#define PUBLIC_ID "###   @2="
#define KIND "###   @7="
#define STATUS "###   @8="
#define SUBJECT "###   @21="
#define EVENT "###   @26="
#define DONE "200\n"

/* The journal's kinds and the prefixes are the gateway's: tests/unit/test_journal_rows.c holds them against its routes. */
static const struct {
	const char *value, *prefix;
	size_t count; /* in struct journal_counts */
} kinds[] = {{"2\n", "acc_", offsetof(struct journal_counts, accounts)},
    {"3\n", "top_", offsetof(struct journal_counts, topups)},
    {"4\n", "tr_", offsetof(struct journal_counts, transfers)},
    {"28\n", "tr_", offsetof(struct journal_counts, transfers)},
    {"17\n", "pay_", offsetof(struct journal_counts, payments)},
    {"21\n", "ref_", offsetof(struct journal_counts, refunds)},
    {"24\n", "wd_", offsetof(struct journal_counts, withdrawals)},
    {"69\n", "usr_", offsetof(struct journal_counts, users)}};

/* What was done to something that is there: kinds with a subject, and 0 for the others. */
static const struct {
	const char *value, *prefix, *word;
	size_t count; /* in struct journal_counts */
} changes[] = {
    {"", "", NULL, 0},
    {"18\n", "pay_", "captured", offsetof(struct journal_counts, captures)},
    {"19\n", "pay_", "voided", offsetof(struct journal_counts, voids)},
    {"20\n", "pay_", "expired", offsetof(struct journal_counts, expiries)},
    {"25\n", "wd_", "succeeded", offsetof(struct journal_counts, confirmed)},
    {"26\n", "wd_", "failed", offsetof(struct journal_counts, failed)},
    {"13\n", "acc_", "updated", offsetof(struct journal_counts, changes)},
    {"14\n", "acc_", "frozen", offsetof(struct journal_counts, changes)},
    {"15\n", "acc_", "unfrozen", offsetof(struct journal_counts, changes)},
    {"16\n", "acc_", "closed", offsetof(struct journal_counts, changes)},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static const char *after(const char *line, const char *beginning)
{
	size_t n = strlen(beginning);

	return strncmp(line, beginning, n) == 0 ? line + n : NULL;
}

/* mariadb-binlog writes control characters as \x0a, and everything else as it is, the backslash and the quote too. */
static bool take_control(const char *p, uint8_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *low;

	if (p[0] != '\\' || p[1] != 'x' || (p[2] != '0' && p[2] != '1') || !p[3])
		return false;
	low = strchr(digits, p[3]);
	if (low)
		*ret = (uint8_t)((p[2] - '0') * 16 + (low - digits));
	return low != NULL;
}

/* '\x00\x01...' and the end of the line. */
static bool take_id(const char *p, struct ulid *ret)
{
	struct ulid id = {{0}}; /* trailing zeros of a BINARY column are not printed */
	unsigned n;

	if (*p++ != '\'')
		return false;
	for (n = 0; n < sizeof(id.byte) && *p && *p != '\n' && strcmp(p, "'\n") != 0; n++) {
		bool control = take_control(p, &id.byte[n]);

		if (!control)
			id.byte[n] = (uint8_t)*p;
		p += control ? 4 : 1;
	}
	if (strcmp(p, "'\n") != 0)
		return false;
	*ret = id;
	return true;
}

static const char *prefix_of(const char *value)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(value, kinds[i].value) == 0)
			return kinds[i].prefix;
	return "";
}

static unsigned change_of(const char *value)
{
	for (unsigned i = 1; i < CHANGES; i++)
		if (strcmp(value, changes[i].value) == 0)
			return i;
	return 0;
}

/* A row that made something is told at its kind; one that changed something at its event, for without one it changed nothing. */
static bool take_column(struct journal_rows *r, const char *line, struct journal_entry *ret)
{
	const char *value;

	if ((value = after(line, PUBLIC_ID))) {
		r->has_id = take_id(value, &r->id);
	} else if ((value = after(line, KIND))) {
		r->change = r->has_id ? 0 : change_of(value);
		if (!r->has_id)
			return false;
		r->has_id = false;
		*ret = (struct journal_entry){.change = NULL};
		(void)id_format(prefix_of(value), &r->id, ret->id);
		return true;
	} else if ((value = after(line, STATUS))) {
		r->change = strcmp(value, DONE) == 0 ? r->change : 0;
	} else if ((value = after(line, SUBJECT))) {
		r->has_subject = take_id(value, &r->id);
	} else if (r->change && r->has_subject && (value = after(line, EVENT))) {
		*ret = (struct journal_entry){.change = changes[r->change].word};
		(void)id_format(changes[r->change].prefix, &r->id, ret->id);
		r->change = 0;
		return strcmp(value, "NULL\n") != 0;
	}
	return false;
}

bool journal_rows_take(struct journal_rows *r, const char *line, struct journal_entry *ret)
{
	bool rest = r->torn;
	const char *value;

	r->torn = !strchr(line, '\n');
	if (rest)
		return false;
	value = after(line, "### INSERT INTO ");
	if (value)
		*r = (struct journal_rows){.torn = r->torn, .in_row = strstr(value, "`journal`") != NULL};
	return !value && r->in_row && take_column(r, line, ret);
}

static uint64_t *count_at(struct journal_counts *c, size_t offset)
{
	return (uint64_t *)(void *)((char *)c + offset);
}

void journal_counts_add(struct journal_counts *c, const struct journal_entry *entry)
{
	uint64_t *count = &c->others;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !entry->change; i++)
		if (after(entry->id, kinds[i].prefix))
			count = count_at(c, kinds[i].count);
	for (size_t i = 1; i < CHANGES && entry->change; i++)
		if (strcmp(entry->change, changes[i].word) == 0)
			count = count_at(c, changes[i].count);
	(*count)++;
}
