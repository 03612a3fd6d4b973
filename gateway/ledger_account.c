/* Accounts: opened, changed, frozen, closed. */
#include "gateway/guard.h"
#include "gateway/ledger_parts.h"
#include "gateway/metadata.h"
#include "gateway/session.h"

#include <string.h>

/* What a session asks for. */
static bool may_open(const struct ledger_input *in)
{
	const struct op *op = &in->message->op;

	return LEDGER_GUARD(L28_SESSION_OPENS_WALLETS, op->account_kind == ACCOUNT_WALLET) &&
	       op->has_min == OP_LIMIT_SET && op->min_balance == 0 && op->has_max != OP_LIMIT_SET &&
	       (!op->has_owner || ulid_equal(&op->from, &in->who->user));
}

void ledger_account_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op_message *m = in->message;
	struct account *a = &ret->account;

	if (in->who->is_user && !may_open(in)) {
		ledger_refuse(in, PROBLEM_SCOPE_MISSING,
		    "A session opens wallets for itself, without limits; the rest needs an API key.", NULL, body, ret);
		return;
	}
	if (m->op.has_owner && !in->users->found) {
		ledger_refuse(in, PROBLEM_NOT_FOUND, "There is no such user.", "owner", body, ret);
		return;
	}
	ledger_create(in, EVENT_ACCOUNT_CREATED, ret);
	*a = (struct account){
	    .id = ret->id,
	    .kind = m->op.account_kind,
	    .has_min = m->op.has_min == OP_LIMIT_SET,
	    .has_max = m->op.has_max == OP_LIMIT_SET,
	    .has_owner = m->op.has_owner || in->who->is_user,
	    .owner = in->who->is_user ? in->who->user : m->op.from,
	    .min_balance = m->op.min_balance,
	    .max_balance = m->op.max_balance,
	    .last_seq = in->next_seq,
	    .created_us = in->now_us,
	};
	memcpy(a->currency, m->op.currency, sizeof(a->currency));
	account_render(body, a, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA]);
}

static void answer(const struct ledger_input *in, uint8_t event, struct text *body, struct ledger_decision *ret)
{
	const struct account *a = in->account;

	ledger_change(in, event, ret);
	if (event)
		ledger_touch(in, in->account, ret);
	if (ret->has_metadata)
		account_render(body, a, in->scratch->at, in->scratch->used);
	else
		account_render(body, a, a->metadata, a->metadata ? strlen(a->metadata) : 0);
}

static bool is_closed(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	if (in->account->status != ACCOUNT_CLOSED)
		return false;
	ledger_refuse_for_good(in, PROBLEM_ACCOUNT_CLOSED, "The account is closed.", NULL, body, ret);
	return true;
}

/* To be frozen again, or thawed when it is not frozen, is no change: 200 and no event. */
static void set_status(const struct ledger_input *in, enum account_status status, uint8_t event, struct text *body,
    struct ledger_decision *ret)
{
	bool changes = in->account->status != status;

	if (is_closed(in, body, ret))
		return;
	in->account->status = (uint8_t)status;
	answer(in, LEDGER_GUARD(L15_NO_CHANGE_NO_EVENT, changes) ? event : EVENT_NONE, body, ret);
}

void ledger_account_freeze(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	set_status(in, ACCOUNT_FROZEN, EVENT_ACCOUNT_FROZEN, body, ret);
}

void ledger_account_unfreeze(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	set_status(in, ACCOUNT_OPEN, EVENT_ACCOUNT_UNFROZEN, body, ret);
}

void ledger_account_close(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct account *a = in->account;

	if (is_closed(in, body, ret))
		return;
	if (!LEDGER_GUARD(L23_LEDGERS_OWN_STAY, !account_is_derived(a))) {
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT,
		    "The ledger needs this account: it appeared on first use, and no other can take its place.", NULL,
		    body, ret);
		return;
	}
	if (a->posted || !LEDGER_GUARD(L13_CLOSED_WITHOUT_HOLDS, !a->pending_in && !a->pending_out)) {
		ledger_refuse_for_good(in, PROBLEM_STATE_CONFLICT,
		    "An account is closed when posted, pending_in and pending_out are 0.", NULL, body, ret);
		return;
	}
	set_status(in, ACCOUNT_CLOSED, EVENT_ACCOUNT_CLOSED, body, ret);
}

/* Puts the changed metadata into scratch. False: too much. */
static bool merge_metadata(const struct ledger_input *in, bool *changes)
{
	const struct op_message *m = in->message;
	const char *old = in->account->metadata ? in->account->metadata : "{}";
	size_t old_bytes = strlen(old), members;

	text_clear(in->scratch);
	members =
	    metadata_merge(old, old_bytes, m->text[OP_TEXT_METADATA], m->op.text_bytes[OP_TEXT_METADATA], in->scratch);
	*changes = in->scratch->used != old_bytes || memcmp(in->scratch->at, old, old_bytes) != 0;
	return !in->scratch->cut && LEDGER_GUARD(L27_METADATA_BOUNDED, members <= METADATA_MEMBERS_MAX) &&
	       in->scratch->used <= OP_METADATA_BYTES_MAX;
}

/* `limits` are those after the change: the balance must be within them now. */
static const char *broken_limit(const struct account *limits)
{
	if (!account_allows_out(limits, 0))
		return "min_balance";
	return account_allows_in(limits, 0) ? NULL : "max_balance";
}

static bool same_limits(const struct account *a, const struct account *b)
{
	return a->has_min == b->has_min && a->has_max == b->has_max &&
	       (!a->has_min || a->min_balance == b->min_balance) && (!a->has_max || a->max_balance == b->max_balance);
}

void ledger_account_update(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op *op = &in->message->op;
	struct account *a = in->account, next = *a;
	bool new_metadata = false;
	const char *broken;

	if (op->has_min) {
		next.has_min = op->has_min == OP_LIMIT_SET;
		next.min_balance = next.has_min ? op->min_balance : 0;
	}
	if (op->has_max) {
		next.has_max = op->has_max == OP_LIMIT_SET;
		next.max_balance = next.has_max ? op->max_balance : 0;
	}
	if (is_closed(in, body, ret))
		return;
	if (op->text_bytes[OP_TEXT_METADATA] && !merge_metadata(in, &new_metadata)) {
		ledger_refuse(in, PROBLEM_VALIDATION_FAILED,
		    "With this the account would have more than 20 members of metadata.", "metadata", body, ret);
		return;
	}
	broken = broken_limit(&next);
	if (broken && !LEDGER_GUARD(L19_LIMIT_FITS, same_limits(a, &next))) {
		ledger_refuse_for_good(
		    in, PROBLEM_STATE_CONFLICT, "The account's balance is beyond this limit now.", broken, body, ret);
		return;
	}
	ret->has_metadata = new_metadata;
	new_metadata = new_metadata || !same_limits(a, &next);
	*a = next;
	answer(in, new_metadata ? EVENT_ACCOUNT_UPDATED : EVENT_NONE, body, ret);
}
