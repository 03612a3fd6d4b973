#include "gateway/page.h"

#include "gateway/account.h"
#include "gateway/cardguard.h"
#include "gateway/cursor.h"
#include "gateway/event.h"
#include "gateway/payment.h"
#include "gateway/withdrawal.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define VALUE_BYTES 1024

static const char *posted_word(uint8_t status)
{
	return status == 0 ? "posted" : NULL;
}

static const char *succeeded_word(uint8_t status)
{
	return status == 0 ? "succeeded" : NULL;
}

const struct page_kind page_kinds[] = {
    {OP_ENTRY_LIST, PAGE_CREATED, NULL},
    {OP_ACCOUNT_LIST, PAGE_STATUS | PAGE_CREATED, account_status_word},
    {OP_TRANSFER_LIST, PAGE_ACCOUNT | PAGE_STATUS | PAGE_REFERENCE | PAGE_CREATED, posted_word},
    {OP_TOPUP_LIST, PAGE_ACCOUNT | PAGE_STATUS | PAGE_REFERENCE | PAGE_CREATED, succeeded_word},
    {OP_EVENT_LIST, PAGE_TYPES, NULL},
    {OP_PAYMENT_LIST, PAGE_ACCOUNT | PAGE_STATUS | PAGE_REFERENCE | PAGE_CREATED, payment_status_word},
    {OP_WITHDRAWAL_LIST, PAGE_ACCOUNT | PAGE_STATUS | PAGE_CREATED, withdrawal_status_word},
    {OP_REFUND_LIST, PAGE_CREATED, NULL},
    {0, 0, NULL},
};

const struct page_kind *page_kind(uint8_t op)
{
	for (const struct page_kind *k = page_kinds; k->op; k++)
		if (k->op == op)
			return k;
	return NULL;
}

struct reading {
	struct op_message *m;
	const struct page_kind *kind;
	char *reference;
	const char *after; /* the cursor; read last, for it is bound to the filters */
	char after_text[VALUE_BYTES];
};

/* A row of the table below with what reads it. False: not a value for it. */
typedef bool reader(struct reading *r, const char *value);

static bool read_limit(struct reading *r, const char *value)
{
	unsigned n = 0;

	if (!*value || strlen(value) > 3)
		return false;
	for (; *value; value++) {
		if (*value < '0' || *value > '9')
			return false;
		n = n * 10 + (unsigned)(*value - '0');
	}
	r->m->op.page.limit = (uint8_t)n;
	return n >= 1 && n <= PAGE_LIMIT_MAX;
}

static bool read_after(struct reading *r, const char *value)
{
	memcpy(r->after_text, value, strlen(value) + 1);
	r->after = r->after_text;
	return true;
}

static bool read_account(struct reading *r, const char *value)
{
	r->m->op.page.has_account = 1;
	return id_parse(value, strlen(value), "acc_", &r->m->op.page.account);
}

static bool read_status(struct reading *r, const char *value)
{
	for (uint8_t i = 0; i < PAGE_STATUS_END; i++) {
		const char *word = r->kind->status_word(i);

		if (!word || strcmp(word, value) != 0)
			continue;
		r->m->op.page.has_status = 1;
		r->m->op.page.status = i;
		return true;
	}
	return false;
}

static bool read_reference(struct reading *r, const char *value)
{
	size_t chars = 0, bytes = strlen(value);

	for (size_t i = 0; i < bytes; i++)
		chars += (value[i] & 0xc0) != 0x80;
	if (chars < 1 || chars > PAGE_REFERENCE_CHARS_MAX || bytes > OP_REFERENCE_BYTES_MAX ||
	    cardguard_finds(value, bytes))
		return false;
	memcpy(r->reference, value, bytes + 1);
	r->m->text[OP_TEXT_REFERENCE] = r->reference;
	r->m->op.text_bytes[OP_TEXT_REFERENCE] = (uint32_t)bytes;
	r->m->op.has_reference = 1;
	return true;
}

/* Exactly `digits` of them, min to max. */
static bool read_number(const char **at, unsigned digits, int min, int max, int *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*ret = *ret * 10 + (**at - '0');
	}
	return *ret >= min && *ret <= max;
}

static bool skip(const char **at, char c)
{
	return *(*at)++ == c;
}

