#include "replication/audit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOAD_PERCENT 75 /* of the slots are used at most */

static const struct {
	const char *word, *truth;
} checks[AUDIT_CHECK_END] = {
#define X(name, word, truth) [name] = {word, truth},
    AUDIT_CHECKS(X)
#undef X
};

const char *audit_check_word(enum audit_check check)
{
	return checks[check].word;
}

const char *audit_check_truth(enum audit_check check)
{
	return checks[check].truth;
}

size_t audit_slots(size_t bytes)
{
	return bytes > sizeof(struct audit_slot) ? bytes / sizeof(struct audit_slot) : 1;
}

static size_t usable(size_t slots)
{
	return slots / 100 * LOAD_PERCENT + slots % 100 * LOAD_PERCENT / 100;
}

/* An eighth stays free: slices are not of the same size. */
unsigned audit_slices(uint64_t objects, size_t slots)
{
	uint64_t each = usable(slots) - usable(slots) / 8;

	return each ? (unsigned)((objects + each - 1) / each + (objects == 0)) : 1;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t hash_of(const struct ulid *id)
{
	uint64_t half[2];

	memcpy(half, id, sizeof(half));
	return mix(half[0] + mix(half[1]));
}

uint64_t audit_hash(const struct ulid *one, const struct ulid *other)
{
	uint64_t h = mix(hash_of(one) + 1) ^ hash_of(other);

	return h ? h : 1;
}

int64_t audit_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

int64_t audit_sub(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

struct audit_slot *audit_slot(struct audit *a, uint8_t kind, const struct ulid *id)
{
	uint64_t h = hash_of(id);
	struct audit_slot *s;

	if (h % a->slices != a->slice)
		return NULL;
	for (size_t i = (size_t)(h / a->slices % a->slot_count);; i = (i + 1) % a->slot_count) {
		s = &a->slots[i];
		if (s->kind == SLOT_NONE)
			break;
		if (s->kind == kind && ulid_equal(&s->id, id))
			return s;
	}
	if (a->used >= usable(a->slot_count)) {
		a->full = true;
		return NULL;
	}
	a->used++;
	*s = (struct audit_slot){.id = *id, .kind = kind};
	return s;
}

/* What is in a row may be anything: for a terminal, and for JSON, only what is printed. */
static void put(char *ret, size_t size, const char *text)
{
	(void)snprintf(ret, size, "%s", text);
	for (; *ret; ret++)
		if (*ret < ' ' || *ret > '~')
			*ret = '?';
}

void audit_tell(struct audit *a, enum audit_check check, uint64_t seq, const char *of, const char *what,
    const char *expected, const char *found)
{
	struct audit_finding f = {.check = check, .seq = seq, .what = what};

	put(f.of, sizeof(f.of), of);
	put(f.expected, sizeof(f.expected), expected);
	put(f.found, sizeof(f.found), found);
	a->findings[check]++;
	a->tell(a->userdata, &f);
}

void audit_compare(struct audit *a, enum audit_check check, uint64_t seq, const char *of, const char *what,
    int64_t expected, int64_t found)
{
	char want[AUDIT_VALUE_BYTES], got[AUDIT_VALUE_BYTES];

	if (expected == found)
		return;
	(void)snprintf(want, sizeof(want), "%" PRId64, expected);
	(void)snprintf(got, sizeof(got), "%" PRId64, found);
	audit_tell(a, check, seq, of, what, want, got);
}

const char *audit_slot_name(const struct audit_slot *s, char buf[static ID_TEXT_BYTES])
{
	static const char *const prefixes[] = {"", "acc_", "pay_", "wd_"};

	return id_format(prefixes[s->kind], &s->id, buf);
}

void audit_currency(struct audit *a, enum audit_check check, struct audit_slot *s, uint64_t seq, const char *currency)
{
	char name[ID_TEXT_BYTES];

	if (!s->currency[0])
		memcpy(s->currency, currency, sizeof(s->currency));
	else if (strcmp(s->currency, currency) != 0)
		audit_tell(a, check, seq, audit_slot_name(s, name), "currency", s->currency, currency);
}

void audit_begin(struct audit *a, unsigned slice, unsigned slices)
{
	memset(a->slots, 0, a->slot_count * sizeof(*a->slots));
	a->used = 0;
	a->slice = slice;
	a->slices = slices;
	a->full = false;
	a->next_seq = a->next_event = 1;
	a->last_batch = a->last_us = 0;
	a->currency_count = 0;
}

static void add_to_currency(struct audit *a, const struct audit_account *c)
{
	size_t i = 0;

	while (i < a->currency_count && strcmp(a->currency[i].code, c->currency) != 0)
		i++;
	if (i == AUDIT_CURRENCIES_MAX) {
		a->full = true;
		return;
	}
	if (i == a->currency_count) {
		memcpy(a->currency[i].code, c->currency, sizeof(c->currency));
		a->currency[i].sum = 0;
		a->currency_count++;
	}
	a->currency[i].sum += (uint64_t)c->posted;
}

/* What the CHECK constraints say, too. */
static void check_limits(struct audit *a, const struct audit_account *c, const char *name)
{
	char value[AUDIT_VALUE_BYTES];

	if (c->has_min && audit_sub(c->posted, c->pending_out) < c->min_balance) {
		(void)snprintf(value, sizeof(value), "at least %" PRId64, c->min_balance);
		audit_tell(a, AUDIT_ACCOUNT, 0, name, "posted - pending_out", value, "less");
	}
	if (c->has_max && audit_add(c->posted, c->pending_in) > c->max_balance) {
		(void)snprintf(value, sizeof(value), "at most %" PRId64, c->max_balance);
		audit_tell(a, AUDIT_ACCOUNT, 0, name, "posted + pending_in", value, "more");
	}
}

void audit_take_account(struct audit *a, const struct audit_account *c)
{
	struct audit_slot *s = audit_slot(a, SLOT_ACCOUNT, &c->id);
	char name[ID_TEXT_BYTES];

	if (a->slice == 0)
		add_to_currency(a, c);
	if (!s)
		return;
	audit_currency(a, AUDIT_MOVEMENT, s, 0, c->currency);
	s->of.account.row_posted = c->posted;
	s->of.account.row_pending_in = c->pending_in;
	s->of.account.row_pending_out = c->pending_out;
	s->row_state = (uint8_t)c->status;
	s->row_last_seq = c->last_seq;
	check_limits(a, c, audit_slot_name(s, name));
	s->flags |= FLAG_ROW;
}

static void end_account(struct audit *a, const struct audit_slot *s, const char *name)
{
	audit_compare(a, AUDIT_BALANCE, s->last_seq, name, "posted", s->of.account.posted, s->of.account.row_posted);
	audit_compare(
	    a, AUDIT_PENDING_IN, 0, name, "pending_in", s->of.account.pending_in, s->of.account.row_pending_in);
	audit_compare(
	    a, AUDIT_PENDING_OUT, 0, name, "pending_out", s->of.account.pending_out, s->of.account.row_pending_out);
	audit_compare(a, AUDIT_ACCOUNT, s->last_seq, name, "status", s->state, s->row_state);
	if (s->row_last_seq < s->last_seq || s->row_last_seq >= a->head.next_seq)
		audit_compare(a, AUDIT_ACCOUNT, 0, name, "last_seq", (int64_t)s->last_seq, (int64_t)s->row_last_seq);
}

/* What the journal made of each, and what its table says. Of what the journal names, all must have been in a table. */
static void end_slots(struct audit *a)
{
	static const char *const tables[] = {"", "account", "payment", "withdrawal"};
	char name[ID_TEXT_BYTES];

	for (size_t i = 0; i < a->slot_count; i++) {
		const struct audit_slot *s = &a->slots[i];
		enum audit_check check =
		    s->kind == SLOT_ACCOUNT && !(s->flags & FLAG_MADE) ? AUDIT_MOVEMENT : AUDIT_RESOURCE;

		if (s->kind == SLOT_NONE)
			continue;
		(void)audit_slot_name(s, name);
		if (!(s->flags & FLAG_ROW))
			audit_tell(a, check, s->last_seq, name, tables[s->kind], "a row", "none");
		else if (s->kind == SLOT_ACCOUNT)
			end_account(a, s, name);
		else if (s->kind == SLOT_PAYMENT)
			audit_end_payment(a, s, name);
		else
			audit_end_withdrawal(a, s, name);
	}
}

void audit_end(struct audit *a)
{
	end_slots(a);
	if (a->slice != 0)
		return;
	audit_compare(a, AUDIT_SEQUENCE, 0, "ledger_head", "next_seq", (int64_t)a->next_seq, (int64_t)a->head.next_seq);
	audit_compare(
	    a, AUDIT_EVENT, 0, "ledger_head", "next_event", (int64_t)a->next_event, (int64_t)a->head.next_event);
	for (size_t i = 0; i < a->currency_count; i++)
		audit_compare(
		    a, AUDIT_CURRENCY, 0, a->currency[i].code, "sum of posted", 0, (int64_t)a->currency[i].sum);
}
