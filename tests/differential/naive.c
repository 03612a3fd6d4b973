#include "tests/differential/naive.h"

#include "tests/differential/naive_parts.h"

#include <stdlib.h>
#include <string.h>

struct naive *naive_new(void)
{
	struct naive *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	naive_clear(n);
	return n;
}

void naive_free(struct naive *n)
{
	free(n);
}

void naive_clear(struct naive *n)
{
	n->facts = n->deals = n->payouts = n->moves = n->answers = 0;
	memset(n->person, 0, sizeof(n->person));
	for (int i = 0; i < USERS; i++)
		n->person[i] =
		    (struct person){.currency = i == USERS - 1, .kind = 1, .has_min = true, .owned = i < OWNED};
	for (int currency = 0; currency < 2; currency++)
		for (int i = 0; i < 2; i++) {
			struct person *p = &n->person[i ? FEES(currency) : CLEARING(currency)];

			p->currency = currency;
			p->kind = i ? 4 : 3;
		}
	n->accounts = ACCOUNTS;
}

struct fact *naive_fact(struct naive *n, int account, int payment)
{
	struct fact *f = &n->fact[n->facts++];

	if (n->facts > FACTS_MAX)
		abort();
	*f = (struct fact){.account = account, .payment = payment};
	return f;
}

wide naive_posted(const struct naive *n, int account)
{
	wide sum = 0;

	for (int i = 0; i < n->facts; i++)
		if (n->fact[i].account == account)
			sum += n->fact[i].posted;
	return sum;
}

wide naive_pending_in(const struct naive *n, int account)
{
	wide sum = 0;

	for (int i = 0; i < n->facts; i++)
		if (n->fact[i].account == account)
			sum += n->fact[i].in;
	return sum;
}

wide naive_pending_out(const struct naive *n, int account)
{
	wide sum = 0;

	for (int i = 0; i < n->facts; i++)
		if (n->fact[i].account == account)
			sum += n->fact[i].out;
	return sum;
}

struct fact naive_sum(const struct naive *n, int payment)
{
	struct fact sum = {0};

	for (int i = 0; i < n->facts; i++)
		if (n->fact[i].payment == payment) {
			sum.authorised += n->fact[i].authorised;
			sum.captured += n->fact[i].captured;
			sum.refunded += n->fact[i].refunded;
			sum.voided += n->fact[i].voided;
			sum.fee += n->fact[i].fee;
		}
	return sum;
}

/* ---- answers ---- */

struct verdict naive_refusal(int status, const char *code)
{
	return (struct verdict){.status = status, .code = code, .stored = status == 402 || status == 409};
}

struct verdict naive_success(int status, int event)
{
	return (struct verdict){.status = status, .code = "", .stored = true, .event = event};
}

const struct verdict naive_fine = {.code = ""};

struct verdict naive_check_owner(const struct naive *n, const struct step *s, int account)
{
	return s->who == SESSION && !n->person[account].owned ? naive_refusal(403, "account_not_owned") : naive_fine;
}

struct verdict naive_check_open(const struct naive *n, int one, int other)
{
	return n->person[one].status == 2 || n->person[other].status == 2 ? naive_refusal(409, "account_closed")
									  : naive_fine;
}

struct verdict naive_check_thawed(const struct naive *n, int one, int other)
{
	return n->person[one].status == 1 || n->person[other].status == 1 ? naive_refusal(409, "account_frozen")
									  : naive_fine;
}

struct verdict naive_check_currency(const struct naive *n, int one, int other, int currency)
{
	return n->person[one].currency != currency || n->person[other].currency != currency
		   ? naive_refusal(422, "currency_mismatch")
		   : naive_fine;
}

struct verdict naive_check_room(const struct naive *n, int account, wide amount)
{
	const struct person *p = &n->person[account];
	wide top = p->has_max ? p->max : HUGE_BALANCE;

	return naive_posted(n, account) + naive_pending_in(n, account) + amount > top
		   ? naive_refusal(402, "limit_exceeded")
		   : naive_fine;
}

struct verdict naive_check_money(const struct naive *n, int account, wide amount)
{
	const struct person *p = &n->person[account];
	wide bottom = p->has_min ? p->min : -HUGE_BALANCE;

	return naive_posted(n, account) - naive_pending_out(n, account) - amount < bottom
		   ? naive_refusal(402, "insufficient_funds")
		   : naive_fine;
}

void naive_move(struct naive *n, int from, int to, wide amount)
{
	naive_fact(n, from, NOTHING)->posted = -amount;
	naive_fact(n, to, NOTHING)->posted = amount;
}

/* ---- requests ---- */

