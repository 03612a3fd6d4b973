#include "gateway/ledger_parts.h"

#include "gateway/guard.h"
#include "gateway/scope.h"

#include <assert.h>
#include <string.h>

#define ACCOUNT(scope, needs, makes) SCOPE_ACCOUNTS_WRITE | scope, needs, "acc_", "/v1/accounts/", NULL, NULL, makes
#define USER(scope, makes) scope, NEED_USER, "usr_", "/v1/users/", NULL, NULL, makes
#define OF_SESSION SCOPE_SESSION, 0, NULL, NULL, NULL, NULL, false
#define PAYMENT(needs, prefix, route, makes) SCOPE_PAYMENTS_WRITE, needs, prefix, route, "payer", "payee", makes
#define WITHDRAWAL(scope, needs, makes)                                                                                \
	SCOPE_WITHDRAWALS_WRITE | scope, needs, "wd_", "/v1/withdrawals/", "account", NULL, makes
#define ASKS(needs) SCOPE_LEDGER_READ, needs, NULL, NULL, NULL, NULL, false

static const struct {
	struct ledger_kind kind;
	ledger_decider *decide;
} kinds[OP_KIND_END] = {
    [OP_ACCOUNT_CREATE] = {{ACCOUNT(0, 0, true)}, ledger_account_create},
    [OP_ACCOUNT_UPDATE] = {{ACCOUNT(SCOPE_KEY, NEED_ACCOUNT, false)}, ledger_account_update},
    [OP_ACCOUNT_FREEZE] = {{ACCOUNT(SCOPE_KEY, NEED_ACCOUNT, false)}, ledger_account_freeze},
    [OP_ACCOUNT_UNFREEZE] = {{ACCOUNT(SCOPE_KEY, NEED_ACCOUNT, false)}, ledger_account_unfreeze},
    [OP_ACCOUNT_CLOSE] = {{ACCOUNT(SCOPE_KEY, NEED_ACCOUNT, false)}, ledger_account_close},
    [OP_TOPUP_CREATE] = {{SCOPE_TOPUPS_WRITE, NEED_CLEARING | NEED_TO | NEED_REFERENCE, "top_", "/v1/topups/",
			     "channel", "account", true},
	ledger_topup_create},
    [OP_TRANSFER_CREATE] = {{SCOPE_TRANSFERS_WRITE, NEED_FROM | NEED_TO, "tr_", "/v1/transfers/", "from", "to", true},
	ledger_transfer_create},
    [OP_TRANSFER_REVERSE] = {{SCOPE_TRANSFERS_WRITE, NEED_TRANSFER, "tr_", "/v1/transfers/", NULL, NULL, true},
	ledger_transfer_reverse},
    [OP_TRANSFER_BATCH] = {{SCOPE_TRANSFERS_WRITE, 0, NULL, NULL, NULL, NULL, false}, NULL},
    [OP_PAYMENT_CREATE] = {{PAYMENT(NEED_FROM | NEED_TO | NEED_FEE, "pay_", "/v1/payments/", true)},
	ledger_payment_create},
    [OP_PAYMENT_CAPTURE] = {{PAYMENT(NEED_PAYMENT | NEED_FEE, "pay_", "/v1/payments/", false)}, ledger_payment_capture},
    [OP_PAYMENT_VOID] = {{PAYMENT(NEED_PAYMENT, "pay_", "/v1/payments/", false)}, ledger_payment_void},
    [OP_PAYMENT_EXPIRE] = {{PAYMENT(NEED_PAYMENT, "pay_", "/v1/payments/", false)}, ledger_payment_expire},
    [OP_REFUND_CREATE] = {{PAYMENT(NEED_PAYMENT, "ref_", "/v1/refunds/", true)}, ledger_refund_create},
    [OP_WITHDRAWAL_CREATE] = {{WITHDRAWAL(0, NEED_FROM, true)}, ledger_withdrawal_create},
    [OP_WITHDRAWAL_CONFIRM] = {{WITHDRAWAL(SCOPE_KEY, NEED_WITHDRAWAL, false)}, ledger_withdrawal_confirm},
    [OP_WITHDRAWAL_FAIL] = {{WITHDRAWAL(SCOPE_KEY, NEED_WITHDRAWAL, false)}, ledger_withdrawal_fail},
    [OP_PAYMENT_GET] = {{ASKS(NEED_PAYMENT)}, NULL},
    [OP_REFUND_GET] = {{ASKS(0)}, NULL},
    [OP_WITHDRAWAL_GET] = {{ASKS(NEED_WITHDRAWAL)}, NULL},
    [OP_ACCOUNT_GET] = {{ASKS(NEED_ACCOUNT)}, NULL},
    [OP_BALANCE_GET] = {{ASKS(NEED_ACCOUNT)}, NULL},
    [OP_TRANSFER_GET] = {{ASKS(0)}, NULL},
    [OP_TOPUP_GET] = {{ASKS(0)}, NULL},
    [OP_USER_CREATE] = {{USER(SCOPE_USERS_WRITE | SCOPE_KEY, true)}, ledger_user_create},
    [OP_USER_UPDATE] = {{USER(SCOPE_SESSION, false)}, ledger_user_update},
    [OP_USER_PASSWORD] = {{USER(SCOPE_SESSION, false)}, ledger_user_password},
    [OP_USER_GET] = {{OF_SESSION}, NULL},
    [OP_SESSION_GET] = {{OF_SESSION}, NULL},
    [OP_SESSION_END] = {{OF_SESSION}, NULL},
    [OP_LOGIN_LOOK] = {{OF_SESSION}, NULL}, /* that of another login is asked for before anybody is somebody */
    [OP_ENTRY_LIST] = {{ASKS(NEED_ACCOUNT)}, NULL},
    [OP_ACCOUNT_LIST] = {{ASKS(0)}, NULL},
    [OP_TRANSFER_LIST] = {{ASKS(0)}, NULL},
    [OP_TOPUP_LIST] = {{ASKS(0)}, NULL},
    [OP_EVENT_LIST] = {{ASKS(0)}, NULL},
    [OP_PAYMENT_LIST] = {{ASKS(0)}, NULL},
    [OP_WITHDRAWAL_LIST] = {{ASKS(0)}, NULL},
    [OP_REFUND_LIST] = {{ASKS(NEED_PAYMENT)}, NULL},
};

