#include "gateway/ledger.h"

#include "gateway/problem.h"
#include "gateway/scope.h"

#include <assert.h>
#include <string.h>

/* The scope each kind of operation needs, what it makes and what its members are called. */
static const struct {
	uint32_t scope;
	const char *prefix, *route, *from, *to;
} kinds[OP_KIND_END] = {
    [OP_ACCOUNT_CREATE] = {SCOPE_ACCOUNTS_WRITE, "acc_", "/v1/accounts/", NULL, NULL},
    [OP_TOPUP_CREATE] = {SCOPE_TOPUPS_WRITE, "top_", "/v1/topups/", "channel", "account"},
    [OP_TRANSFER_CREATE] = {SCOPE_TRANSFERS_WRITE, "tr_", "/v1/transfers/", "from", "to"},
    [OP_ACCOUNT_GET] = {SCOPE_LEDGER_READ, NULL, NULL, NULL, NULL},
    [OP_BALANCE_GET] = {SCOPE_LEDGER_READ, NULL, NULL, NULL, NULL},
    [OP_TRANSFER_GET] = {SCOPE_LEDGER_READ, NULL, NULL, NULL, NULL},
    [OP_TOPUP_GET] = {SCOPE_LEDGER_READ, NULL, NULL, NULL, NULL},
};

void ledger_refuse(const struct ledger_input *in, int code, const char *detail, const char *param, struct text *body,
    struct ledger_decision *ret)
{
	struct problem p = {
	    .code = (enum problem_code)code,
	    .detail = detail,
	    .param = param,
	    .request_id = in->message->text[OP_TEXT_REQUEST_ID],
	    .request_id_bytes = in->message->op.text_bytes[OP_TEXT_REQUEST_ID],
	};

	problem_render(body, &p);
	ret->status = (uint16_t)problem_status(p.code);
}

/* A definitive refusal: a row of its own, so that a retry cannot succeed by accident. */
static void refuse_for_good(const struct ledger_input *in, int code, const char *detail, const char *param,
    struct text *body, struct ledger_decision *ret)
{
	ledger_refuse(in, code, detail, param, body, ret);
	ret->stored = ret->has_seq = true;
	ret->seq = in->next_seq;
}

bool ledger_admits(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	uint32_t scope = kinds[in->message->op.kind].scope;

	if (!in->who)
		ledger_refuse(in, PROBLEM_UNAUTHENTICATED, "The API key is not known.", NULL, body, ret);
	else if (in->who->revoked)
		ledger_refuse(in, PROBLEM_KEY_REVOKED, "The API key was revoked.", NULL, body, ret);
	else if ((in->who->scopes & scope) != scope)
		ledger_refuse(in, PROBLEM_SCOPE_MISSING, "The API key lacks the scope for this.", NULL, body, ret);
	else
		return true;
	return false;
}

static void repeat(const struct stored *s, struct text *body, struct ledger_decision *ret)
{
	text_put(body, s->body, s->body_bytes);
	ret->status = s->status;
	ret->seq = s->seq;
	ret->has_seq = ret->replayed = true;
}

static void put_text_or_null(struct text *t, const struct op_message *m, enum op_text which, bool has)
{
	if (has)
		text_put_json(t, m->text[which], m->op.text_bytes[which]);
	else
		text_puts(t, "null");
}

static void put_id(struct text *t, const char *member, const char *prefix, const struct ulid *id)
{
	char buf[ID_TEXT_BYTES];

	text_puts(t, member);
	text_puts(t, id_format(prefix, id, buf));
	text_puts(t, "\"");
}

static void put_money(struct text *t, const struct op *op)
{
	text_puts(t, ",\"amount\":");
	text_put_i64(t, op->amount);
	text_puts(t, ",\"currency\":\"");
	text_puts(t, op->currency);
	text_puts(t, "\"");
}

static void render_transfer(const struct ledger_input *in, const struct ulid *id, struct text *t)
{
	const struct op_message *m = in->message;

	put_id(t, "{\"object\":\"transfer\",\"id\":\"", "tr_", id);
	put_id(t, ",\"status\":\"posted\",\"from\":\"", "acc_", &m->op.from);
	put_id(t, ",\"to\":\"", "acc_", &m->op.to);
	put_money(t, &m->op);
	text_puts(t, ",\"reference\":");
	put_text_or_null(t, m, OP_TEXT_REFERENCE, m->op.has_reference);
	text_puts(t, ",\"metadata\":");
	if (m->op.text_bytes[OP_TEXT_METADATA])
		text_put(t, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA]);
	else
		text_puts(t, "{}");
	text_puts(t, ",\"reversed_by\":null,\"created_at\":");
	text_put_time(t, in->now_us);
	text_puts(t, "}");
}

static void render_topup(const struct ledger_input *in, const struct ulid *id, struct text *t)
{
	const struct op_message *m = in->message;

	put_id(t, "{\"object\":\"topup\",\"id\":\"", "top_", id);
	put_id(t, ",\"status\":\"succeeded\",\"account\":\"", "acc_", &m->op.to);
	put_money(t, &m->op);
	text_puts(t, ",\"channel\":");
	text_put_json(t, m->op.channel, strlen(m->op.channel));
	text_puts(t, ",\"channel_reference\":");
	put_text_or_null(t, m, OP_TEXT_REFERENCE, true);
	text_puts(t, ",\"created_at\":");
	text_put_time(t, in->now_us);
	text_puts(t, "}");
}

static void create(const struct ledger_input *in, struct ledger_decision *ret)
{
	ulid_make(in->now_us / 1000, in->random, &ret->id);
	ret->status = 201;
	ret->stored = ret->created = ret->has_seq = true;
	ret->seq = in->next_seq;
}

