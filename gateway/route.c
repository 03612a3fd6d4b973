#include "gateway/route.h"

#include "gateway/op.h"
#include "gateway/scope.h"

#include <string.h>

#define ASK(template, op, prefix)                                                                                      \
	{                                                                                                              \
		"GET", template, op, ROUTE_KEY_NONE, SCOPE_LEDGER_READ, ROUTE_PARAM_ID, prefix, false, false           \
	}
#define MAKE(template, op, scope)                                                                                      \
	{                                                                                                              \
		"POST", template, op, ROUTE_KEY_REQUIRED, scope, ROUTE_PARAM_NONE, NULL, false, false                  \
	}
/* bare: every member of the body is optional */
#define ACT(template, op, scope, prefix, bare)                                                                         \
	{                                                                                                              \
		"POST", template, op, ROUTE_KEY_REQUIRED, scope, ROUTE_PARAM_ID, prefix, bare, false                   \
	}
/* Of users and sessions. */
#define OWN(method, template, op, key, scope)                                                                          \
	{                                                                                                              \
		method, template, op, key, scope, ROUTE_PARAM_NONE, NULL, false, false                                 \
	}
#define LIST(template, op)                                                                                             \
	{                                                                                                              \
		"GET", template, op, ROUTE_KEY_NONE, SCOPE_LEDGER_READ, ROUTE_PARAM_NONE, NULL, false, false           \
	}
#define HEALTH(template)                                                                                               \
	{                                                                                                              \
		"GET", template, 0, ROUTE_KEY_NONE, SCOPE_NONE, ROUTE_PARAM_NONE, NULL, false, false                   \
	}

#define TRANSFER_BATCH "/v1/transfers/batch"

const struct route routes[] = {
    OWN("POST", "/v1/users", OP_USER_CREATE, ROUTE_KEY_OPTIONAL, SCOPE_USERS_WRITE),
    OWN("GET", "/v1/users/me", OP_USER_GET, ROUTE_KEY_NONE, SCOPE_SESSION),
    OWN("PATCH", "/v1/users/me", OP_USER_UPDATE, ROUTE_KEY_OPTIONAL, SCOPE_SESSION),
    OWN("POST", "/v1/users/me/password", OP_USER_PASSWORD, ROUTE_KEY_OPTIONAL, SCOPE_SESSION),
    OWN("POST", "/v1/sessions", OP_SESSION_CREATE, ROUTE_KEY_OPTIONAL, SCOPE_PUBLIC),
    OWN("GET", "/v1/sessions/current", OP_SESSION_GET, ROUTE_KEY_NONE, SCOPE_SESSION),
    OWN("DELETE", "/v1/sessions/current", OP_SESSION_END, ROUTE_KEY_NONE, SCOPE_SESSION),
    MAKE("/v1/accounts", OP_ACCOUNT_CREATE, SCOPE_ACCOUNTS_WRITE),
    LIST("/v1/accounts", OP_ACCOUNT_LIST),
    ASK("/v1/accounts/{id}", OP_ACCOUNT_GET, "acc_"),
    {"PATCH", "/v1/accounts/{id}", OP_ACCOUNT_UPDATE, ROUTE_KEY_OPTIONAL, SCOPE_ACCOUNTS_WRITE | SCOPE_KEY,
	ROUTE_PARAM_ID, "acc_", false, false},
    ACT("/v1/accounts/{id}/freeze", OP_ACCOUNT_FREEZE, SCOPE_ACCOUNTS_WRITE | SCOPE_KEY, "acc_", true),
    ACT("/v1/accounts/{id}/unfreeze", OP_ACCOUNT_UNFREEZE, SCOPE_ACCOUNTS_WRITE | SCOPE_KEY, "acc_", true),
    ACT("/v1/accounts/{id}/close", OP_ACCOUNT_CLOSE, SCOPE_ACCOUNTS_WRITE | SCOPE_KEY, "acc_", true),
    ASK("/v1/accounts/{id}/balance", OP_BALANCE_GET, "acc_"),
    ASK("/v1/accounts/{id}/entries", OP_ENTRY_LIST, "acc_"),
    MAKE("/v1/topups", OP_TOPUP_CREATE, SCOPE_TOPUPS_WRITE),
    LIST("/v1/topups", OP_TOPUP_LIST),
    ASK("/v1/topups/{id}", OP_TOPUP_GET, "top_"),
    MAKE("/v1/transfers", OP_TRANSFER_CREATE, SCOPE_TRANSFERS_WRITE),
    LIST("/v1/transfers", OP_TRANSFER_LIST),
    ASK("/v1/transfers/{id}", OP_TRANSFER_GET, "tr_"),
    MAKE(TRANSFER_BATCH, OP_TRANSFER_BATCH, SCOPE_TRANSFERS_WRITE),
    ACT("/v1/transfers/{id}/reverse", OP_TRANSFER_REVERSE, SCOPE_TRANSFERS_WRITE, "tr_", false),
    MAKE("/v1/payments", OP_PAYMENT_CREATE, SCOPE_PAYMENTS_WRITE),
    LIST("/v1/payments", OP_PAYMENT_LIST),
    ASK("/v1/payments/{id}", OP_PAYMENT_GET, "pay_"),
    ACT("/v1/payments/{id}/capture", OP_PAYMENT_CAPTURE, SCOPE_PAYMENTS_WRITE, "pay_", true),
    ACT("/v1/payments/{id}/void", OP_PAYMENT_VOID, SCOPE_PAYMENTS_WRITE, "pay_", true),
    ACT("/v1/payments/{id}/refunds", OP_REFUND_CREATE, SCOPE_PAYMENTS_WRITE, "pay_", false),
    ASK("/v1/payments/{id}/refunds", OP_REFUND_LIST, "pay_"),
    ASK("/v1/refunds/{id}", OP_REFUND_GET, "ref_"),
    MAKE("/v1/withdrawals", OP_WITHDRAWAL_CREATE, SCOPE_WITHDRAWALS_WRITE),
    LIST("/v1/withdrawals", OP_WITHDRAWAL_LIST),
    ASK("/v1/withdrawals/{id}", OP_WITHDRAWAL_GET, "wd_"),
    ACT("/v1/withdrawals/{id}/confirm", OP_WITHDRAWAL_CONFIRM, SCOPE_WITHDRAWALS_WRITE | SCOPE_KEY, "wd_", true),
    ACT("/v1/withdrawals/{id}/fail", OP_WITHDRAWAL_FAIL, SCOPE_WITHDRAWALS_WRITE | SCOPE_KEY, "wd_", true),
    {"GET", "/v1/idempotency_keys/{key}", OP_KEY_GET, ROUTE_KEY_NONE, SCOPE_NONE, ROUTE_PARAM_KEY, NULL, false, false},
    LIST("/v1/events", OP_EVENT_LIST),
    {"GET", "/v1/openapi.json", 0, ROUTE_KEY_NONE, SCOPE_PUBLIC, ROUTE_PARAM_NONE, NULL, false, true},
    HEALTH("/healthz"),
    HEALTH("/readyz"),
    HEALTH(ROUTE_ACTIVE),
    {NULL, NULL, 0, ROUTE_KEY_NONE, SCOPE_NONE, ROUTE_PARAM_NONE, NULL, false, false},
};