static bool read_fraction(const char **at, int *us)
{
	int scale = 100000;

	*us = 0;
	if (**at != '.')
		return true;
	(*at)++;
	if (**at < '0' || **at > '9')
		return false;
	for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
		*us += (**at - '0') * scale; /* what is finer is cut off */
	return true;
}

/* RFC 3339, from 1970 on. */
static bool read_time(const char *value, uint64_t *ret_us)
{
	struct tm tm = {0};
	int us, hours = 0, minutes = 0, sign = 0;
	int64_t seconds;
	const char *at = value;

	if (!read_number(&at, 4, 1970, 9999, &tm.tm_year) || !skip(&at, '-') ||
	    !read_number(&at, 2, 1, 12, &tm.tm_mon) || !skip(&at, '-') || !read_number(&at, 2, 1, 31, &tm.tm_mday) ||
	    !skip(&at, 'T') || !read_number(&at, 2, 0, 23, &tm.tm_hour) || !skip(&at, ':') ||
	    !read_number(&at, 2, 0, 59, &tm.tm_min) || !skip(&at, ':') || !read_number(&at, 2, 0, 60, &tm.tm_sec) ||
	    !read_fraction(&at, &us))
		return false;
	if (*at == '+' || *at == '-') {
		sign = *at++ == '+' ? 1 : -1;
		if (!read_number(&at, 2, 0, 23, &hours) || !skip(&at, ':') || !read_number(&at, 2, 0, 59, &minutes))
			return false;
	} else if (*at++ != 'Z') {
		return false;
	}
	if (*at)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	seconds = (int64_t)timegm(&tm) - sign * (hours * 3600 + minutes * 60);
	*ret_us = seconds < 0 ? 0 : (uint64_t)seconds * 1000000 + (uint64_t)us;
	return seconds >= 0;
}

static bool read_from(struct reading *r, const char *value)
{
	return read_time(value, &r->m->op.page.from_us);
}

static bool read_to(struct reading *r, const char *value)
{
	r->m->op.page.has_to = 1;
	return read_time(value, &r->m->op.page.to_us);
}

static bool read_types(struct reading *r, const char *value)
{
	char word[32];

	for (;;) {
		size_t n = strcspn(value, ",");
		uint8_t type;

		if (n >= sizeof(word))
			return false;
		memcpy(word, value, n);
		word[n] = '\0';
		type = event_parse(word);
		if (type == EVENT_NONE)
			return false;
		r->m->op.page.types |= UINT64_C(1) << type;
		if (!value[n])
			return true;
		value += n + 1;
	}
}

_Static_assert(EVENT_TYPE_END <= 64, "struct op_page has a bit for each type");

const struct page_parameter page_parameters[] = {
    {"limit", 0, PAGE_IS_LIMIT, "how many, 1 to 100 (20)"},
    {"after", 0, PAGE_IS_CURSOR, "next_cursor of the page before, with the same filters; of events also: latest"},
    {"account", PAGE_ACCOUNT, PAGE_IS_ACCOUNT, "only what touches this account, acc_..."},
    {"status", PAGE_STATUS, PAGE_IS_STATUS, "only those in this status"},
    {"reference", PAGE_REFERENCE, PAGE_IS_REFERENCE, "only those with exactly this reference, 1 to 64 characters"},
    {"created_from", PAGE_CREATED, PAGE_IS_FROM, "only from this moment on, RFC 3339"},
    {"created_to", PAGE_CREATED, PAGE_IS_TO, "only from before this moment, RFC 3339"},
    {"types", PAGE_TYPES, PAGE_IS_TYPES, "only these types of events, separated by commas"},
    {NULL, 0, PAGE_IS_LIMIT, NULL},
};