const struct principal ledger_itself = {.scopes = SCOPE_ALL, .name = "ledger"};

const struct ledger_kind *ledger_kind(uint8_t kind)
{
	static const struct ledger_kind none;

	return kind < OP_KIND_END ? &kinds[kind].kind : &none;
}

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

static void store(const struct ledger_input *in, uint16_t status, struct ledger_decision *ret)
{
	ret->status = status;
	ret->stored = ret->has_seq = true;
	ret->seq = in->next_seq;
}

void ledger_refuse_for_good(const struct ledger_input *in, int code, const char *detail, const char *param,
    struct text *body, struct ledger_decision *ret)
{
	ledger_refuse(in, code, detail, param, body, ret);
	if (LEDGER_OFF(L12_REFUSALS_STICK))
		return;
	store(in, ret->status, ret);
}

void ledger_create(const struct ledger_input *in, uint8_t event, struct ledger_decision *ret)
{
	ulid_make(in->now_us / 1000, in->random, &ret->id);
	store(in, 201, ret);
	ret->created = true;
	ret->event = event;
}

void ledger_change(const struct ledger_input *in, uint8_t event, struct ledger_decision *ret)
{
	store(in, 200, ret);
	ret->event = event;
}

uint32_t ledger_scopes(const struct principal *who)
{
	return who->is_user ? SCOPES_OF_SESSION : who->scopes | SCOPE_KEY;
}

bool ledger_owns(const struct principal *who, const struct account *a)
{
	return !who->is_user || (a->has_owner && ulid_equal(&a->owner, &who->user));
}

/* The fee is taken from the payee: a payer who sets it would give away what belongs to somebody else. */
static bool is_for_keys_only(const struct ledger_input *in)
{
	return in->who->is_user && in->message->op.kind == OP_PAYMENT_CREATE && in->message->op.has_fee;
}

static bool session_is_over(const struct ledger_input *in)
{
	return in->who->is_user && (in->who->revoked || in->now_us >= in->who->expires_us);
}