static void open_account(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op_message *m = in->message;
	char metadata[OP_METADATA_BYTES_MAX + 1];
	struct account *a = &ret->account;

	if (m->op.has_owner) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such user.", "owner", body, ret);
		return;
	}
	create(in, ret);
	*a = (struct account){
	    .id = ret->id,
	    .kind = m->op.account_kind,
	    .has_min = m->op.has_min,
	    .has_max = m->op.has_max,
	    .min_balance = m->op.min_balance,
	    .max_balance = m->op.max_balance,
	    .last_seq = in->next_seq,
	    .created_us = in->now_us,
	};
	memcpy(a->currency, m->op.currency, sizeof(a->currency));
	if (m->op.text_bytes[OP_TEXT_METADATA]) {
		memcpy(metadata, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA]);
		metadata[m->op.text_bytes[OP_TEXT_METADATA]] = '\0';
		a->metadata = metadata;
	}
	account_render(body, a);
	a->metadata = NULL;
}

/* State of the accounts, in the order of errors of the API. True: nothing speaks against it so far. */
static bool accounts_fit(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op *op = &in->message->op;
	const struct {
		struct account *account;
		const char *param;
	} sides[] = {{in->from, kinds[op->kind].from}, {in->to, kinds[op->kind].to}};

	for (unsigned i = 0; i < 2; i++)
		if (sides[i].account->status == ACCOUNT_CLOSED) {
			refuse_for_good(
			    in, PROBLEM_ACCOUNT_CLOSED, "The account is closed.", sides[i].param, body, ret);
			return false;
		}
	for (unsigned i = 0; i < 2; i++)
		if (sides[i].account->status == ACCOUNT_FROZEN) {
			refuse_for_good(
			    in, PROBLEM_ACCOUNT_FROZEN, "The account is frozen.", sides[i].param, body, ret);
			return false;
		}
	for (unsigned i = 0; i < 2; i++)
		if (memcmp(sides[i].account->currency, op->currency, sizeof(op->currency)) != 0) {
			ledger_refuse(in, PROBLEM_CURRENCY_MISMATCH, "The account is kept in another currency.",
			    sides[i].param, body, ret);
			return false;
		}
	return true;
}

static void move(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op *op = &in->message->op;

	if (!account_allows_in(in->to, op->amount)) {
		refuse_for_good(in, PROBLEM_LIMIT_EXCEEDED, "The receiving account's max_balance would be exceeded.",
		    "amount", body, ret);
		return;
	}
	if (!account_allows_out(in->from, op->amount)) {
		refuse_for_good(
		    in, PROBLEM_INSUFFICIENT_FUNDS, "The paying account does not have the money.", "amount", body, ret);
		return;
	}
	create(in, ret);
	if (!in->from->created_us)
		in->from->created_us = in->now_us; /* first use of a clearing account */
	in->from->posted -= op->amount;
	in->to->posted += op->amount;
	in->from->last_seq = in->to->last_seq = in->next_seq;
	ret->moved = true;
	if (op->kind == OP_TOPUP_CREATE)
		render_topup(in, &ret->id, body);
	else
		render_transfer(in, &ret->id, body);
}

static bool is_same_topup(const struct stored *s, const struct op *op)
{
	return s->amount == op->amount && ulid_equal(&s->credit, &op->to) &&
	       memcmp(s->currency, op->currency, sizeof(op->currency)) == 0;
}

static void decide_topup(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct stored *old = in->same_reference;

	assert(in->from && in->from->kind == ACCOUNT_CLEARING);
	/* The channel's reference names money that came once: telling it again is no error, whatever happened
	 * since. */
	if (old && is_same_topup(old, &in->message->op)) {
		repeat(old, body, ret);
		ret->stored = true; /* under the new key, so that this key can never mean anything else */
		ret->replay_of = old->seq;
		return;
	}
	if (!accounts_fit(in, body, ret))
		return;
	if (old) {
		refuse_for_good(in, PROBLEM_DUPLICATE_REFERENCE, "Another top-up has this channel_reference.",
		    "channel_reference", body, ret);
		return;
	}
	move(in, body, ret);
}

void ledger_decide(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op *op = &in->message->op;

	assert(op_is_journalled(op->kind));
	*ret = (struct ledger_decision){0};
	if (!ledger_admits(in, body, ret))
		return;
	if (in->twin) {
		if (memcmp(in->twin->fingerprint, op->fingerprint, HASH_BYTES) == 0)
			repeat(in->twin, body, ret);
		else
			ledger_refuse(in, PROBLEM_IDEMPOTENCY_KEY_REUSED,
			    "The Idempotency-Key was used with another request.", "Idempotency-Key", body, ret);
		return;
	}
	if (op->kind == OP_ACCOUNT_CREATE) {
		open_account(in, body, ret);
		return;
	}
	if (!in->from || !in->to) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such account.",
		    in->from ? kinds[op->kind].to : kinds[op->kind].from, body, ret);
		return;
	}
	if (in->from == in->to) {
		ledger_refuse(
		    in, PROBLEM_VALIDATION_FAILED, "Both sides are the same account.", kinds[op->kind].to, body, ret);
		return;
	}
	if (op->kind == OP_TOPUP_CREATE)
		decide_topup(in, body, ret);
	else if (accounts_fit(in, body, ret))
		move(in, body, ret);
}

void ledger_render_resource(struct text *t, const struct stored *s)
{
	char buf[ID_TEXT_BYTES];

	if (!s->has_id) {
		text_puts(t, "null");
		return;
	}
	text_puts(t, "\"");
	text_puts(t, kinds[s->kind].route);
	text_puts(t, id_format(kinds[s->kind].prefix, &s->id, buf));
	text_puts(t, "\"");
}
