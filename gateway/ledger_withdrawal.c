/* Withdrawals: held back, then paid out or given back. */
#include "gateway/guard.h"
#include "gateway/ledger_parts.h"

#include <string.h>

/* Paid into itself: there is no entry for that, so no confirmation, ever. */
static bool is_own_clearing(const struct ledger_input *in)
{
	const struct op *op = &in->message->op;

	return in->from->channel[0] && strcmp(in->from->channel, op->channel) == 0 &&
	       strcmp(in->from->currency, op->currency) == 0;
}

void ledger_withdrawal_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op_message *m = in->message;
	const struct ledger_side side = {in->from, "account"};
	struct withdrawal *w = &ret->withdrawal;

	if (!LEDGER_GUARD(L22_WITHDRAWN_ELSEWHERE, !is_own_clearing(in))) {
		ledger_refuse(in, PROBLEM_VALIDATION_FAILED, "The account is the clearing account of this channel.",
		    "account", body, ret);
		return;
	}
	if (!ledger_sides_fit(in, (struct ledger_side[]){side, side}, true, m->op.currency, body, ret))
		return;
	if (!account_allows_out(in->from, m->op.amount)) {
		ledger_refuse_for_good(
		    in, PROBLEM_INSUFFICIENT_FUNDS, "The account does not have the money.", "amount", body, ret);
		return;
	}
	ledger_create(in, EVENT_WITHDRAWAL_PENDING, ret);
	*w = (struct withdrawal){
	    .id = ret->id,
	    .account = m->op.from,
	    .status = WITHDRAWAL_PENDING,
	    .amount = m->op.amount,
	    .last_seq = in->next_seq,
	    .created_us = in->now_us,
	    .destination = m->text[OP_TEXT_REFERENCE],
	    .destination_bytes = m->op.text_bytes[OP_TEXT_REFERENCE],
	};
	memcpy(w->currency, m->op.currency, sizeof(w->currency));
	memcpy(w->channel, m->op.channel, sizeof(w->channel));
	ledger_touch(in, in->from, ret);
	in->from->pending_out += w->amount;
	withdrawal_render(body, w);
}

static bool is_pending(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	if (LEDGER_GUARD(L16_WITHDRAWN_ONCE, in->withdrawal->status == WITHDRAWAL_PENDING))
		return true;
	ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT, "The withdrawal is not pending.", NULL, body, ret);
	return false;
}

static void settle(const struct ledger_input *in, uint8_t status, uint8_t event, struct ledger_decision *ret)
{
	struct withdrawal *w = in->withdrawal;

	ledger_change(in, event, ret);
	w->status = status;
	w->last_seq = in->next_seq;
	ret->withdrawal_changed = true;
	ledger_touch(in, in->from, ret);
	in->from->pending_out -= w->amount;
}

void ledger_withdrawal_confirm(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	struct withdrawal *w = in->withdrawal;

	if (!ledger_sides_fit(in, (struct ledger_side[]){{in->from, NULL}, {in->to, NULL}}, false, NULL, body, ret) ||
	    !is_pending(in, body, ret))
		return;
	if (in->from == in->to) { /* made by a release that did not look */
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT,
		    "The account is the clearing account of this channel: such a withdrawal can only fail.", NULL, body,
		    ret);
		return;
	}
	if (!account_allows_in(in->to, w->amount)) {
		ledger_refuse_for_good(in, PROBLEM_LIMIT_EXCEEDED,
		    "The clearing account's max_balance would be exceeded.", NULL, body, ret);
		return;
	}
	settle(in, WITHDRAWAL_SUCCEEDED, EVENT_WITHDRAWAL_SUCCEEDED, ret);
	ledger_post(in, in->from, in->to, w->amount, ret);
	withdrawal_render(body, w);
}

void ledger_withdrawal_fail(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	if (!is_pending(in, body, ret))
		return;
	settle(in, WITHDRAWAL_FAILED, EVENT_WITHDRAWAL_FAILED, ret);
	withdrawal_render(body, in->withdrawal);
}
