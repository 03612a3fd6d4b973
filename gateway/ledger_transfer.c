/* Money that moves at once: top-ups and transfers. */
#include "gateway/guard.h"
#include "gateway/ledger_parts.h"

#include <assert.h>
#include <string.h>

static void render_transfer(const struct ledger_input *in, const struct ulid *id, struct text *t)
{
	const struct op_message *m = in->message;

	ledger_put_id(t, "{\"object\":\"transfer\",\"id\":\"", "tr_", id);
	ledger_put_id(t, ",\"status\":\"posted\",\"from\":\"", "acc_", &m->op.from);
	ledger_put_id(t, ",\"to\":\"", "acc_", &m->op.to);
	ledger_put_money(t, m->op.amount, m->op.currency);
	ledger_put_reference_and_metadata(t, m);
	text_puts(t, ",\"reversed_by\":null,\"created_at\":");
	text_put_time(t, in->now_us);
	text_puts(t, "}");
}

static void render_topup(const struct ledger_input *in, const struct ulid *id, struct text *t)
{
	const struct op_message *m = in->message;

	ledger_put_id(t, "{\"object\":\"topup\",\"id\":\"", "top_", id);
	ledger_put_id(t, ",\"status\":\"succeeded\",\"account\":\"", "acc_", &m->op.to);
	ledger_put_money(t, m->op.amount, m->op.currency);
	text_puts(t, ",\"channel\":");
	text_put_json(t, m->op.channel, strlen(m->op.channel));
	text_puts(t, ",\"channel_reference\":");
	ledger_put_text(t, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], true);
	text_puts(t, ",\"created_at\":");
	text_put_time(t, in->now_us);
	text_puts(t, "}");
}

/* The worker has seen to that where two members name them; a clearing account has an identifier, too. */
static bool are_different(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	if (in->from != in->to)
		return true;
	ledger_refuse(in, PROBLEM_VALIDATION_FAILED, "Both sides are the same account.",
	    ledger_kind(in->message->op.kind)->to, body, ret);
	return false;
}

static bool sides_fit(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct ledger_kind *k = ledger_kind(in->message->op.kind);

	return ledger_sides_fit(in, (struct ledger_side[]){{in->from, k->from}, {in->to, k->to}}, true,
	    in->message->op.currency, body, ret);
}

void ledger_transfer_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	int64_t amount = in->message->op.amount;

	if (!are_different(in, body, ret) || !sides_fit(in, body, ret) ||
	    !ledger_allows(in, in->from, in->to, amount, body, ret))
		return;
	ledger_create(in, EVENT_TRANSFER_POSTED, ret);
	ledger_post(in, in->from, in->to, amount, ret);
	render_transfer(in, &ret->id, body);
}

static void render_reversal(const struct ledger_input *in, const struct ulid *id, struct text *t)
{
	const struct transfer *of = in->transfer;
	const struct op_message *m = in->message;

	ledger_put_id(t, "{\"object\":\"transfer\",\"id\":\"", "tr_", id);
	ledger_put_id(t, ",\"status\":\"posted\",\"from\":\"", "acc_", &of->to);
	ledger_put_id(t, ",\"to\":\"", "acc_", &of->from);
	ledger_put_money(t, of->amount, of->currency);
	text_puts(t, ",\"reference\":null,\"metadata\":{}");
	ledger_put_id(t, ",\"reverses\":\"", "tr_", &of->id);
	text_puts(t, ",\"reason\":");
	ledger_put_text(t, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], m->op.has_reference);
	text_puts(t, ",\"reversed_by\":null,\"created_at\":");
	text_put_time(t, in->now_us);
	text_puts(t, "}");
}

/* The mirror of a transfer: the whole of it, once, and frozen accounts do not matter, for it existed before. */
void ledger_transfer_reverse(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	struct transfer *of = in->transfer;

	if (!ledger_sides_fit(in, (struct ledger_side[]){{in->to, NULL}, {in->from, NULL}}, false, NULL, body, ret))
		return;
	if (of->is_reversal || !LEDGER_GUARD(L10_REVERSED_ONCE, !of->is_reversed)) {
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT,
		    of->is_reversal ? "A reversal is not reversed." : "The transfer was reversed before.", NULL, body,
		    ret);
		return;
	}
	if (!ledger_allows(in, in->to, in->from, of->amount, body, ret))
		return;
	ledger_create(in, EVENT_TRANSFER_REVERSED, ret);
	ledger_post(in, in->to, in->from, of->amount, ret);
	of->is_reversed = true;
	render_reversal(in, &ret->id, body);
}

static bool is_same_topup(const struct stored *s, const struct op *op)
{
	return s->amount == op->amount && ulid_equal(&s->credit, &op->to) &&
	       memcmp(s->currency, op->currency, sizeof(op->currency)) == 0;
}

void ledger_topup_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct stored *old = LEDGER_OFF(L18_TOPUP_ONCE) ? NULL : in->same_reference;
	int64_t amount = in->message->op.amount;

	assert(in->from && in->from->kind == ACCOUNT_CLEARING);
	if (!are_different(in, body, ret))
		return;
	/* The channel's reference names money that came once: telling it again is no error, whatever happened since. */
	if (old && is_same_topup(old, &in->message->op)) {
		ledger_repeat(old, body, ret);
		ret->stored = true; /* under the new key, so that this key can never mean anything else */
		ret->replay_of = old->seq;
		return;
	}
	if (!sides_fit(in, body, ret))
		return;
	if (old) {
		ledger_refuse_for_good(in, PROBLEM_DUPLICATE_REFERENCE, "Another top-up has this channel_reference.",
		    "channel_reference", body, ret);
		return;
	}
	if (!ledger_allows(in, in->from, in->to, amount, body, ret))
		return;
	ledger_create(in, EVENT_TOPUP_SUCCEEDED, ret);
	ledger_post(in, in->from, in->to, amount, ret);
	render_topup(in, &ret->id, body);
}
