#include "gateway/resource.h"

#include "gateway/account.h"
#include "gateway/payment.h"
#include "gateway/withdrawal.h"

#include <stddef.h>

static const char *const schemas[RESOURCE_END] = {
    [RESOURCE_USER] = "User",
    [RESOURCE_SESSION] = "Session",
    [RESOURCE_ACCOUNT] = "Account",
    [RESOURCE_BALANCE] = "Balance",
    [RESOURCE_ENTRY] = "Entry",
    [RESOURCE_TOPUP] = "Topup",
    [RESOURCE_TRANSFER] = "Transfer",
    [RESOURCE_BATCH] = "Batch",
    [RESOURCE_BATCH_RESULT] = "BatchResult",
    [RESOURCE_PAYMENT] = "Payment",
    [RESOURCE_PAYMENT_FEE] = "PaymentFee",
    [RESOURCE_REFUND] = "Refund",
    [RESOURCE_WITHDRAWAL] = "Withdrawal",
    [RESOURCE_KEY_STATE] = "IdempotencyKeyState",
    [RESOURCE_EVENT] = "Event",
    [RESOURCE_HEALTH] = "Health",
    [RESOURCE_PROBLEM] = "Problem",
    [RESOURCE_PROBLEM_FIELD] = "ProblemField",
    [RESOURCE_DESCRIPTION] = "Description",
};

#define OBJECT(of, word) of, "object", MEMBER_WORD, word, MEMBER_ALWAYS, NULL
#define WORDS(of, name, words) of, name, MEMBER_WORD, words, MEMBER_ALWAYS, NULL
#define ID(of, name, prefix) of, name, MEMBER_ID, prefix, MEMBER_ALWAYS, NULL
#define SHAPE(of, name, schema) of, name, MEMBER_SHAPE, schema, MEMBER_ALWAYS, NULL
#define PLAIN(of, name, is) of, name, is, NULL, MEMBER_ALWAYS, NULL

