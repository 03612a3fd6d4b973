#include "tests/chaos/check_dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 13

static bool is_null(const char *text)
{
	return strcmp(text, "NULL") == 0;
}

static bool number(const char *text, uint64_t *ret)
{
	char *end;

	if (is_null(text)) {
		*ret = 0;
		return true;
	}
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !errno && *text >= '0' && *text <= '9' && !*end;
}

static bool money(const char *text, int64_t *ret)
{
	char *end;

	if (is_null(text)) {
		*ret = 0;
		return true;
	}
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return !errno && *text && !*end;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* SIZE_MAX: no hexadecimal, or too much of it. */
static size_t bytes_of(const char *text, uint8_t *ret, size_t size)
{
	size_t n = 0;

	for (; text[0] && text[1] && n < size; text += 2, n++) {
		int high = digit(text[0]), low = digit(text[1]);

		if (high < 0 || low < 0)
			return SIZE_MAX;
		ret[n] = (uint8_t)(high << 4 | low);
	}
	return *text ? SIZE_MAX : n;
}

static bool identifier(const char *text, struct ulid *ret, bool *there)
{
	*there = !is_null(text);
	memset(ret, 0, sizeof(*ret));
	return !*there || bytes_of(text, ret->byte, sizeof(ret->byte)) == sizeof(ret->byte);
}

static bool small(const char *text, unsigned *ret)
{
	uint64_t wide;

	if (!number(text, &wide) || wide > 10000)
		return false;
	*ret = (unsigned)wide;
	return true;
}

static void *room_for_one(void *array, size_t used, size_t size)
{
	if (used & (used - 1))
		return array;
	return reallocarray(array, used ? used * 2 : 1, size);
}

static bool take_head(struct dump *d, char **m)
{
	return number(m[1], &d->next_seq) && number(m[2], &d->next_event);
}

static bool take_sum(struct dump *d, char **m)
{
	struct dump_sum *s = &d->sum[d->sums];

	if (d->sums == DUMP_SUMS_MAX || strlen(m[1]) >= sizeof(s->table) || !number(m[2], &s->sum))
		return false;
	d->sums++;
	(void)snprintf(s->table, sizeof(s->table), "%s", m[1]);
	return true;
}

static bool take_account(struct dump *d, char **m)
{
	struct dump_account *all = room_for_one(d->account, d->accounts, sizeof(*all)), *a;
	bool there;

	if (!all)
		return false;
	d->account = all;
	a = &all[d->accounts];
	*a = (struct dump_account){0};
	if (!identifier(m[1], &a->id, &there) || !there || strlen(m[2]) >= sizeof(a->currency) ||
	    !small(m[3], &a->kind) || !money(m[4], &a->posted) || !money(m[5], &a->pending_in) ||
	    !money(m[6], &a->pending_out) || !number(m[7], &a->last_seq))
		return false;
	(void)snprintf(a->currency, sizeof(a->currency), "%s", m[2]);
	d->accounts++;
	return true;
}

static bool take_sides(struct dump_row *r, char **m)
{
	bool has_debit, has_credit;

	if (!identifier(m[6], &r->debit, &has_debit) || !identifier(m[7], &r->credit, &has_credit) ||
	    has_debit != has_credit || !money(m[8], &r->amount) || !money(m[10], &r->debit_after) ||
	    !money(m[11], &r->credit_after))
		return false;
	r->moves = has_debit;
	if (!is_null(m[9]) && strlen(m[9]) < sizeof(r->currency))
		(void)snprintf(r->currency, sizeof(r->currency), "%s", m[9]);
	return true;
}

static bool take_journal(struct dump *d, char **m)
{
	struct dump_row *all = room_for_one(d->row, d->rows, sizeof(*all)), *r;
	size_t bytes;

	if (!all)
		return false;
	d->row = all;
	r = &all[d->rows];
	*r = (struct dump_row){0};
	if (!number(m[1], &r->seq) || !number(m[2], &r->event_seq) || !identifier(m[3], &r->id, &r->has_id) ||
	    !small(m[4], &r->kind) || !small(m[5], &r->status) || !take_sides(r, m))
		return false;
	bytes = is_null(m[12]) ? 0 : bytes_of(m[12], (uint8_t *)r->reference, sizeof(r->reference) - 1);
	r->reference[bytes == SIZE_MAX ? 0 : bytes] = '\0';
	d->rows++;
	return true;
}

static bool take_end(struct dump *d, char **m)
{
	(void)m;
	d->whole = true;
	return true;
}

static bool take_line(struct dump *d, char *line)
{
	static const struct {
		const char *word;
		size_t members;
		bool (*take)(struct dump *d, char **m);
	} kinds[] = {
	    {"head", 3, take_head},
	    {"sum", 3, take_sum},
	    {"account", 8, take_account},
	    {"journal", 13, take_journal},
	    {"end", 1, take_end},
	};
	char *m[MEMBERS_MAX + 1];
	size_t n = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *at = line; at && n <= MEMBERS_MAX; n++)
		m[n] = strsep(&at, "\t");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(m[0], kinds[i].word) == 0)
			return n == kinds[i].members && !d->whole && kinds[i].take(d, m);
	return false;
}

static int by_seq(const void *left, const void *right)
{
	const struct dump_row *l = left, *r = right;

	return l->seq < r->seq ? -1 : l->seq > r->seq;
}

static int by_id(const void *left, const void *right)
{
	const struct dump_account *l = left, *r = right;

	return memcmp(&l->id, &r->id, sizeof(l->id));
}

int dump_load(const char *path, struct dump *ret, struct errbuf *e)
{
	FILE *file = fopen(path, "re");
	unsigned long line = 0;
	char *bytes = NULL;
	size_t room = 0;
	int rc = 0;

	*ret = (struct dump){0};
	if (!file)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	while (!rc && getline(&bytes, &room, file) > 0) {
		line++;
		if (!take_line(ret, bytes))
			rc = err_set(e, -EBADMSG, "%s:%lu: not a line of a dump", path, line);
	}
	free(bytes);
	(void)fclose(file);
	if (!rc && !ret->whole)
		rc = err_set(e, -EBADMSG, "%s: the dump has no end", path);
	if (rc) {
		dump_free(ret);
		return rc;
	}
	if (ret->rows)
		qsort(ret->row, ret->rows, sizeof(*ret->row), by_seq);
	if (ret->accounts)
		qsort(ret->account, ret->accounts, sizeof(*ret->account), by_id);
	return 0;
}

void dump_free(struct dump *d)
{
	free(d->row);
	free(d->account);
	*d = (struct dump){0};
}

const struct dump_row *dump_row_at(const struct dump *d, uint64_t seq)
{
	struct dump_row wanted = {.seq = seq};

	return d->rows ? bsearch(&wanted, d->row, d->rows, sizeof(*d->row), by_seq) : NULL;
}

const struct dump_account *dump_account_of(const struct dump *d, const struct ulid *id)
{
	struct dump_account wanted = {.id = *id};

	return d->accounts ? bsearch(&wanted, d->account, d->accounts, sizeof(*d->account), by_id) : NULL;
}