struct verdict naive_transfer(struct naive *n, const struct step *s)
{
	if (s->from == NOTHING || s->to == NOTHING)
		return naive_refusal(404, "not_found");
	MUST(naive_check_owner(n, s, s->from));
	if (s->from == s->to)
		return naive_refusal(422, "validation_failed");
	MUST(naive_check_open(n, s->from, s->to));
	MUST(naive_check_thawed(n, s->from, s->to));
	MUST(naive_check_currency(n, s->from, s->to, s->currency));
	MUST(naive_check_room(n, s->to, s->amount));
	MUST(naive_check_money(n, s->from, s->amount));
	naive_move(n, s->from, s->to, s->amount);
	n->moved[n->moves++] = (struct moved){.from = s->from, .to = s->to, .amount = s->amount};
	return naive_success(201, EVENT_TRANSFER_POSTED);
}

static struct verdict topup(struct naive *n, const struct step *s)
{
	if (s->to == NOTHING)
		return naive_refusal(404, "not_found");
	for (int i = 0; i < n->answers; i++) {
		const struct step *old = &n->answered[i].step;

		if (old->what != TOPUP || n->answered[i].verdict.status != 201 || old->reference != s->reference)
			continue;
		if (old->to == s->to && old->amount == s->amount && old->currency == s->currency)
			return (struct verdict){.status = 201, .code = "", .stored = true, .replayed = true};
		MUST(naive_check_open(n, s->to, CLEARING(s->currency)));
		MUST(naive_check_thawed(n, s->to, CLEARING(s->currency)));
		MUST(naive_check_currency(n, s->to, CLEARING(s->currency), s->currency));
		return naive_refusal(409, "duplicate_reference");
	}
	MUST(naive_check_open(n, s->to, CLEARING(s->currency)));
	MUST(naive_check_thawed(n, s->to, CLEARING(s->currency)));
	MUST(naive_check_currency(n, s->to, CLEARING(s->currency), s->currency));
	MUST(naive_check_room(n, s->to, s->amount));
	MUST(naive_check_money(n, CLEARING(s->currency), s->amount));
	naive_move(n, CLEARING(s->currency), s->to, s->amount);
	return naive_success(201, EVENT_TOPUP_SUCCEEDED);
}

static struct verdict reverse(struct naive *n, const struct step *s)
{
	struct moved *of = &n->moved[s->subject];

	MUST(naive_check_owner(n, s, of->to));
	MUST(naive_check_open(n, of->from, of->to));
	if (of->is_reversal || of->is_reversed)
		return naive_refusal(409, "state_conflict");
	MUST(naive_check_room(n, of->from, of->amount));
	MUST(naive_check_money(n, of->to, of->amount));
	naive_move(n, of->to, of->from, of->amount);
	of->is_reversed = true;
	n->moved[n->moves++] =
	    (struct moved){.from = of->to, .to = of->from, .amount = of->amount, .is_reversal = true};
	return naive_success(201, EVENT_TRANSFER_REVERSED);
}

static struct verdict withdraw(struct naive *n, const struct step *s)
{
	if (s->from == NOTHING)
		return naive_refusal(404, "not_found");
	MUST(naive_check_owner(n, s, s->from));
	if (s->from == CLEARING(s->currency))
		return naive_refusal(422, "validation_failed");
	MUST(naive_check_open(n, s->from, s->from));
	MUST(naive_check_thawed(n, s->from, s->from));
	MUST(naive_check_currency(n, s->from, s->from, s->currency));
	MUST(naive_check_money(n, s->from, s->amount));
	naive_fact(n, s->from, NOTHING)->out = s->amount;
	n->payout[n->payouts++] = (struct payout){.account = s->from, .currency = s->currency, .amount = s->amount};
	return naive_success(201, EVENT_WITHDRAWAL_PENDING);
}

static struct verdict settle(struct naive *n, const struct step *s)
{
	struct payout *p = &n->payout[s->subject];

	if (s->what == CONFIRM)
		MUST(naive_check_open(n, p->account, CLEARING(p->currency)));
	if (p->state != PENDING)
		return naive_refusal(409, "state_conflict");
	if (s->what == CONFIRM)
		MUST(naive_check_room(n, CLEARING(p->currency), p->amount));
	naive_fact(n, p->account, NOTHING)->out = -p->amount;
	p->state = s->what == CONFIRM ? SUCCEEDED : FAILED;
	if (s->what == FAIL)
		return naive_success(200, EVENT_WITHDRAWAL_FAILED);
	naive_move(n, p->account, CLEARING(p->currency), p->amount);
	return naive_success(200, EVENT_WITHDRAWAL_SUCCEEDED);
}

static struct verdict execute(struct naive *n, const struct step *s, uint64_t now_us)
{
	bool names =
	    s->what != TOPUP && s->what != TRANSFER && s->what != PAY && s->what != WITHDRAW && s->what != CREATE;

