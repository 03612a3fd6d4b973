/* Errors as clients see them: RFC 9457 problem+json. One table of codes. Pure. */
#ifndef HOLDFAST_GATEWAY_PROBLEM_H
#define HOLDFAST_GATEWAY_PROBLEM_H

#include <stddef.h>

#include "gateway/text.h"

enum problem_code {
	PROBLEM_MALFORMED_JSON,
	PROBLEM_IDEMPOTENCY_KEY_MISSING,
	PROBLEM_IDEMPOTENCY_KEY_INVALID,
	PROBLEM_BAD_CURSOR,
	PROBLEM_BAD_PARAMETER,
	PROBLEM_UNAUTHENTICATED,
	PROBLEM_KEY_REVOKED,
	PROBLEM_TOKEN_EXPIRED,
	PROBLEM_SCOPE_MISSING,
	PROBLEM_ACCOUNT_NOT_OWNED,
	PROBLEM_INSUFFICIENT_FUNDS,
	PROBLEM_LIMIT_EXCEEDED,
	PROBLEM_NOT_FOUND,
	PROBLEM_METHOD_NOT_ALLOWED,
	PROBLEM_IDEMPOTENCY_IN_PROGRESS,
	PROBLEM_IDEMPOTENCY_KEY_EXPIRED,
	PROBLEM_STATE_CONFLICT,
	PROBLEM_HOLD_EXPIRED,
	PROBLEM_ACCOUNT_FROZEN,
	PROBLEM_ACCOUNT_CLOSED,
	PROBLEM_DUPLICATE_LOGIN,
	PROBLEM_DUPLICATE_REFERENCE,
	PROBLEM_TOO_LARGE,
	PROBLEM_UNSUPPORTED_MEDIA_TYPE,
	PROBLEM_VALIDATION_FAILED,
	PROBLEM_IDEMPOTENCY_KEY_REUSED,
	PROBLEM_CURRENCY_MISMATCH,
	PROBLEM_PAN_NOT_ALLOWED,
	PROBLEM_REQUEST_TIMEOUT,
	PROBLEM_RATE_LIMITED,
	PROBLEM_TOO_MANY_IN_FLIGHT,
	PROBLEM_LOGIN_LOCKED,
	PROBLEM_INTERNAL,
	PROBLEM_FAILOVER_IN_PROGRESS,
	PROBLEM_REPLICATION_STALLED,
	PROBLEM_OVERLOADED,
	PROBLEM_OUTCOME_UNKNOWN,
	PROBLEM_CODE_COUNT
};

struct problem_field {
	char pointer[160]; /* RFC 6901, terminated */
	const char *code;  /* a word */
};

struct problem {
	enum problem_code code;
	const char *detail;	/* a sentence */
	const char *param;	/* member or header; NULL none */
	const char *request_id; /* bytes, not terminated */
	size_t request_id_bytes;
	const struct problem_field *fields; /* borrowed; NULL none */
	size_t field_count;
};

unsigned problem_status(enum problem_code code);
const char *problem_word(enum problem_code code);

#define PROBLEM_WORD_BYTES 40

/* The word of a body that problem_render has written, terminated; "" of any other. */
void problem_word_of(const char *body, size_t bytes, char ret[static PROBLEM_WORD_BYTES]);

/* Appends the JSON body. */
void problem_render(struct text *t, const struct problem *p);

#endif
