/* The naive ledger: payments. */
#include "tests/differential/naive_parts.h"

static wide fee_of(const struct deal *d, wide amount, bool first)
{
	wide parts = amount * d->bps, whole = parts / 10000, rest = parts % 10000;

	if (!d->has_fee)
		return 0;
	if (rest * 2 > 10000 || (rest * 2 == 10000 && whole % 2 == 1))
		whole += 1;
	return first ? whole + d->fixed : whole;
}

static struct verdict check_fee(const struct naive *n, const struct deal *d, wide amount, wide fee, bool is_new)
{
	int account = FEES(d->currency);

	if (fee == 0)
		return naive_fine;
	if (fee > amount)
		return naive_refusal(422, "validation_failed");
	MUST(naive_check_open(n, account, account));
	if (is_new)
		MUST(naive_check_thawed(n, account, account));
	return naive_check_room(n, account, fee);
}

static void take(struct naive *n, int payment, wide amount, wide fee)
{
	const struct deal *d = &n->deal[payment];
	struct fact *f;

	naive_move(n, d->payer, d->payee, amount);
	if (fee)
		naive_move(n, d->payee, FEES(d->currency), fee);
	f = naive_fact(n, NOTHING, payment);
	f->captured = amount;
	f->fee = fee;
}

/* Held back, with a negative amount no more. */
static void hold(struct naive *n, int payment, wide amount)
{
	naive_fact(n, n->deal[payment].payer, NOTHING)->out = amount;
	naive_fact(n, n->deal[payment].payee, NOTHING)->in = amount;
}

struct verdict naive_pay(struct naive *n, const struct step *s, uint64_t now_us)
{
	struct deal *d = &n->deal[n->deals];
	wide fee;

	if (s->from == NOTHING || s->to == NOTHING)
		return naive_refusal(404, "not_found");
	MUST(naive_check_owner(n, s, s->from));
	*d = (struct deal){.payer = s->from,
	    .payee = s->to,
	    .currency = s->currency,
	    .manual = s->manual,
	    .has_fee = s->has_fee,
	    .bps = s->bps,
	    .fixed = s->fixed,
	    .end = s->manual ? HELD : DONE};
	fee = fee_of(d, s->amount, true);
	if (s->from == s->to || fee > s->amount || (s->has_fee && s->to == FEES(s->currency)))
		return naive_refusal(422, "validation_failed");
	MUST(naive_check_open(n, s->from, s->to));
	MUST(naive_check_thawed(n, s->from, s->to));
	MUST(naive_check_currency(n, s->from, s->to, s->currency));
	if (!s->manual) {
		MUST(check_fee(n, d, s->amount, fee, true));
	} else if (fee > 0) {
		MUST(naive_check_open(n, FEES(s->currency), FEES(s->currency)));
		MUST(naive_check_thawed(n, FEES(s->currency), FEES(s->currency)));
	}
	MUST(naive_check_room(n, s->to, s->amount));
	MUST(naive_check_money(n, s->from, s->amount));
	n->deals++;
	naive_fact(n, NOTHING, n->deals - 1)->authorised = s->amount;
	if (s->manual) {
		d->expires_us = now_us + (uint64_t)s->seconds * 1000000;
		hold(n, n->deals - 1, s->amount);
		return naive_success(201, EVENT_PAYMENT_AUTHORIZED);
	}
	take(n, n->deals - 1, s->amount, fee);
	return naive_success(201, EVENT_PAYMENT_CAPTURED);
}

/* May the hold be captured or voided? */
static struct verdict check_held(const struct deal *d, uint64_t now_us)
{
	if (d->end == RUN_OUT || (d->end == HELD && d->expires_us <= now_us))
		return naive_refusal(409, "hold_expired");
	return d->end == HELD ? naive_fine : naive_refusal(409, "state_conflict");
}

struct verdict naive_capture(struct naive *n, const struct step *s, uint64_t now_us)
{
	struct deal *d = &n->deal[s->subject];
	struct fact sum = naive_sum(n, s->subject);
	wide rest = sum.authorised - sum.captured - sum.voided, amount = s->amount ? s->amount : rest, fee;

	MUST(naive_check_owner(n, s, d->payee));
	MUST(check_held(d, now_us));
	if (amount > rest)
		return naive_refusal(409, "state_conflict");
	fee = fee_of(d, amount, sum.captured == 0);
	MUST(check_fee(n, d, amount, fee, false));
	hold(n, s->subject, -amount);
	take(n, s->subject, amount, fee);
	if (s->final || amount == rest) {
		d->end = DONE;
		hold(n, s->subject, amount - rest);
		naive_fact(n, NOTHING, s->subject)->voided = rest - amount;
	}
	return naive_success(200, EVENT_PAYMENT_CAPTURED);
}

static void let_go(struct naive *n, int payment)
{
	struct fact sum = naive_sum(n, payment);
	wide rest = sum.authorised - sum.captured - sum.voided;

	hold(n, payment, -rest);
	naive_fact(n, NOTHING, payment)->voided = rest;
}

struct verdict naive_void(struct naive *n, const struct step *s, uint64_t now_us)
{
	MUST(naive_check_owner(n, s, n->deal[s->subject].payee));
	MUST(check_held(&n->deal[s->subject], now_us));
	n->deal[s->subject].end = GIVEN_UP;
	let_go(n, s->subject);
	return naive_success(200, EVENT_PAYMENT_VOIDED);
}

struct verdict naive_expire(struct naive *n, const struct step *s, uint64_t now_us)
{
	struct deal *d = &n->deal[s->subject];

	if (d->end != HELD || d->expires_us > now_us)
		return (struct verdict){.status = 409, .code = "state_conflict"};
	d->end = RUN_OUT;
	let_go(n, s->subject);
	return naive_success(200, EVENT_PAYMENT_EXPIRED);
}

struct verdict naive_refund(struct naive *n, const struct step *s)
{
	const struct deal *d = &n->deal[s->subject];
	struct fact sum = naive_sum(n, s->subject);
	wide left = sum.captured - sum.refunded, amount = s->amount ? s->amount : left;

	MUST(naive_check_owner(n, s, d->payee));
	MUST(naive_check_open(n, d->payer, d->payee));
	if (left == 0 || amount > left)
		return naive_refusal(409, "state_conflict");
	MUST(naive_check_room(n, d->payer, amount));
	MUST(naive_check_money(n, d->payee, amount));
	naive_move(n, d->payee, d->payer, amount);
	naive_fact(n, NOTHING, s->subject)->refunded = amount;
	return naive_success(201, EVENT_REFUND_SUCCEEDED);
}

const char *naive_payment(const struct naive *n, int payment, int64_t ret[static 5])
{
	const struct deal *d = &n->deal[payment];
	struct fact sum = naive_sum(n, payment);

	ret[0] = (int64_t)sum.authorised;
	ret[1] = (int64_t)sum.captured;
	ret[2] = (int64_t)sum.refunded;
	ret[3] = (int64_t)sum.voided;
	ret[4] = (int64_t)sum.fee;
	if (sum.refunded > 0)
		return sum.refunded == sum.captured ? "refunded" : "partially_refunded";
	if (sum.captured > 0)
		return d->end == HELD ? "partially_captured" : "captured";
	return d->end == HELD ? "authorized" : d->end == RUN_OUT ? "expired" : "voided";
}
