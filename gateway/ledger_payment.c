/* Payments: authorised or paid at once, captured, voided, expired, refunded. */
#include "gateway/guard.h"
#include "gateway/ledger_parts.h"

#include <string.h>

#define SECOND_US UINT64_C(1000000)

static void change(const struct ledger_input *in, struct ledger_decision *ret)
{
	in->payment->last_seq = in->next_seq;
	ret->payment_changed = true;
}

/* Frozen does not count for what was there before. False: refused. */
static bool fee_account_fits(
    const struct ledger_input *in, bool frozen_counts, struct text *body, struct ledger_decision *ret)
{
	if (in->fee->status == ACCOUNT_CLOSED)
		ledger_refuse_for_good(in, PROBLEM_ACCOUNT_CLOSED, "The fee account is closed.", "fee", body, ret);
	else if (in->fee->status == ACCOUNT_FROZEN && frozen_counts)
		ledger_refuse_for_good(in, PROBLEM_ACCOUNT_FROZEN, "The fee account is frozen.", "fee", body, ret);
	else
		return true;
	return false;
}

/* A hold with a fee is for a fee account that may have it; whether it has room for it is asked when it is captured. */
static bool hold_fits(
    const struct ledger_input *in, const struct payment *p, struct text *body, struct ledger_decision *ret)
{
	if (!p->has_fee || payment_fee(p->authorized, p->fee_bps, p->fee_fixed, true) == 0)
		return true;
	return LEDGER_OFF(L24_FEE_ACCOUNT_FIT_FOR_HOLD) || fee_account_fits(in, true, body, ret);
}

/* What `amount` leaves to the fee account, and whether that may have it. False: refused. */
static bool fee_fits(const struct ledger_input *in, const struct payment *p, int64_t amount, bool frozen_counts,
    int64_t *fee, struct text *body, struct ledger_decision *ret)
{
	const struct account *to = in->fee;

	*fee = p->has_fee ? payment_fee(amount, p->fee_bps, p->fee_fixed, p->captured == 0) : 0;
	if (*fee == 0)
		return true;
	if (!LEDGER_GUARD(L20_FEE_WITHIN_CAPTURE, *fee <= amount))
		ledger_refuse(
		    in, PROBLEM_VALIDATION_FAILED, "The fee is more than what is captured.", "amount", body, ret);
	else if (!fee_account_fits(in, frozen_counts, body, ret))
		return false;
	else if (!account_allows_in(to, *fee))
		ledger_refuse_for_good(
		    in, PROBLEM_LIMIT_EXCEEDED, "The fee account's max_balance would be exceeded.", "fee", body, ret);
	else
		return true;
	return false;
}

/* payer to payee, and from there the fee. */
static void post(
    const struct ledger_input *in, struct payment *p, int64_t amount, int64_t fee, struct ledger_decision *ret)
{
	ledger_post(in, in->from, in->to, amount, ret);
	p->captured += amount;
	if (fee == 0)
		return;
	if (!LEDGER_OFF(L25_FEE_ACCOUNT_WRITTEN))
		ledger_touch(in, in->fee, ret);
	in->to->posted -= LEDGER_OFF(L14_FEE_IS_PAID) ? 0 : fee;
	in->fee->posted += fee;
	p->fee += fee;
	ret->moved.fee = in->fee;
	ret->moved.fee_amount = fee;
	ret->moved.fee_after = in->fee->posted;
}

/* Neither held back any more nor promised. */
static void release(const struct ledger_input *in, int64_t amount, struct ledger_decision *ret)
{
	in->from->pending_out -= amount;
	in->to->pending_in -= amount;
	ledger_touch(in, in->from, ret);
	ledger_touch(in, in->to, ret);
}

static void take_terms(const struct ledger_input *in, struct payment *p)
{
	const struct op_message *m = in->message;

	*p = (struct payment){
	    .payer = m->op.from,
	    .payee = m->op.to,
	    .hold = m->op.manual ? HOLD_OPEN : HOLD_SETTLED,
	    .has_fee = m->op.has_fee,
	    .fee_bps = m->op.fee_bps,
	    .fee_fixed = m->op.fee_fixed,
	    .authorized = m->op.amount,
	    .last_seq = in->next_seq,
	    .created_us = in->now_us,
	    .expires_us = m->op.manual ? in->now_us + m->op.hold_seconds * SECOND_US : 0,
	    .reference = m->text[OP_TEXT_REFERENCE],
	    .reference_bytes = m->op.text_bytes[OP_TEXT_REFERENCE],
	    .metadata = m->text[OP_TEXT_METADATA],
	    .metadata_bytes = m->op.text_bytes[OP_TEXT_METADATA],
	};
	memcpy(p->currency, m->op.currency, sizeof(p->currency));
}

/* What has nothing to do with the state of anything. */
static bool makes_sense(
    const struct ledger_input *in, const struct payment *p, struct text *body, struct ledger_decision *ret)
{
	if (in->from == in->to)
		ledger_refuse(
		    in, PROBLEM_VALIDATION_FAILED, "Payer and payee are the same account.", "payee", body, ret);
	else if (p->has_fee && in->to == in->fee)
		ledger_refuse(in, PROBLEM_VALIDATION_FAILED, "The fee account pays no fee.", "fee", body, ret);
	else if (p->has_fee && payment_fee(p->authorized, p->fee_bps, p->fee_fixed, true) > p->authorized)
		ledger_refuse(in, PROBLEM_VALIDATION_FAILED, "The fee is more than the amount.", "fee", body, ret);
	else
		return true;
	return false;
}