/* clang-format off */
const struct resource_member resource_members[] = {
	{OBJECT(RESOURCE_USER, "user")},
	{ID(RESOURCE_USER, "id", "usr_")},
	{SHAPE(RESOURCE_USER, "login", "Login")},
	{SHAPE(RESOURCE_USER, "display_name", "DisplayName")},
	{PLAIN(RESOURCE_USER, "created_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_SESSION, "session")},
	{RESOURCE_SESSION, "token", MEMBER_TOKEN, NULL, MEMBER_OPTIONAL, NULL},
	{ID(RESOURCE_SESSION, "user", "usr_")},
	{PLAIN(RESOURCE_SESSION, "created_at", MEMBER_TIME)},
	{PLAIN(RESOURCE_SESSION, "expires_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_ACCOUNT, "account")},
	{ID(RESOURCE_ACCOUNT, "id", "acc_")},
	{SHAPE(RESOURCE_ACCOUNT, "kind", "AccountKind")},
	{SHAPE(RESOURCE_ACCOUNT, "currency", "Currency")},
	{RESOURCE_ACCOUNT, "status", MEMBER_STATUS, NULL, MEMBER_ALWAYS, account_status_word},
	{RESOURCE_ACCOUNT, "owner", MEMBER_ID, "usr_", MEMBER_OR_NULL, NULL},
	{RESOURCE_ACCOUNT, "channel", MEMBER_SHAPE, "Channel", MEMBER_OR_NULL, NULL},
	{RESOURCE_ACCOUNT, "min_balance", MEMBER_NUMBER, NULL, MEMBER_OR_NULL, NULL},
	{RESOURCE_ACCOUNT, "max_balance", MEMBER_NUMBER, NULL, MEMBER_OR_NULL, NULL},
	{SHAPE(RESOURCE_ACCOUNT, "metadata", "Metadata")},
	{PLAIN(RESOURCE_ACCOUNT, "created_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_BALANCE, "balance")},
	{ID(RESOURCE_BALANCE, "account", "acc_")},
	{PLAIN(RESOURCE_BALANCE, "posted", MEMBER_NUMBER)},
	{PLAIN(RESOURCE_BALANCE, "pending_in", MEMBER_COUNT)},
	{PLAIN(RESOURCE_BALANCE, "pending_out", MEMBER_COUNT)},
	{RESOURCE_BALANCE, "available", MEMBER_NUMBER, NULL, MEMBER_OR_NULL, NULL},
	{SHAPE(RESOURCE_BALANCE, "currency", "Currency")},
	{PLAIN(RESOURCE_BALANCE, "ledger_seq", MEMBER_COUNT)},

	{OBJECT(RESOURCE_ENTRY, "entry")},
	{ID(RESOURCE_ENTRY, "id", "ent_")},
	{RESOURCE_ENTRY, "resource", MEMBER_TEXT, NULL, MEMBER_OR_NULL, NULL},
	{WORDS(RESOURCE_ENTRY, "type", "topup transfer reversal payment refund withdrawal fee other")},
	{WORDS(RESOURCE_ENTRY, "direction", "credit debit")},
	{PLAIN(RESOURCE_ENTRY, "amount", MEMBER_COUNT)},
	{SHAPE(RESOURCE_ENTRY, "currency", "Currency")},
	{PLAIN(RESOURCE_ENTRY, "balance_after", MEMBER_NUMBER)},
	{ID(RESOURCE_ENTRY, "counterparty", "acc_")},
	{PLAIN(RESOURCE_ENTRY, "ledger_seq", MEMBER_COUNT)},
	{PLAIN(RESOURCE_ENTRY, "created_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_TOPUP, "topup")},
	{ID(RESOURCE_TOPUP, "id", "top_")},
	{WORDS(RESOURCE_TOPUP, "status", "succeeded")},
	{ID(RESOURCE_TOPUP, "account", "acc_")},
	{SHAPE(RESOURCE_TOPUP, "amount", "Amount")},
	{SHAPE(RESOURCE_TOPUP, "currency", "Currency")},
	{SHAPE(RESOURCE_TOPUP, "channel", "Channel")},
	{SHAPE(RESOURCE_TOPUP, "channel_reference", "Reference")},
	{PLAIN(RESOURCE_TOPUP, "created_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_TRANSFER, "transfer")},
	{ID(RESOURCE_TRANSFER, "id", "tr_")},
	{WORDS(RESOURCE_TRANSFER, "status", "posted")},
	{ID(RESOURCE_TRANSFER, "from", "acc_")},
	{ID(RESOURCE_TRANSFER, "to", "acc_")},
	{SHAPE(RESOURCE_TRANSFER, "amount", "Amount")},
	{SHAPE(RESOURCE_TRANSFER, "currency", "Currency")},
	{RESOURCE_TRANSFER, "reference", MEMBER_SHAPE, "Reference", MEMBER_OR_NULL, NULL},
	{SHAPE(RESOURCE_TRANSFER, "metadata", "Metadata")},
	{RESOURCE_TRANSFER, "reverses", MEMBER_ID, "tr_", MEMBER_OPTIONAL, NULL},
	{RESOURCE_TRANSFER, "reason", MEMBER_SHAPE, "Reference", MEMBER_OPTIONAL, NULL},
	{RESOURCE_TRANSFER, "reversed_by", MEMBER_ID, "tr_", MEMBER_OR_NULL, NULL},
	{PLAIN(RESOURCE_TRANSFER, "created_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_BATCH, "batch")},
	{RESOURCE_BATCH, "results", MEMBER_LIST, "BatchResult", MEMBER_ALWAYS, NULL},
	{PLAIN(RESOURCE_BATCH_RESULT, "index", MEMBER_COUNT)},
	{PLAIN(RESOURCE_BATCH_RESULT, "status", MEMBER_COUNT)},
	{RESOURCE_BATCH_RESULT, "transfer", MEMBER_ONE_OF, "Transfer", MEMBER_OPTIONAL, NULL},
	{RESOURCE_BATCH_RESULT, "error", MEMBER_ONE_OF, "Problem", MEMBER_OPTIONAL, NULL},

	{OBJECT(RESOURCE_PAYMENT, "payment")},
	{ID(RESOURCE_PAYMENT, "id", "pay_")},
	{RESOURCE_PAYMENT, "status", MEMBER_STATUS, NULL, MEMBER_ALWAYS, payment_status_word},
	{ID(RESOURCE_PAYMENT, "payer", "acc_")},
	{ID(RESOURCE_PAYMENT, "payee", "acc_")},
	{SHAPE(RESOURCE_PAYMENT, "amount", "Amount")},
	{SHAPE(RESOURCE_PAYMENT, "currency", "Currency")},
	{SHAPE(RESOURCE_PAYMENT, "capture", "Capture")},
	{PLAIN(RESOURCE_PAYMENT, "authorized_amount", MEMBER_COUNT)},
	{PLAIN(RESOURCE_PAYMENT, "captured_amount", MEMBER_COUNT)},
	{PLAIN(RESOURCE_PAYMENT, "refunded_amount", MEMBER_COUNT)},
	{PLAIN(RESOURCE_PAYMENT, "voided_amount", MEMBER_COUNT)},
	{RESOURCE_PAYMENT, "fee", MEMBER_ONE_OF, "PaymentFee", MEMBER_OR_NULL, NULL},
	{PLAIN(RESOURCE_PAYMENT, "fee_amount", MEMBER_COUNT)},
	{RESOURCE_PAYMENT, "reference", MEMBER_SHAPE, "Reference", MEMBER_OR_NULL, NULL},
	{SHAPE(RESOURCE_PAYMENT, "metadata", "Metadata")},
	{PLAIN(RESOURCE_PAYMENT, "created_at", MEMBER_TIME)},
	{RESOURCE_PAYMENT, "expires_at", MEMBER_TIME, NULL, MEMBER_OR_NULL, NULL},
	{SHAPE(RESOURCE_PAYMENT_FEE, "bps", "FeeBps")},
	{SHAPE(RESOURCE_PAYMENT_FEE, "fixed", "FeeFixed")},

	{OBJECT(RESOURCE_REFUND, "refund")},
	{ID(RESOURCE_REFUND, "id", "ref_")},
	{WORDS(RESOURCE_REFUND, "status", "succeeded")},
	{ID(RESOURCE_REFUND, "payment", "pay_")},
	{SHAPE(RESOURCE_REFUND, "amount", "Amount")},
	{SHAPE(RESOURCE_REFUND, "currency", "Currency")},
	{SHAPE(RESOURCE_REFUND, "reason", "Reference")},
	{PLAIN(RESOURCE_REFUND, "created_at", MEMBER_TIME)},

	{OBJECT(RESOURCE_WITHDRAWAL, "withdrawal")},
	{ID(RESOURCE_WITHDRAWAL, "id", "wd_")},
	{RESOURCE_WITHDRAWAL, "status", MEMBER_STATUS, NULL, MEMBER_ALWAYS, withdrawal_status_word},
	{ID(RESOURCE_WITHDRAWAL, "account", "acc_")},
	{SHAPE(RESOURCE_WITHDRAWAL, "amount", "Amount")},
	{SHAPE(RESOURCE_WITHDRAWAL, "currency", "Currency")},
	{SHAPE(RESOURCE_WITHDRAWAL, "channel", "Channel")},
	{SHAPE(RESOURCE_WITHDRAWAL, "destination", "Destination")},
	{PLAIN(RESOURCE_WITHDRAWAL, "created_at", MEMBER_TIME)},

	{WORDS(RESOURCE_KEY_STATE, "state", "completed in_progress absent")},
	{RESOURCE_KEY_STATE, "status", MEMBER_COUNT, NULL, MEMBER_OR_NULL, NULL},
	{RESOURCE_KEY_STATE, "resource", MEMBER_TEXT, NULL, MEMBER_OR_NULL, NULL},

	{OBJECT(RESOURCE_EVENT, "event")},
	{ID(RESOURCE_EVENT, "id", "evt_")},
	{PLAIN(RESOURCE_EVENT, "sequence", MEMBER_COUNT)},
	{PLAIN(RESOURCE_EVENT, "type", MEMBER_EVENT)},
	{PLAIN(RESOURCE_EVENT, "created", MEMBER_TIME)},
	{PLAIN(RESOURCE_EVENT, "ledger_seq", MEMBER_COUNT)},
	{RESOURCE_EVENT, "data", MEMBER_ONE_OF, "User Account Topup Transfer Payment Refund Withdrawal", MEMBER_ALWAYS, NULL},

	{WORDS(RESOURCE_HEALTH, "status", "ok")},

	/* The edge's own have no request_id. */
	{PLAIN(RESOURCE_PROBLEM, "type", MEMBER_TEXT)},
	{PLAIN(RESOURCE_PROBLEM, "title", MEMBER_TEXT)},
	{PLAIN(RESOURCE_PROBLEM, "status", MEMBER_COUNT)},
	{PLAIN(RESOURCE_PROBLEM, "code", MEMBER_CODE)},
	{PLAIN(RESOURCE_PROBLEM, "detail", MEMBER_TEXT)},
	{RESOURCE_PROBLEM, "param", MEMBER_TEXT, NULL, MEMBER_OPTIONAL, NULL},
	{PLAIN(RESOURCE_PROBLEM, "retryable", MEMBER_FLAG)},
	{RESOURCE_PROBLEM, "request_id", MEMBER_TEXT, NULL, MEMBER_OPTIONAL, NULL},
	{RESOURCE_PROBLEM, "errors", MEMBER_LIST, "ProblemField", MEMBER_OPTIONAL, NULL},
	{RESOURCE_PROBLEM, "failed_index", MEMBER_COUNT, NULL, MEMBER_OPTIONAL, NULL},
	{PLAIN(RESOURCE_PROBLEM_FIELD, "pointer", MEMBER_TEXT)},
	{PLAIN(RESOURCE_PROBLEM_FIELD, "code", MEMBER_TEXT)},

	{WORDS(RESOURCE_DESCRIPTION, "openapi", "3.1.0")},
	{PLAIN(RESOURCE_NONE, NULL, MEMBER_TEXT)},
};
/* clang-format on */

const char *resource_schema(enum resource resource)
{
	return schemas[resource];
}
