#include "gateway/operation.h"

#include "gateway/ledger.h"
#include "gateway/page.h"
#include "gateway/resource.h"
#include "gateway/scope.h"

#include <string.h>

#define BIT(code) PROBLEM_BIT(PROBLEM_##code)
#define CLOSED BIT(ACCOUNT_CLOSED)
#define BOTH_SIDES (CLOSED | BIT(ACCOUNT_FROZEN) | BIT(CURRENCY_MISMATCH))
#define FUNDS (BIT(INSUFFICIENT_FUNDS) | BIT(LIMIT_EXCEEDED))
#define STATE BIT(STATE_CONFLICT)

/* clang-format off */
const struct operation operations[] = {
	{OP_USER_CREATE, NULL, "createUser", "Make a user", 201, RESOURCE_USER, false, BIT(DUPLICATE_LOGIN)},
	{OP_USER_GET, NULL, "getUser", "The user of the session", 200, RESOURCE_USER, false, 0},
	{OP_USER_UPDATE, NULL, "updateUser", "Change the user of the session", 200, RESOURCE_USER, false, 0},
	{OP_USER_PASSWORD, NULL, "changePassword", "Change the password; all other sessions end", 200, RESOURCE_USER, false, BIT(LOGIN_LOCKED)},
	{OP_SESSION_CREATE, NULL, "createSession", "Log in", 201, RESOURCE_SESSION, false,
	    BIT(UNAUTHENTICATED) | BIT(LOGIN_LOCKED) | BIT(IDEMPOTENCY_KEY_EXPIRED)},
	{OP_SESSION_GET, NULL, "getSession", "The session", 200, RESOURCE_SESSION, false, 0},
	{OP_SESSION_END, NULL, "endSession", "Log out", 204, RESOURCE_NONE, false, 0},
	{OP_ACCOUNT_CREATE, NULL, "createAccount", "Open an account", 201, RESOURCE_ACCOUNT, false, BIT(NOT_FOUND)},
	{OP_ACCOUNT_LIST, NULL, "listAccounts", "Accounts, newest first", 200, RESOURCE_ACCOUNT, true, 0},
	{OP_ACCOUNT_GET, NULL, "getAccount", "An account", 200, RESOURCE_ACCOUNT, false, 0},
	{OP_ACCOUNT_UPDATE, NULL, "updateAccount", "Change limits or metadata", 200, RESOURCE_ACCOUNT, false, CLOSED | STATE},
	{OP_ACCOUNT_FREEZE, NULL, "freezeAccount", "Let nothing out, and nothing new in", 200, RESOURCE_ACCOUNT, false, CLOSED},
	{OP_ACCOUNT_UNFREEZE, NULL, "unfreezeAccount", "End a freeze", 200, RESOURCE_ACCOUNT, false, CLOSED},
	{OP_ACCOUNT_CLOSE, NULL, "closeAccount", "Close an empty account for good", 200, RESOURCE_ACCOUNT, false, CLOSED | STATE},
	{OP_BALANCE_GET, NULL, "getBalance", "The balance of an account", 200, RESOURCE_BALANCE, false, 0},
	{OP_ENTRY_LIST, NULL, "listEntries", "What was posted to an account, newest first", 200, RESOURCE_ENTRY, true, 0},
	{OP_TOPUP_CREATE, NULL, "createTopup", "Money came in through a channel", 201, RESOURCE_TOPUP, false,
	    BOTH_SIDES | FUNDS | BIT(DUPLICATE_REFERENCE)},
	{OP_TOPUP_LIST, NULL, "listTopups", "Top-ups, newest first", 200, RESOURCE_TOPUP, true, 0},
	{OP_TOPUP_GET, NULL, "getTopup", "A top-up", 200, RESOURCE_TOPUP, false, 0},
	{OP_TRANSFER_CREATE, NULL, "createTransfer", "Move money between two accounts", 201, RESOURCE_TRANSFER, false, BOTH_SIDES | FUNDS},
	{OP_TRANSFER_LIST, NULL, "listTransfers", "Transfers, newest first", 200, RESOURCE_TRANSFER, true, 0},
	{OP_TRANSFER_GET, NULL, "getTransfer", "A transfer", 200, RESOURCE_TRANSFER, false, 0},
	{OP_TRANSFER_BATCH, NULL, "createTransfers", "Several transfers in one request", 200, RESOURCE_BATCH, false,
	    BOTH_SIDES | FUNDS | BIT(NOT_FOUND) | BIT(ACCOUNT_NOT_OWNED)},
	{OP_TRANSFER_REVERSE, NULL, "reverseTransfer", "Give back the whole of a transfer, once", 201, RESOURCE_TRANSFER, false, CLOSED | FUNDS | STATE},
	{OP_PAYMENT_CREATE, NULL, "createPayment", "Pay, or hold money back", 201, RESOURCE_PAYMENT, false, BOTH_SIDES | FUNDS},
	{OP_PAYMENT_LIST, NULL, "listPayments", "Payments, newest first", 200, RESOURCE_PAYMENT, true, 0},
	{OP_PAYMENT_GET, NULL, "getPayment", "A payment", 200, RESOURCE_PAYMENT, false, 0},
	{OP_PAYMENT_CAPTURE, NULL, "capturePayment", "Take what is held back", 200, RESOURCE_PAYMENT, false,
	    CLOSED | BIT(ACCOUNT_FROZEN) | BIT(LIMIT_EXCEEDED) | STATE | BIT(HOLD_EXPIRED)},
	{OP_PAYMENT_VOID, NULL, "voidPayment", "Let go what is held back", 200, RESOURCE_PAYMENT, false, STATE | BIT(HOLD_EXPIRED)},
	{OP_REFUND_CREATE, NULL, "createRefund", "Give back what was captured", 201, RESOURCE_REFUND, false, CLOSED | FUNDS | STATE},
	{OP_REFUND_LIST, NULL, "listRefunds", "Refunds of a payment, newest first", 200, RESOURCE_REFUND, true, 0},
	{OP_REFUND_GET, NULL, "getRefund", "A refund", 200, RESOURCE_REFUND, false, 0},
	{OP_WITHDRAWAL_CREATE, NULL, "createWithdrawal", "Hold money back that a channel is to pay out", 201, RESOURCE_WITHDRAWAL, false, BOTH_SIDES | FUNDS},
	{OP_WITHDRAWAL_LIST, NULL, "listWithdrawals", "Withdrawals, newest first", 200, RESOURCE_WITHDRAWAL, true, 0},
	{OP_WITHDRAWAL_GET, NULL, "getWithdrawal", "A withdrawal", 200, RESOURCE_WITHDRAWAL, false, 0},
	{OP_WITHDRAWAL_CONFIRM, NULL, "confirmWithdrawal", "The channel has paid it out", 200, RESOURCE_WITHDRAWAL, false, CLOSED | BIT(LIMIT_EXCEEDED) | STATE},
	{OP_WITHDRAWAL_FAIL, NULL, "failWithdrawal", "The channel could not pay it out", 200, RESOURCE_WITHDRAWAL, false, STATE},
	{OP_KEY_GET, NULL, "getIdempotencyKey", "What became of an Idempotency-Key", 200, RESOURCE_KEY_STATE, false, 0},
	{OP_EVENT_LIST, NULL, "listEvents", "Events, oldest first, without gaps", 200, RESOURCE_EVENT, true, 0},
	{0, "/v1/openapi.json", "getDescription", "This description", 200, RESOURCE_DESCRIPTION, false, BIT(BAD_PARAMETER)},
	{0, "/healthz", "getHealth", "Does this worker live? On its own port, never on the virtual IP", 200, RESOURCE_HEALTH, false, 0},
	{0, "/readyz", "getReadiness", "The same", 200, RESOURCE_HEALTH, false, 0},
	{0, ROUTE_ACTIVE, "getActive", "Does the ledger of this node answer now? For worker hosts; never on the virtual IP", 200, RESOURCE_HEALTH, false, 0},
	{0, NULL, NULL, NULL, 0, RESOURCE_NONE, false, 0},
};
/* clang-format on */

