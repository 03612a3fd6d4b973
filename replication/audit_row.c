/* Rows of the journal: what must be so of each by itself and after the one before it, and what it does to accounts. */
#include "replication/audit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MEMBER_BYTES 64

static const struct {
	unsigned kind;
	const char *prefix;
} prefixes[] = {
    {KIND_ACCOUNT_CREATE, "acc_"},
    {KIND_ACCOUNT_FREEZE, "acc_"},
    {KIND_ACCOUNT_UNFREEZE, "acc_"},
    {KIND_ACCOUNT_CLOSE, "acc_"},
    {KIND_TOPUP_CREATE, "top_"},
    {KIND_TRANSFER_CREATE, "tr_"},
    {KIND_TRANSFER_REVERSE, "tr_"},
    {KIND_PAYMENT_CREATE, "pay_"},
    {KIND_PAYMENT_CAPTURE, "pay_"},
    {KIND_PAYMENT_VOID, "pay_"},
    {KIND_PAYMENT_EXPIRE, "pay_"},
    {KIND_REFUND_CREATE, "ref_"},
    {KIND_WITHDRAWAL_CREATE, "wd_"},
    {KIND_WITHDRAWAL_CONFIRM, "wd_"},
    {KIND_WITHDRAWAL_FAIL, "wd_"},
    {KIND_USER_CREATE, "usr_"},
};

const char *audit_prefix(unsigned kind)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (prefixes[i].kind == kind)
			return prefixes[i].prefix;
	return NULL;
}

bool audit_body_number(const struct audit_row *r, const char *member, int64_t *ret)
{
	char name[MEMBER_BYTES];
	const char *at, *end;
	int n = snprintf(name, sizeof(name), "\"%s\":", member);
	int64_t v = 0;

	at = r->body_bytes ? memmem(r->body, r->body_bytes, name, (size_t)n) : NULL;
	if (!at)
		return false;
	at += n;
	end = r->body + r->body_bytes;
	if (at == end || *at < '0' || *at > '9')
		return false;
	/* Amounts have 16 digits at most; what has more is wrong, and may come out as anything. */
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		v = (int64_t)((uint64_t)v * 10 + (uint64_t)(*at - '0'));
	*ret = v;
	return true;
}

/* An answer begins with what it is about: its kind and its id, or how it was refused. */
static void check_answer(struct audit *a, const struct audit_row *r)
{
	const char *prefix = audit_prefix(r->kind);
	char id[ID_TEXT_BYTES], want[AUDIT_VALUE_BYTES], found[AUDIT_VALUE_BYTES];
	const struct ulid *of = r->has_id ? &r->id : &r->subject;

	if (r->replay_of || r->kind == KIND_TRANSFER_BATCH)
		return;
	if (r->status >= 300)
		(void)snprintf(want, sizeof(want), "\"status\":%u,", r->status);
	else if (prefix && (r->has_id || r->has_subject))
		(void)snprintf(want, sizeof(want), "\"id\":\"%s\"", id_format(prefix, of, id));
	else
		return;
	if (r->body_bytes && memmem(r->body, r->body_bytes, want, strlen(want)))
		return;
	(void)snprintf(found, sizeof(found), "%.*s", (int)r->body_bytes, r->body ? r->body : "");
	audit_tell(a, AUDIT_ANSWER, r->seq, "", "body", want, found);
}

/* A number that is behind is not counted on from: the next ones are right again. */
static void check_event(struct audit *a, const struct audit_row *r)
{
	if (!r->event != !r->event_seq || (r->event && r->status >= 300))
		audit_tell(a, AUDIT_EVENT, r->seq, "", "event", "type and number, of what was done", "not both");
	else if (!r->event && r->has_id)
		audit_tell(a, AUDIT_EVENT, r->seq, "", "event", "one, for something was made", "none");
	if (!r->event_seq)
		return;
	audit_compare(a, AUDIT_EVENT, r->seq, "", "event_seq", (int64_t)a->next_event, (int64_t)r->event_seq);
	if (r->event_seq >= a->next_event)
		a->next_event = r->event_seq + 1;
}

static void check_order(struct audit *a, const struct audit_row *r)
{
	char value[AUDIT_VALUE_BYTES], found[AUDIT_VALUE_BYTES];

	audit_compare(a, AUDIT_SEQUENCE, r->seq, "", "seq", (int64_t)a->next_seq, (int64_t)r->seq);
	a->next_seq = r->seq + 1;
	if (r->batch_seq < a->last_batch || r->batch_seq > a->head.batch_seq) {
		(void)snprintf(value, sizeof(value), "%" PRIu64 " to %" PRIu64, a->last_batch, a->head.batch_seq);
		(void)snprintf(found, sizeof(found), "%" PRIu64, r->batch_seq);
		audit_tell(a, AUDIT_BATCH, r->seq, "", "batch_seq", value, found);
	}
	if (r->batch_seq > a->last_batch && r->batch_seq <= a->head.batch_seq)
		a->last_batch = r->batch_seq;
	if (r->created_us < a->last_us || r->created_us > a->head.last_us) {
		(void)snprintf(value, sizeof(value), "%" PRIu64 " to %" PRIu64, a->last_us, a->head.last_us);
		(void)snprintf(found, sizeof(found), "%" PRIu64, r->created_us);
		audit_tell(a, AUDIT_TIME, r->seq, "", "created_us", value, found);
	}
	if (r->created_us > a->last_us && r->created_us <= a->head.last_us)
		a->last_us = r->created_us;
}