bool ledger_admits(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	uint32_t scope = kinds[in->message->op.kind].kind.scope;

	if (!in->who)
		ledger_refuse(in, PROBLEM_UNAUTHENTICATED, "The API key or the session is not known.", NULL, body, ret);
	else if (session_is_over(in))
		ledger_refuse(in, PROBLEM_TOKEN_EXPIRED, "The session is over: log in again.", NULL, body, ret);
	else if (in->who->revoked)
		ledger_refuse(in, PROBLEM_KEY_REVOKED, "The API key was revoked.", NULL, body, ret);
	else if ((ledger_scopes(in->who) & scope) != scope || is_for_keys_only(in))
		ledger_refuse(in, PROBLEM_SCOPE_MISSING,
		    in->who->is_user ? "This needs an API key." : "The API key lacks the scope for this.", NULL, body,
		    ret);
	else
		return true;
	return false;
}

void ledger_repeat(const struct stored *s, struct text *body, struct ledger_decision *ret)
{
	text_put(body, s->body, s->body_bytes);
	ret->status = s->status;
	ret->seq = s->seq;
	ret->has_seq = ret->replayed = true;
}

bool ledger_sides_fit(const struct ledger_input *in, const struct ledger_side sides[static 2], bool frozen_counts,
    const char *currency, struct text *body, struct ledger_decision *ret)
{
	for (unsigned i = 0; i < 2; i++)
		if (sides[i].account->status == ACCOUNT_CLOSED && !LEDGER_OFF(L17_CLOSED_COUNTS)) {
			ledger_refuse_for_good(
			    in, PROBLEM_ACCOUNT_CLOSED, "The account is closed.", sides[i].param, body, ret);
			return false;
		}
	for (unsigned i = 0; i < 2 && frozen_counts && !LEDGER_OFF(L07_FROZEN_COUNTS); i++)
		if (sides[i].account->status == ACCOUNT_FROZEN) {
			ledger_refuse_for_good(
			    in, PROBLEM_ACCOUNT_FROZEN, "The account is frozen.", sides[i].param, body, ret);
			return false;
		}
	for (unsigned i = 0; i < 2 && currency; i++)
		if (strcmp(sides[i].account->currency, currency) != 0) {
			ledger_refuse(in, PROBLEM_CURRENCY_MISMATCH, "The account is kept in another currency.",
			    sides[i].param, body, ret);
			return false;
		}
	return true;
}

bool ledger_allows(const struct ledger_input *in, const struct account *debit, const struct account *credit,
    int64_t amount, struct text *body, struct ledger_decision *ret)
{
	if (!account_allows_in(credit, amount))
		ledger_refuse_for_good(in, PROBLEM_LIMIT_EXCEEDED,
		    "The receiving account's max_balance would be exceeded.", "amount", body, ret);
	else if (!account_allows_out(debit, amount))
		ledger_refuse_for_good(
		    in, PROBLEM_INSUFFICIENT_FUNDS, "The paying account does not have the money.", "amount", body, ret);
	else
		return true;
	return false;
}

void ledger_touch(const struct ledger_input *in, struct account *a, struct ledger_decision *ret)
{
	if (!a->created_us)
		a->created_us = in->now_us; /* first use of an account that is not opened by anybody */
	a->last_seq = in->next_seq;
	for (unsigned i = 0; i < ret->touched_count; i++)
		if (ret->touched[i] == a)
			return;
	assert(ret->touched_count < LEDGER_TOUCHED_MAX);
	ret->touched[ret->touched_count++] = a;
}

void ledger_post(const struct ledger_input *in, struct account *debit, struct account *credit, int64_t amount,
    struct ledger_decision *ret)
{
	assert(debit != credit);
	ledger_touch(in, debit, ret);
	ledger_touch(in, credit, ret);
	debit->posted -= amount;
	credit->posted += amount;
	ret->moved = (struct movement){
	    .debit = debit,
	    .credit = credit,
	    .amount = amount,
	    .debit_after = debit->posted + (LEDGER_OFF(L26_AFTER_IS_AFTER) ? amount : 0),
	    .credit_after = credit->posted,
	};
}