/* Does the path follow the template? "{...}" is one segment of at least one character. */
static bool matches(const char *template, const char *path, size_t bytes, char param[static ROUTE_PARAM_BYTES])
{
	const char *end = path + bytes;

	param[0] = '\0';
	while (*template) {
		size_t n = 0;

		if (*template != '{') {
			if (path == end || *path++ != *template ++)
				return false;
			continue;
		}
		while (path + n < end && path[n] != '/')
			n++;
		if (n == 0 || n >= ROUTE_PARAM_BYTES)
			return false;
		memcpy(param, path, n);
		param[n] = '\0';
		path += n;
		template = strchr(template, '}') + 1;
	}
	return path == end;
}

const struct route *route_find(const char *method, const char *path, size_t path_bytes,
    char param[static ROUTE_PARAM_BYTES], char allow[static ROUTE_ALLOW_BYTES])
{
	size_t used = 0;

	for (const struct route *r = routes; r->method; r++) {
		size_t n = strlen(r->method);

		if (!matches(r->template, path, path_bytes, param))
			continue;
		if (strcmp(r->method, method) == 0)
			return r;
		if (used + n + 3 < ROUTE_ALLOW_BYTES) {
			if (used) {
				memcpy(allow + used, ", ", 2);
				used += 2;
			}
			memcpy(allow + used, r->method, n);
			used += n;
		}
	}
	allow[used] = '\0';
	return NULL;
}

size_t route_body_bytes_max(const char *target)
{
	size_t n = strcspn(target, "?");

	return n == sizeof(TRANSFER_BATCH) - 1 && memcmp(target, TRANSFER_BATCH, n) == 0 ? BATCH_BODY_BYTES_MAX
											 : BODY_BYTES_MAX;
}