const struct operation *operation_of(const struct route *r)
{
	for (const struct operation *o = operations; o->id; o++)
		if (o->op == r->op && (o->op || strcmp(o->template, r->template) == 0))
			return o;
	return NULL;
}

/* What the form of a request, and nothing else, may be refused for. */
static uint64_t problems_of_form(const struct route *r)
{
	uint64_t ret = BIT(TOO_LARGE);

	if (r->op)
		ret |= BIT(BAD_PARAMETER) | BIT(INTERNAL) | BIT(FAILOVER_IN_PROGRESS) | BIT(REPLICATION_STALLED) |
		       BIT(OVERLOADED) | BIT(OUTCOME_UNKNOWN);
	if (r->keyed)
		ret |= BIT(MALFORMED_JSON) | BIT(UNSUPPORTED_MEDIA_TYPE) | BIT(IDEMPOTENCY_KEY_INVALID) |
		       BIT(VALIDATION_FAILED) | BIT(PAN_NOT_ALLOWED);
	if (r->keyed == ROUTE_KEY_REQUIRED)
		ret |= BIT(IDEMPOTENCY_KEY_MISSING);
	if (op_is_journalled(r->op))
		ret |= BIT(IDEMPOTENCY_KEY_REUSED) | BIT(IDEMPOTENCY_IN_PROGRESS);
	if (page_kind(r->op))
		ret |= BIT(BAD_CURSOR);
	if (r->param == ROUTE_PARAM_KEY)
		ret |= BIT(IDEMPOTENCY_KEY_INVALID) | BIT(PAN_NOT_ALLOWED);
	return ret;
}

/* What who asks may be refused for. */
static uint64_t problems_of_person(const struct route *r)
{
	uint64_t ret = BIT(UNAUTHENTICATED) | BIT(KEY_REVOKED) | BIT(TOKEN_EXPIRED) | BIT(TOO_MANY_IN_FLIGHT);
	bool names = r->param == ROUTE_PARAM_ID || (ledger_kind(r->op)->needs & (NEED_FROM | NEED_TO));
	const struct page_kind *page = page_kind(r->op);

	if (!r->op || (r->scope & SCOPE_PUBLIC))
		return 0;
	if (r->scope)
		ret |= BIT(SCOPE_MISSING);
	if (names)
		ret |= BIT(NOT_FOUND);
	/* A session meets what belongs to others. */
	if ((names || (page && (page->takes & PAGE_ACCOUNT))) && (SCOPES_OF_SESSION & r->scope) == r->scope)
		ret |= BIT(ACCOUNT_NOT_OWNED);
	return ret;
}

uint64_t operation_problems(const struct route *r)
{
	const struct operation *o = operation_of(r);

	return problems_of_form(r) | problems_of_person(r) | (o ? o->problems : 0);
}
