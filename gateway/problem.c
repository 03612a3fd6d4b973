#include "gateway/problem.h"

#include <assert.h>
#include <string.h>

#define BODY_START "{\"type\":\"urn:holdfast:error:"

static const struct {
	unsigned status;
	const char *word, *title;
	const char *retryable;
} problems[PROBLEM_CODE_COUNT] = {
    [PROBLEM_MALFORMED_JSON] = {400, "malformed_json", "Malformed JSON", "false"},
    [PROBLEM_IDEMPOTENCY_KEY_MISSING] = {400, "idempotency_key_missing", "Idempotency-Key missing", "false"},
    [PROBLEM_IDEMPOTENCY_KEY_INVALID] = {400, "idempotency_key_invalid", "Idempotency-Key invalid", "false"},
    [PROBLEM_BAD_CURSOR] = {400, "bad_cursor", "Bad cursor", "false"},
    [PROBLEM_BAD_PARAMETER] = {400, "bad_parameter", "Bad parameter", "false"},
    [PROBLEM_UNAUTHENTICATED] = {401, "unauthenticated", "Unauthenticated", "false"},
    [PROBLEM_KEY_REVOKED] = {401, "key_revoked", "API key revoked", "false"},
    [PROBLEM_TOKEN_EXPIRED] = {401, "token_expired", "Token expired", "false"},
    [PROBLEM_SCOPE_MISSING] = {403, "scope_missing", "Scope missing", "false"},
    [PROBLEM_ACCOUNT_NOT_OWNED] = {403, "account_not_owned", "Account not owned", "false"},
    [PROBLEM_INSUFFICIENT_FUNDS] = {402, "insufficient_funds", "Insufficient funds", "false"},
    [PROBLEM_LIMIT_EXCEEDED] = {402, "limit_exceeded", "Limit exceeded", "false"},
    [PROBLEM_NOT_FOUND] = {404, "not_found", "Not found", "false"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {405, "method_not_allowed", "Method not allowed", "false"},
    [PROBLEM_IDEMPOTENCY_IN_PROGRESS] = {409, "idempotency_in_progress", "Request in progress", "true"},
    [PROBLEM_IDEMPOTENCY_KEY_EXPIRED] = {409, "idempotency_key_expired", "Idempotency-Key expired", "false"},
    [PROBLEM_STATE_CONFLICT] = {409, "state_conflict", "State conflict", "false"},
    [PROBLEM_HOLD_EXPIRED] = {409, "hold_expired", "Hold expired", "false"},
    [PROBLEM_ACCOUNT_FROZEN] = {409, "account_frozen", "Account frozen", "false"},
    [PROBLEM_ACCOUNT_CLOSED] = {409, "account_closed", "Account closed", "false"},
    [PROBLEM_DUPLICATE_LOGIN] = {409, "duplicate_login", "Login taken", "false"},
    [PROBLEM_DUPLICATE_REFERENCE] = {409, "duplicate_reference", "Reference used already", "false"},
    [PROBLEM_TOO_LARGE] = {413, "too_large", "Too large", "false"},
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] = {415, "unsupported_media_type", "Unsupported media type", "false"},
    [PROBLEM_VALIDATION_FAILED] = {422, "validation_failed", "Validation failed", "false"},
    [PROBLEM_IDEMPOTENCY_KEY_REUSED] = {422, "idempotency_key_reused", "Idempotency-Key reused", "false"},
    [PROBLEM_CURRENCY_MISMATCH] = {422, "currency_mismatch", "Currency mismatch", "false"},
    [PROBLEM_PAN_NOT_ALLOWED] = {422, "pan_not_allowed", "Card number not allowed", "false"},
    [PROBLEM_REQUEST_TIMEOUT] = {408, "request_timeout", "Request timeout", "true"},
    [PROBLEM_RATE_LIMITED] = {429, "rate_limited", "Rate limited", "true"},
    [PROBLEM_TOO_MANY_IN_FLIGHT] = {429, "too_many_in_flight", "Too many requests in flight", "true"},
    [PROBLEM_LOGIN_LOCKED] = {429, "login_locked", "Login locked", "true"},
    [PROBLEM_INTERNAL] = {500, "internal", "Internal error", "true"},
    [PROBLEM_FAILOVER_IN_PROGRESS] = {503, "failover_in_progress", "Failover in progress", "true"},
    [PROBLEM_REPLICATION_STALLED] = {503, "replication_stalled", "Replication stalled", "true"},
    [PROBLEM_OVERLOADED] = {503, "overloaded", "Overloaded", "true"},
    [PROBLEM_OUTCOME_UNKNOWN] = {504, "internal", "Outcome unknown", "true"},
};

unsigned problem_status(enum problem_code code)
{
	assert(code < PROBLEM_CODE_COUNT && problems[code].status);
	return problems[code].status;
}

const char *problem_word(enum problem_code code)
{
	assert(code < PROBLEM_CODE_COUNT && problems[code].word);
	return problems[code].word;
}

void problem_word_of(const char *body, size_t bytes, char ret[static PROBLEM_WORD_BYTES])
{
	static const char start[] = BODY_START;
	size_t at = sizeof(start) - 1, n = 0;

	if (bytes > at && memcmp(body, start, at) == 0)
		for (; at < bytes && body[at] != '"' && n + 1 < PROBLEM_WORD_BYTES; at++)
			ret[n++] = body[at];
	ret[n] = '\0';
}

static void put_member(struct text *t, const char *name, const char *value)
{
	text_puts(t, ",\"");
	text_puts(t, name);
	text_puts(t, "\":");
	text_put_json(t, value, strlen(value));
}

static void put_fields(struct text *t, const struct problem *p)
{
	text_puts(t, ",\"errors\":[");
	for (size_t i = 0; i < p->field_count; i++) {
		text_puts(t, i ? ",{\"pointer\":" : "{\"pointer\":");
		text_put_json(t, p->fields[i].pointer, strlen(p->fields[i].pointer));
		put_member(t, "code", p->fields[i].code);
		text_puts(t, "}");
	}
	text_puts(t, "]");
}

void problem_render(struct text *t, const struct problem *p)
{
	const char *word = problem_word(p->code);

	text_puts(t, BODY_START);
	text_puts(t, word);
	text_puts(t, "\"");
	put_member(t, "title", problems[p->code].title);
	text_puts(t, ",\"status\":");
	text_put_u64(t, problems[p->code].status);
	put_member(t, "code", word);
	put_member(t, "detail", p->detail);
	if (p->param)
		put_member(t, "param", p->param);
	text_puts(t, ",\"retryable\":");
	text_puts(t, problems[p->code].retryable);
	text_puts(t, ",\"request_id\":");
	text_put_json(t, p->request_id, p->request_id_bytes);
	if (p->field_count)
		put_fields(t, p);
	text_puts(t, "}");
}