static reader *const readers[] = {
    [PAGE_IS_LIMIT] = read_limit,
    [PAGE_IS_CURSOR] = read_after,
    [PAGE_IS_ACCOUNT] = read_account,
    [PAGE_IS_STATUS] = read_status,
    [PAGE_IS_REFERENCE] = read_reference,
    [PAGE_IS_FROM] = read_from,
    [PAGE_IS_TO] = read_to,
    [PAGE_IS_TYPES] = read_types,
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: too long, '%' without two hex digits, or NUL. */
static bool decode(const char *from, size_t bytes, char to[static VALUE_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++) {
		char c = from[i];

		if (c == '%') {
			if (i + 2 >= bytes || hex_value(from[i + 1]) < 0 || hex_value(from[i + 2]) < 0)
				return false;
			c = (char)(hex_value(from[i + 1]) << 4 | hex_value(from[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (c == '\0' || n + 1 >= VALUE_BYTES)
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	return true;
}

/* The place of a parameter in the table that this list has; -1 none. */
static int find(const struct page_kind *kind, const char *name, size_t bytes)
{
	for (int i = 0; page_parameters[i].name; i++)
		if (strlen(page_parameters[i].name) == bytes && memcmp(page_parameters[i].name, name, bytes) == 0 &&
		    (!page_parameters[i].takes || (kind->takes & page_parameters[i].takes)))
			return i;
	return -1;
}

const char *page_unknown(const struct page_kind *kind, const char *query, size_t *bytes)
{
	while (*query) {
		size_t all = strcspn(query, "&");

		*bytes = strcspn(query, "=&");
		if (!kind || find(kind, query, *bytes) < 0)
			return query;
		query += all + (query[all] == '&');
	}
	return NULL;
}

/* What makes two queries the same list. Of events only that they are: types may change on the way. */
static void take_filters(struct op_message *m)
{
	struct op *op = &m->op;
	struct op_page p = op->page;
	uint8_t count = op->has_reference;
	crypto_generichash_state state;

	p.limit = 0;
	p.types = 0;
	(void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	(void)crypto_generichash_update(&state, &op->kind, sizeof(op->kind));
	(void)crypto_generichash_update(&state, op->subject.byte, sizeof(op->subject));
	(void)crypto_generichash_update(&state, (const unsigned char *)&p, sizeof(p));
	(void)crypto_generichash_update(&state, &count, sizeof(count));
	(void)crypto_generichash_update(
	    &state, (const unsigned char *)m->text[OP_TEXT_REFERENCE], op->text_bytes[OP_TEXT_REFERENCE]);
	(void)crypto_generichash_final(&state, op->fingerprint, HASH_BYTES);
}

static bool take_after(struct reading *r)
{
	struct op *op = &r->m->op;

	take_filters(r->m);
	if (!r->after)
		return true;
	if (op->kind == OP_EVENT_LIST && strcmp(r->after, "latest") == 0) {
		op->page.latest = 1;
		return true;
	}
	op->page.has_after = 1;
	return cursor_parse(r->after, op->kind, op->fingerprint, &op->page.after);
}

static bool refuse(enum problem_code which, const char *name, const char *says, enum problem_code *code,
    const char **param, const char **why)
{
	*code = which;
	*param = name;
	*why = says;
	return false;
}

bool page_read(const char *query, struct op_message *m, char reference[static OP_REFERENCE_BYTES_MAX + 1],
    enum problem_code *code, const char **param, const char **why)
{
	struct reading r = {.m = m, .kind = page_kind(m->op.kind), .reference = reference};
	char value[VALUE_BYTES];
	uint32_t seen = 0;

	assert(r.kind); /* only lists are asked for so (gateway/intake.c) */
	m->op.page = (struct op_page){.limit = PAGE_LIMIT_DEFAULT};
	m->text[OP_TEXT_REFERENCE] = "";
	for (const char *at = query; *at;) {
		size_t bytes = strcspn(at, "&"), name = strcspn(at, "=&");
		int i = find(r.kind, at, name);

		if (i < 0)
			return refuse(
			    PROBLEM_BAD_PARAMETER, NULL, "This list has no such query parameter.", code, param, why);
		if (seen & 1U << i)
			return refuse(PROBLEM_BAD_PARAMETER, page_parameters[i].name,
			    "The query parameter is there twice.", code, param, why);
		seen |= 1U << i;
		if (name == bytes || !decode(at + name + 1, bytes - name - 1, value) ||
		    !readers[page_parameters[i].is](&r, value))
			return refuse(PROBLEM_BAD_PARAMETER, page_parameters[i].name,
			    "The query parameter has no value that is allowed.", code, param, why);
		at += bytes + (at[bytes] == '&');
	}
	if (!take_after(&r))
		return refuse(PROBLEM_BAD_CURSOR, "after", "The cursor is damaged, or of a list with other filters.",
		    code, param, why);
	return true;
}

bool page_is_good(const struct op *op)
{
	return op->page.limit >= 1 && op->page.limit <= PAGE_LIMIT_MAX && op->page.status < PAGE_STATUS_END;
}