	if (names && s->subject == NOTHING)
		return naive_refusal(404, "not_found");
	switch (s->what) {
	case TOPUP: return topup(n, s);
	case TRANSFER: return naive_transfer(n, s);
	case REVERSE: return reverse(n, s);
	case PAY: return naive_pay(n, s, now_us);
	case CAPTURE: return naive_capture(n, s, now_us);
	case VOID: return naive_void(n, s, now_us);
	case EXPIRE: return naive_expire(n, s, now_us);
	case REFUND: return naive_refund(n, s);
	case WITHDRAW: return withdraw(n, s);
	case CONFIRM:
	case FAIL: return settle(n, s);
	case LIMIT: return naive_set_limit(n, s);
	case CREATE: return naive_create(n, s);
	default: return naive_set_status(n, s);
	}
}

/* What a session never may: what needs an API key. */
static bool may(const struct step *s)
{
	bool for_keys = s->what == TOPUP || (s->what >= CONFIRM && s->what != CREATE) || (s->what == PAY && s->has_fee);

	return s->who == KEY || (s->who == SESSION && !for_keys);
}

/* What the new facts say: of which accounts there are any, and the movements, in their order. */
static void tell_changes(const struct naive *n, int before, const struct step *s, struct verdict *v)
{
	struct told_movement *m = &v->moved;
	bool of_account = s->what >= FREEZE && s->what <= LIMIT;
	int side = 0;

	*m = (struct told_movement){.from = NOTHING, .to = NOTHING, .fees = NOTHING};
	v->touched = of_account && v->event ? UINT64_C(1) << s->subject : 0;
	for (int i = before; i < n->facts; i++) {
		const struct fact *f = &n->fact[i];

		if (f->account == NOTHING)
			continue;
		v->touched |= UINT64_C(1) << f->account;
		if (f->posted == 0)
			continue;
		switch (side++) {
		case 0: m->from = f->account; break;
		case 1:
			m->to = f->account;
			m->amount = (int64_t)f->posted;
			break;
		case 3:
			m->fees = f->account;
			m->fee = (int64_t)f->posted;
			break;
		default: break;
		}
	}
	if (m->from == NOTHING)
		return;
	m->from_after = (int64_t)naive_posted(n, m->from);
	m->to_after = (int64_t)naive_posted(n, m->to) + m->fee;
	if (m->fees == NOTHING)
		return;
	m->fee_after = (int64_t)naive_posted(n, m->fees);
	/* Who pays the fee's account is told as it was before the fee came. */
	if (m->from == m->fees)
		m->from_after -= m->fee;
}

static struct verdict nothing_moved(struct verdict v)
{
	v.moved = (struct told_movement){.from = NOTHING, .to = NOTHING, .fees = NOTHING};
	v.touched = 0;
	return v;
}

struct verdict naive_decide(struct naive *n, const struct step *s, unsigned key, uint64_t now_us)
{
	struct verdict v;
	int before = n->facts;

	if (!may(s))
		return nothing_moved(naive_refusal(403, "scope_missing"));
	for (int i = 0; i < n->answers; i++) {
		if (n->answered[i].key != key)
			continue;
		if (memcmp(&n->answered[i].step, s, sizeof(*s)) != 0)
			return nothing_moved(naive_refusal(422, "idempotency_key_reused"));
		v = n->answered[i].verdict;
		v.replayed = true;
		v.stored = false;
		v.event = 0;
		return nothing_moved(v);
	}
	v = execute(n, s, now_us);
	tell_changes(n, before, s, &v);
	if (v.stored)
		n->answered[n->answers++] = (struct answered){.key = key, .step = *s, .verdict = v};
	return v;
}

/* ---- questions ---- */

void naive_balance(const struct naive *n, int account, int64_t ret[static 3])
{
	ret[0] = (int64_t)naive_posted(n, account);
	ret[1] = (int64_t)naive_pending_in(n, account);
	ret[2] = (int64_t)naive_pending_out(n, account);
}

int naive_status(const struct naive *n, int account)
{
	return n->person[account].status;
}

uint64_t naive_expiry(const struct naive *n, int payment)
{
	return n->deal[payment].end == HELD ? n->deal[payment].expires_us : 0;
}

int naive_payments(const struct naive *n)
{
	return n->deals;
}

int naive_withdrawals(const struct naive *n)
{
	return n->payouts;
}

int naive_transfers(const struct naive *n)
{
	return n->moves;
}

const char *naive_withdrawal(const struct naive *n, int withdrawal)
{
	static const char *const words[] = {"pending", "succeeded", "failed"};

	return words[n->payout[withdrawal].state];
}