static void check_movement(struct audit *a, const struct audit_row *r)
{
	const char *bad = NULL;

	if (r->has_debit != r->has_credit || r->has_debit != (r->amount != 0))
		bad = "two sides and an amount";
	else if (r->has_debit && ulid_equal(&r->debit, &r->credit))
		bad = "two accounts";
	else if (r->amount < 0 || r->fee < 0 || r->fee > r->amount)
		bad = "an amount above 0, and no fee above it";
	else if (r->has_fee_account != (r->fee != 0))
		bad = "a fee and its account";
	else if (r->amount && r->status >= 300)
		bad = "no movement, for it was refused";
	if (bad)
		audit_tell(a, AUDIT_MOVEMENT, r->seq, "", "movement", bad, "something else");
	if (r->replay_of && (r->replay_of >= r->seq || r->kind != KIND_TOPUP_CREATE || r->amount))
		audit_tell(
		    a, AUDIT_REVERSAL, r->seq, "", "replay_of", "an earlier top-up, and no movement", "something else");
	if (r->kind == KIND_TRANSFER_REVERSE && r->status < 300 && !r->has_reverses)
		audit_tell(a, AUDIT_REVERSAL, r->seq, "", "reverses", "a transfer", "none");
}

/* One side of a movement. An entry that is wrong is told once: the next one is held against what it says, or against the sum. */
static void take_leg(struct audit *a, const struct audit_row *r, const struct ulid *id, int64_t amount,
    const int64_t *after, const char *what)
{
	struct audit_slot *s = audit_slot(a, SLOT_ACCOUNT, id);
	char name[ID_TEXT_BYTES], want[AUDIT_VALUE_BYTES];
	int64_t expected;

	if (!s)
		return;
	audit_currency(a, AUDIT_MOVEMENT, s, r->seq, r->currency);
	expected = audit_add(s->of.account.after, amount);
	s->of.account.posted = audit_add(s->of.account.posted, amount);
	s->flags |= FLAG_MOVED;
	s->last_seq = r->seq;
	if (!after) {
		(void)snprintf(want, sizeof(want), "%" PRId64, expected);
		audit_tell(a, AUDIT_AFTER, r->seq, audit_slot_name(s, name), what, want, "NULL");
	} else if (*after != expected && *after != s->of.account.posted) {
		audit_compare(a, AUDIT_AFTER, r->seq, audit_slot_name(s, name), what, expected, *after);
	}
	s->of.account.after = after ? *after : expected;
}

static void take_movement(struct audit *a, const struct audit_row *r)
{
	struct audit_slot *s;

	if (!r->has_debit || !r->has_credit)
		return;
	take_leg(a, r, &r->debit, audit_sub(0, r->amount), r->has_debit_after ? &r->debit_after : NULL, "debit_after");
	take_leg(a, r, &r->credit, r->amount, r->has_credit_after ? &r->credit_after : NULL, "credit_after");
	if (!r->has_fee_account)
		return;
	/* credit_after is the one before the fee left it (etc/schema/002-payments.sql). */
	s = audit_slot(a, SLOT_ACCOUNT, &r->credit);
	if (s) {
		s->of.account.posted = audit_sub(s->of.account.posted, r->fee);
		s->of.account.after = audit_sub(s->of.account.after, r->fee);
	}
	take_leg(a, r, &r->fee_account, r->fee, r->has_fee_after ? &r->fee_after : NULL, "fee_after");
}

static void take_account_change(struct audit *a, const struct audit_row *r)
{
	struct audit_slot *s;

	if (r->status >= 300 || !(r->kind == KIND_ACCOUNT_CREATE ? r->has_id : r->has_subject))
		return;
	switch (r->kind) {
	case KIND_ACCOUNT_CREATE:
	case KIND_ACCOUNT_FREEZE:
	case KIND_ACCOUNT_UNFREEZE:
	case KIND_ACCOUNT_CLOSE: break;
	default: return;
	}
	s = audit_slot(a, SLOT_ACCOUNT, r->kind == KIND_ACCOUNT_CREATE ? &r->id : &r->subject);
	if (!s)
		return;
	if (r->kind == KIND_ACCOUNT_CREATE)
		s->flags |= FLAG_MADE;
	s->state = r->kind == KIND_ACCOUNT_FREEZE  ? STATE_FROZEN
		   : r->kind == KIND_ACCOUNT_CLOSE ? STATE_CLOSED
						   : STATE_OPEN;
	if (r->event)
		s->last_seq = r->seq;
}

void audit_check_row(struct audit *a, const struct audit_row *r)
{
	check_order(a, r);
	check_event(a, r);
	check_answer(a, r);
	check_movement(a, r);
}

void audit_take_row(struct audit *a, const struct audit_row *r)
{
	if (a->slice == 0)
		audit_check_row(a, r);
	take_movement(a, r);
	take_account_change(a, r);
	audit_row_of_payment(a, r);
	audit_row_of_withdrawal(a, r);
}