void ledger_put_id(struct text *t, const char *member, const char *prefix, const struct ulid *id)
{
	char buf[ID_TEXT_BYTES];

	text_puts(t, member);
	text_puts(t, id_format(prefix, id, buf));
	text_puts(t, "\"");
}

void ledger_put_money(struct text *t, int64_t amount, const char *currency)
{
	text_puts(t, ",\"amount\":");
	text_put_i64(t, amount);
	text_puts(t, ",\"currency\":\"");
	text_puts(t, currency);
	text_puts(t, "\"");
}

void ledger_put_text(struct text *t, const char *bytes, size_t count, bool has)
{
	if (has)
		text_put_json(t, bytes, count);
	else
		text_puts(t, "null");
}

void ledger_put_reference_and_metadata(struct text *t, const struct op_message *m)
{
	text_puts(t, ",\"reference\":");
	ledger_put_text(t, m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], m->op.has_reference);
	text_puts(t, ",\"metadata\":");
	if (m->op.text_bytes[OP_TEXT_METADATA])
		text_put(t, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA]);
	else
		text_puts(t, "{}");
}

/* 404: what the path names, then what the body names. */
static bool everything_is_there(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct ledger_kind *k = &kinds[in->message->op.kind].kind;

	if ((k->needs & NEED_SUBJECT) && !in->account && !in->payment && !in->withdrawal && !in->transfer)
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such resource.", NULL, body, ret);
	else if ((k->needs & NEED_FROM) && !in->from)
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such account.", k->from, body, ret);
	else if ((k->needs & NEED_TO) && !in->to)
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such account.", k->to, body, ret);
	else
		return true;
	return false;
}

/* 403: who pays must own the account; what was paid is captured, let go and given back by the owner of the payee's. */
static bool everything_is_owned(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct ledger_kind *k = &kinds[in->message->op.kind].kind;
	const struct account *a = NULL;

	if (!in->who->is_user)
		return true;
	if (k->needs & NEED_FROM)
		a = in->from;
	else if (k->needs & (NEED_PAYMENT | NEED_TRANSFER))
		a = in->to;
	else if (k->needs & NEED_ACCOUNT)
		a = in->account;
	if (!a || LEDGER_GUARD(L21_OWNER_COUNTS, ledger_owns(in->who, a)))
		return true;
	ledger_refuse(in, PROBLEM_ACCOUNT_NOT_OWNED, "The account belongs to somebody else.",
	    k->needs & NEED_FROM ? k->from : NULL, body, ret);
	return false;
}

bool ledger_is_new(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op *op = &in->message->op;

	*ret = (struct ledger_decision){0};
	if (!ledger_admits(in, body, ret))
		return false;
	if (!in->twin)
		return true;
	if (LEDGER_GUARD(L11_FINGERPRINT_COUNTS, memcmp(in->twin->fingerprint, op->fingerprint, HASH_BYTES) == 0))
		ledger_repeat(in->twin, body, ret);
	else
		ledger_refuse(in, PROBLEM_IDEMPOTENCY_KEY_REUSED, "The Idempotency-Key was used with another request.",
		    "Idempotency-Key", body, ret);
	return false;
}

void ledger_decide(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	uint8_t kind = in->message->op.kind;

	assert(op_is_journalled(kind) && kinds[kind].decide);
	if (ledger_is_new(in, body, ret) && everything_is_there(in, body, ret) && everything_is_owned(in, body, ret))
		kinds[kind].decide(in, body, ret);
}

void ledger_render_resource(struct text *t, const struct stored *s)
{
	const struct ledger_kind *k = ledger_kind(s->kind);
	char buf[ID_TEXT_BYTES];

	if ((k->needs & NEED_USER) && s->status < 300) {
		text_puts(t, "\"/v1/users/me\""); /* there is no other way to see a user */
		return;
	}
	if (!s->has_id || !k->route || (k->needs & NEED_USER)) {
		text_puts(t, "null");
		return;
	}
	text_puts(t, "\"");
	text_puts(t, k->route);
	text_puts(t, id_format(k->prefix, &s->id, buf));
	text_puts(t, "\"");
}