void ledger_payment_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	struct payment *p = &ret->payment;
	int64_t amount = in->message->op.amount, fee = 0;
	bool held = in->message->op.manual;

	take_terms(in, p);
	if (!makes_sense(in, p, body, ret) ||
	    !ledger_sides_fit(
		in, (struct ledger_side[]){{in->from, "payer"}, {in->to, "payee"}}, true, p->currency, body, ret) ||
	    !(held ? hold_fits(in, p, body, ret) : fee_fits(in, p, amount, true, &fee, body, ret)) ||
	    !ledger_allows(in, in->from, in->to, amount, body, ret))
		return;
	ledger_create(in, held ? EVENT_PAYMENT_AUTHORIZED : EVENT_PAYMENT_CAPTURED, ret);
	p->id = ret->id;
	if (held)
		release(in, -amount, ret);
	else
		post(in, p, amount, fee, ret);
	payment_render(body, p);
}

/* False: refused, for the state that the hold is in now does not allow it. */
static bool hold_allows(
    const struct ledger_input *in, enum hold_act act, struct text *body, struct ledger_decision *ret)
{
	uint8_t hold = payment_hold_at(in->payment, in->now_us);

	if (payment_next_hold(hold, act))
		return true;
	if (hold == HOLD_EXPIRED)
		ledger_refuse_for_good(in, PROBLEM_HOLD_EXPIRED, "The hold has expired.", NULL, body, ret);
	else
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT, "Nothing is held back any more.", NULL, body, ret);
	return false;
}

void ledger_payment_capture(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	struct payment *p = in->payment;
	int64_t rest = payment_rest(p), amount = in->message->op.amount ? in->message->op.amount : rest, fee;
	bool finishes = in->message->op.final || amount == rest;

	if (!hold_allows(in, finishes ? HOLD_FINISH : HOLD_CAPTURE, body, ret))
		return;
	if (!LEDGER_GUARD(L02_CAPTURE_WITHIN_REST, amount <= rest)) {
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT, "Less than that is held back.", "amount", body, ret);
		return;
	}
	if (!fee_fits(in, p, amount, false, &fee, body, ret))
		return;
	ledger_change(in, EVENT_PAYMENT_CAPTURED, ret);
	change(in, ret);
	p->hold = payment_next_hold(p->hold, finishes ? HOLD_FINISH : HOLD_CAPTURE);
	p->voided += finishes ? rest - amount : 0;
	release(in, finishes && !LEDGER_OFF(L04_FINAL_RELEASES) ? rest : amount, ret);
	post(in, p, amount, fee, ret);
	payment_render(body, p);
}

static void let_go(
    const struct ledger_input *in, enum hold_act act, uint8_t event, struct text *body, struct ledger_decision *ret)
{
	struct payment *p = in->payment;
	int64_t rest = payment_rest(p);

	ledger_change(in, event, ret);
	change(in, ret);
	p->hold = payment_next_hold(p->hold, act);
	p->voided += rest;
	release(in, rest, ret);
	payment_render(body, p);
}

void ledger_payment_void(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	if (hold_allows(in, HOLD_VOID, body, ret))
		let_go(in, HOLD_VOID, EVENT_PAYMENT_VOIDED, body, ret);
}

void ledger_payment_expire(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	if (in->payment->hold == HOLD_OPEN && in->now_us >= in->payment->expires_us)
		let_go(in, HOLD_EXPIRE, EVENT_PAYMENT_EXPIRED, body, ret);
	else /* nobody waits for this answer, and nothing is stored */
		ledger_refuse(in, PROBLEM_STATE_CONFLICT, "The hold has not expired.", NULL, body, ret);
}

static void render_refund(const struct ledger_input *in, int64_t amount, const struct ulid *id, struct text *t)
{
	const struct op_message *m = in->message;

	ledger_put_id(t, "{\"object\":\"refund\",\"id\":\"", "ref_", id);
	ledger_put_id(t, ",\"status\":\"succeeded\",\"payment\":\"", "pay_", &in->payment->id);
	ledger_put_money(t, amount, in->payment->currency);
	text_puts(t, ",\"reason\":");
	ledger_put_text(t, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], m->op.has_reference);
	text_puts(t, ",\"created_at\":");
	text_put_time(t, in->now_us);
	text_puts(t, "}");
}

void ledger_refund_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	struct payment *p = in->payment;
	int64_t left = p->captured - p->refunded, amount = in->message->op.amount ? in->message->op.amount : left;

	if (!ledger_sides_fit(in, (struct ledger_side[]){{in->to, NULL}, {in->from, NULL}}, false, NULL, body, ret))
		return;
	if (left == 0) {
		ledger_refuse_for_good(
		    in, PROBLEM_STATE_CONFLICT, "Nothing is left that could be refunded.", NULL, body, ret);
		return;
	}
	if (!LEDGER_GUARD(L03_REFUND_WITHIN_CAPTURED, amount <= left)) {
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT, "Less than that was captured and not refunded yet.",
		    "amount", body, ret);
		return;
	}
	if (!ledger_allows(in, in->to, in->from, amount, body, ret))
		return;
	ledger_create(in, EVENT_REFUND_SUCCEEDED, ret);
	change(in, ret);
	p->refunded += amount;
	ledger_post(in, in->to, in->from, amount, ret);
	render_refund(in, amount, &ret->id, body);
}
