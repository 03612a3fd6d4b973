/* Payments and withdrawals: what the journal did to them, and what their tables say. */
#include "replication/audit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct ulid nobody;

/* Which are there, of those that this answer tells. */
static int64_t told(const struct audit_row *r, const char *member)
{
	int64_t v = 0;

	return audit_body_number(r, member, &v) ? v : 0;
}

static void compare_answer(struct audit *a, const struct audit_row *r, const struct audit_slot *s)
{
	const struct {
		const char *member;
		int64_t expected;
	} amounts[] = {
	    {"authorized_amount", s->of.payment.journal.authorized},
	    {"captured_amount", s->of.payment.journal.captured},
	    {"refunded_amount", s->of.payment.journal.refunded},
	};
	char name[ID_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		audit_compare(a, AUDIT_ANSWER, r->seq, audit_slot_name(s, name), amounts[i].member, amounts[i].expected,
		    told(r, amounts[i].member));
}

/* The payer's and the payee's are those of the first movement. */
static void take_parties(struct audit *a, const struct audit_row *r, struct audit_slot *s, const struct ulid *payer,
    const struct ulid *payee)
{
	uint64_t parties = audit_hash(payer, payee);
	char name[ID_TEXT_BYTES];

	if (!r->has_debit)
		return;
	audit_currency(a, AUDIT_PAYMENT, s, r->seq, r->currency);
	if (s->of.payment.journal.parties && s->of.payment.journal.parties != parties)
		audit_tell(
		    a, AUDIT_PAYMENT, r->seq, audit_slot_name(s, name), "movement", "its payer and payee", "others");
	s->of.payment.journal.parties = parties;
}

static void make_payment(struct audit *a, const struct audit_row *r)
{
	struct audit_slot *s = r->has_id ? audit_slot(a, SLOT_PAYMENT, &r->id) : NULL;
	char name[ID_TEXT_BYTES];

	if (!s)
		return;
	if (s->flags & FLAG_MADE)
		audit_tell(a, AUDIT_PAYMENT, r->seq, audit_slot_name(s, name), "payment", "made once", "made again");
	s->flags |= FLAG_MADE;
	s->last_seq = r->seq;
	/* What is held back moves nothing, so that only the answer knows how much it is. */
	s->of.payment.journal.authorized = r->has_debit ? r->amount : told(r, "authorized_amount");
	s->of.payment.journal.captured = r->amount;
	s->of.payment.journal.fee = r->fee;
	s->state = r->has_debit ? STATE_SETTLED : STATE_HELD;
	take_parties(a, r, s, &r->debit, &r->credit);
	compare_answer(a, r, s);
}

/* A capture, a void or an expiry: what it let go is in the answer. */
static void act_on_payment(struct audit *a, const struct audit_row *r, struct audit_slot *s)
{
	int64_t rest;

	if (r->kind == KIND_PAYMENT_CAPTURE) {
		s->of.payment.journal.captured = audit_add(s->of.payment.journal.captured, r->amount);
		s->of.payment.journal.fee = audit_add(s->of.payment.journal.fee, r->fee);
		take_parties(a, r, s, &r->debit, &r->credit);
		s->of.payment.journal.voided = told(r, "voided_amount");
	}
	rest = audit_sub(
	    s->of.payment.journal.authorized, audit_add(s->of.payment.journal.captured, s->of.payment.journal.voided));
	if (r->kind == KIND_PAYMENT_CAPTURE) {
		s->state = rest ? STATE_HELD : STATE_SETTLED;
	} else {
		s->of.payment.journal.voided = audit_add(s->of.payment.journal.voided, rest);
		s->state = r->kind == KIND_PAYMENT_VOID ? STATE_VOIDED : STATE_EXPIRED;
	}
	compare_answer(a, r, s);
}

void audit_row_of_payment(struct audit *a, const struct audit_row *r)
{
	struct audit_slot *s;

	if (r->status >= 300)
		return;
	if (r->kind == KIND_PAYMENT_CREATE)
		make_payment(a, r);
	if (r->kind != KIND_REFUND_CREATE && r->kind != KIND_PAYMENT_CAPTURE && r->kind != KIND_PAYMENT_VOID &&
	    r->kind != KIND_PAYMENT_EXPIRE)
		return;
	s = r->has_subject ? audit_slot(a, SLOT_PAYMENT, &r->subject) : NULL;
	if (!s)
		return;
	s->last_seq = r->seq;
	if (r->kind == KIND_REFUND_CREATE) {
		s->of.payment.journal.refunded = audit_add(s->of.payment.journal.refunded, r->amount);
		take_parties(a, r, s, &r->credit, &r->debit);
	} else {
		act_on_payment(a, r, s);
	}
}

/* The status that lists go by follows from hold and amounts (gateway/payment.c). */
static unsigned status_of(const struct audit_amounts *p, unsigned hold)
{
	static const unsigned statuses[][2] = {
	    [STATE_HELD] = {1, 2}, [STATE_SETTLED] = {3, 3}, [STATE_VOIDED] = {6, 3}, [STATE_EXPIRED] = {7, 3}};

	if (p->refunded)
		return p->refunded == p->captured ? 5 : 4;
	return hold >= STATE_HELD && hold <= STATE_EXPIRED ? statuses[hold][p->captured > 0] : 0;
}

void audit_end_payment(struct audit *a, const struct audit_slot *s, const char *name)
{
	const struct audit_amounts *j = &s->of.payment.journal, *row = &s->of.payment.row;
	const struct {
		const char *what;
		int64_t expected, found;
	} values[] = {
	    {"authorized", j->authorized, row->authorized},
	    {"captured", j->captured, row->captured},
	    {"refunded", j->refunded, row->refunded},
	    {"voided", j->voided, row->voided},
	    {"fee", j->fee, row->fee},
	    {"hold", s->state, s->row_state},
	    {"status", status_of(row, s->row_state), s->row_status},
	    {"last_seq", (int64_t)s->last_seq, (int64_t)s->row_last_seq},
	};

	if (!(s->flags & FLAG_MADE)) {
		audit_tell(a, AUDIT_PAYMENT, s->row_last_seq, name, "journal", "an operation that made it", "none");
		return;
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		audit_compare(a, AUDIT_PAYMENT, s->last_seq, name, values[i].what, values[i].expected, values[i].found);
	if (j->parties && j->parties != row->parties)
		audit_tell(a, AUDIT_PAYMENT, 0, name, "payer and payee", "those of its movements", "others");
}

/* What the CHECK constraints say, too. */
static void check_amounts(struct audit *a, const struct audit_payment *p, const char *name)
{
	if (p->captured < 0 || p->voided < 0 || audit_add(p->captured, p->voided) > p->authorized)
		audit_tell(a, AUDIT_PAYMENT, 0, name, "captured + voided", "at most what was authorized", "more");
	if (p->refunded < 0 || p->refunded > p->captured || p->fee < 0 || p->fee > p->captured)
		audit_tell(a, AUDIT_PAYMENT, 0, name, "refunded, fee", "at most what was captured", "more");
}

static void check_expiry(struct audit *a, const struct audit_payment *p, const char *name)
{
	char expires[AUDIT_VALUE_BYTES], now[AUDIT_VALUE_BYTES];

	if (p->hold != STATE_HELD || (p->expires_us && a->head.last_us < AUDIT_HOLD_GRACE_US + p->expires_us))
		return;
	(void)snprintf(expires, sizeof(expires), "expired at %" PRIu64, p->expires_us);
	(void)snprintf(now, sizeof(now), "open at %" PRIu64, a->head.last_us);
	audit_tell(a, AUDIT_EXPIRY, 0, name, "hold", expires, now);
}

void audit_take_payment(struct audit *a, const struct audit_payment *p)
{
	struct audit_slot *s = audit_slot(a, SLOT_PAYMENT, &p->id), *side;
	int64_t rest = audit_sub(p->authorized, audit_add(p->captured, p->voided));
	char name[ID_TEXT_BYTES];

	if (p->hold == STATE_HELD) {
		side = audit_slot(a, SLOT_ACCOUNT, &p->payer);
		if (side)
			side->of.account.pending_out = audit_add(side->of.account.pending_out, rest);
		side = audit_slot(a, SLOT_ACCOUNT, &p->payee);
		if (side)
			side->of.account.pending_in = audit_add(side->of.account.pending_in, rest);
	}
	if (!s)
		return;
	s->flags |= FLAG_ROW;
	s->row_state = (uint8_t)p->hold;
	s->row_status = (uint8_t)p->status;
	s->row_last_seq = p->last_seq;
	s->of.payment.row = (struct audit_amounts){.authorized = p->authorized,
	    .captured = p->captured,
	    .refunded = p->refunded,
	    .voided = p->voided,
	    .fee = p->fee,
	    .parties = audit_hash(&p->payer, &p->payee)};
	(void)audit_slot_name(s, name);
	audit_currency(a, AUDIT_PAYMENT, s, 0, p->currency);
	check_amounts(a, p, name);
	check_expiry(a, p, name);
}

void audit_row_of_withdrawal(struct audit *a, const struct audit_row *r)
{
	const struct ulid *id = r->kind == KIND_WITHDRAWAL_CREATE ? &r->id : &r->subject;
	struct audit_slot *s;
	char name[ID_TEXT_BYTES];

	if (r->status >= 300 || r->kind < KIND_WITHDRAWAL_CREATE || r->kind > KIND_WITHDRAWAL_FAIL ||
	    !(r->kind == KIND_WITHDRAWAL_CREATE ? r->has_id : r->has_subject))
		return;
	s = audit_slot(a, SLOT_WITHDRAWAL, id);
	if (!s)
		return;
	s->last_seq = r->seq;
	if (r->kind == KIND_WITHDRAWAL_CREATE) {
		s->flags |= FLAG_MADE;
		s->state = STATE_PENDING;
		s->of.withdrawal.amount = told(r, "amount");
		return;
	}
	if (s->state != STATE_PENDING)
		audit_tell(a, AUDIT_WITHDRAWAL, r->seq, audit_slot_name(s, name), "status", "pending before it", "not");
	s->state = r->kind == KIND_WITHDRAWAL_CONFIRM ? STATE_SUCCEEDED : STATE_FAILED;
	audit_compare(a, AUDIT_WITHDRAWAL, r->seq, audit_slot_name(s, name), "amount paid",
	    s->state == STATE_SUCCEEDED ? s->of.withdrawal.amount : 0, r->amount);
	if (r->has_debit)
		s->of.withdrawal.account = audit_hash(&r->debit, &nobody);
}

void audit_take_withdrawal(struct audit *a, const struct audit_withdrawal *w)
{
	struct audit_slot *s = audit_slot(a, SLOT_WITHDRAWAL, &w->id), *side;

	side = w->status == STATE_PENDING ? audit_slot(a, SLOT_ACCOUNT, &w->account) : NULL;
	if (side)
		side->of.account.pending_out = audit_add(side->of.account.pending_out, w->amount);
	if (!s)
		return;
	s->flags |= FLAG_ROW;
	s->row_state = (uint8_t)w->status;
	s->row_last_seq = w->last_seq;
	s->of.withdrawal.row_amount = w->amount;
	s->of.withdrawal.row_account = audit_hash(&w->account, &nobody);
}

void audit_end_withdrawal(struct audit *a, const struct audit_slot *s, const char *name)
{
	if (!(s->flags & FLAG_MADE)) {
		audit_tell(a, AUDIT_WITHDRAWAL, s->row_last_seq, name, "journal", "an operation that made it", "none");
		return;
	}
	audit_compare(a, AUDIT_WITHDRAWAL, s->last_seq, name, "status", s->state, s->row_state);
	audit_compare(
	    a, AUDIT_WITHDRAWAL, s->last_seq, name, "amount", s->of.withdrawal.amount, s->of.withdrawal.row_amount);
	audit_compare(
	    a, AUDIT_WITHDRAWAL, s->last_seq, name, "last_seq", (int64_t)s->last_seq, (int64_t)s->row_last_seq);
	if (s->of.withdrawal.account && s->of.withdrawal.account != s->of.withdrawal.row_account)
		audit_tell(a, AUDIT_WITHDRAWAL, s->last_seq, name, "account", "that of its movement", "another");
}
