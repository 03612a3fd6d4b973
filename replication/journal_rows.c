#include "replication/journal_rows.h"

#include <stddef.h>
#include <string.h>

/* Columns of the journal, as a line of the row begins that has one. */
#define PUBLIC_ID "###   @2="
#define KIND "###   @7="

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

bool journal_rows_take(struct journal_rows *r, const char *line, char ret[static ID_TEXT_BYTES])
{
	bool rest = r->torn;
	const char *value;

	r->torn = !strchr(line, '\n');
	if (rest)
		return false;
	value = after(line, "### INSERT INTO ");
	if (value) {
		r->in_row = strstr(value, "`journal`") != NULL;
		r->has_id = false;
	} else if (r->in_row && (value = after(line, PUBLIC_ID))) {
		r->has_id = take_id(value, &r->id);
	} else if (r->in_row && r->has_id && (value = after(line, KIND))) {
		r->has_id = false;
		(void)id_format(prefix_of(value), &r->id, ret);
		return true;
	}
	return false;
}

void journal_counts_add(struct journal_counts *c, const char *id)
{
	uint64_t *count = &c->others;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (after(id, kinds[i].prefix))
			count = (uint64_t *)(void *)((char *)c + kinds[i].count);
	(*count)++;
}
