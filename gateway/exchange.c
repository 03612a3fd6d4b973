#include "gateway/exchange.h"

#include "gateway/login.h"
#include "gateway/scope.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/wallclock.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEM_BYTES 65536 /* INTAKE_FIELDS_MAX pointers, each of their bytes escaped */
#define WAITED_MS_MAX UINT64_C(600000)
#define FIRST_TRY_MS 20 /* the edge hands a request on within that; later it may be for the second time */

static const char unknown[] =
    "The outcome is not known yet: send the same request with the same Idempotency-Key again.";

struct exchange *exchange_new(struct desk *desk, const char *target)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->desk = desk;
	x->target = strdup(target);
	if (!x->target) {
		free(x);
		return NULL;
	}
	x->arrived_us = clock_boottime_us();
	return x;
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	if (x->body)
		sodium_memzero(x->body, x->body_bytes); /* it may have a password in it, refused or not */
	if (x->login && x->reply)
		sodium_memzero(x->reply, x->reply_bytes); /* or a token */
	login_free(x->login);
	intake_free(&x->intake);
	free(x->target);
	free(x->body);
	free(x->reply);
	free(x);
}

bool exchange_take_body(struct exchange *x, const char *bytes, size_t count)
{
	size_t bytes_max = route_body_bytes_max(x->target);

	x->seen_bytes += count;
	if (x->facts.too_large || count > bytes_max - x->body_bytes) {
		x->facts.too_large = true;
		return x->seen_bytes <= bytes_max + BODY_DRAIN_BYTES_MAX;
	}
	if (x->body_bytes + count > x->body_size) {
		size_t size = x->body_size ? x->body_size : 1024;
		char *body;

		while (size < x->body_bytes + count)
			size *= 2;
		body = malloc(size);
		if (!body) {
			x->facts.too_large = true;
			return true;
		}
		if (x->body) { /* not realloc: what it leaves behind may be a password */
			memcpy(body, x->body, x->body_bytes);
			sodium_memzero(x->body, x->body_bytes);
			free(x->body);
		}
		x->body = body;
		x->body_size = size;
	}
	memcpy(x->body + x->body_bytes, bytes, count);
	x->body_bytes += count;
	return true;
}

void exchange_arrived(struct exchange *x, const char *unix_ms)
{
	uint64_t now_ms, then_ms, waited_us;
	char *end;

	if (!unix_ms || *unix_ms < '0' || *unix_ms > '9')
		return;
	then_ms = strtoull(unix_ms, &end, 10);
	now_ms = wallclock_ms();
	if (*end || then_ms >= now_ms)
		return;
	/* Longer than hold-timeout is all the same; a clock that was set must not make it wrap. */
	x->maybe_again = now_ms - then_ms > FIRST_TRY_MS;
	waited_us = now_ms - then_ms < WAITED_MS_MAX ? (now_ms - then_ms) * 1000 : WAITED_MS_MAX * 1000;
	x->arrived_us -= waited_us < x->arrived_us ? waited_us : x->arrived_us;
}

void exchange_begin(struct exchange *x)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

	x->begun = true;
	x->method = "other";
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i], x->facts.method) == 0)
			x->method = methods[i];
	intake_address(&x->facts, x->address);
}

static void set_reply(struct exchange *x, unsigned status, const char *bytes, size_t count)
{
	if (status >= 400)
		problem_word_of(bytes, count, x->code);
	x->reply = malloc(count + 1);
	x->reply_bytes = x->reply ? count : 0;
	if (x->reply && count)
		memcpy(x->reply, bytes, count);
	x->status = status;
	x->answered = true;
}

static void reply_problem(struct exchange *x, const struct problem *p)
{
	char buf[PROBLEM_BYTES];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	problem_render(&t, p);
	set_reply(x, problem_status(p->code), buf, t.cut ? 0 : t.used);
}

static void reply_refusal(struct exchange *x)
{
	const struct refusal *r = &x->intake.refusal;
	struct problem p = {
	    .code = r->code,
	    .detail = r->detail,
	    .param = r->param,
	    .request_id = x->intake.request_id,
	    .request_id_bytes = strlen(x->intake.request_id),
	    .fields = r->fields,
	    .field_count = r->field_count,
	};

	reply_problem(x, &p);
}

void exchange_refuse(struct exchange *x, enum problem_code code, const char *detail, unsigned retry_after_s)
{
	struct problem p = {
	    .code = code,
	    .detail = detail,
	    .request_id = x->intake.request_id,
	    .request_id_bytes = strlen(x->intake.request_id),
	};

	x->retry_after_s = retry_after_s;
	reply_problem(x, &p);
}

/* This sending was not executed. One before it, by way of a worker that broke, may have been. */
static void reply_not_executed(struct exchange *x, enum problem_code code, const char *detail)
{
	if (x->maybe_again && x->intake.route->keyed)
		exchange_refuse(x, PROBLEM_OUTCOME_UNKNOWN, unknown, 1);
	else
		exchange_refuse(x, code, detail, 1);
}

static void own_request_id(struct desk *desk, char buf[static ID_TEXT_BYTES])
{
	struct ulid u;

	if (!desk->random_left) {
		randombytes_buf(desk->random, sizeof(desk->random));
		desk->random_left = DESK_IDS;
	}
	desk->random_left--;
	ulid_make(wallclock_ms(), desk->random[desk->random_left], &u);
	(void)id_format("req_", &u, buf);
}

uint64_t exchange_deadline_us(const struct exchange *x)
{
	return x->arrived_us + (uint64_t)x->desk->hold_timeout_ms * 1000;
}

void exchange_send(struct exchange *x, struct op_message *m)
{
	x->pending = courier_send(x->desk->courier, m, exchange_deadline_us(x), x);
	if (!x->pending)
		reply_not_executed(x, PROBLEM_OVERLOADED, "This worker has too many requests under way.");
}

/* Who it is is known: may it, and what does it want? */
static void go_on(struct exchange *x, uint32_t scopes)
{
	if (!intake_authorize(&x->intake, scopes) || !intake_validate(&x->intake))
		reply_refusal(x);
	else if (!login_begin(x))
		exchange_send(x, &x->intake.m);
}

static void ask_who(struct exchange *x)
{
	struct op *op = &x->auth.op;

	x->auth.op = (struct op){.kind = OP_AUTHENTICATE, .by_session = x->intake.m.op.by_session};
	memcpy(op->secret_hash, x->intake.m.op.secret_hash, HASH_BYTES);
	x->auth.text[OP_TEXT_REQUEST_ID] = x->intake.request_id;
	op->text_bytes[OP_TEXT_REQUEST_ID] = (uint32_t)strlen(x->intake.request_id);
	x->authenticating = true;
	x->auth_sent_us = clock_boottime_us();
	exchange_send(x, &x->auth);
}

static void reply_health(struct exchange *x)
{
	static const struct {
		unsigned status;
		const char *body;
	} of[] = {
	    [COURIER_FIT] = {200, "{\"status\":\"ok\"}"},
	    [COURIER_STARTING] = {503, "{\"status\":\"starting\"}"},
	    [COURIER_FOREIGN] = {503, "{\"status\":\"foreign\"}"},
	};
	static const char leaving[] = "{\"status\":\"leaving\"}";
	enum courier_health health = courier_look(x->desk->courier);

	if (x->desk->leaving)
		set_reply(x, 503, leaving, sizeof(leaving) - 1);
	else
		set_reply(x, of[health].status, of[health].body, strlen(of[health].body));
}

/* Which ledger a worker host goes to; the ledger decides by itself whether it answers. */
static void reply_active(struct exchange *x)
{
	static const char yes[] = "{\"status\":\"ok\"}", no[] = "{\"status\":\"not active\"}";

	if (courier_is_open_here(x->desk->courier))
		set_reply(x, 200, yes, sizeof(yes) - 1);
	else
		set_reply(x, 503, no, sizeof(no) - 1);
}

/* What needs neither the ledger nor somebody who asks. */
static void reply_oneself(struct exchange *x)
{
	if (strcmp(x->intake.route->template, ROUTE_ACTIVE) == 0)
		reply_active(x);
	else if (!x->intake.route->described)
		reply_health(x);
	else if (intake_validate(&x->intake))
		set_reply(x, 200, x->desk->description, x->desk->description_bytes);
	else
		reply_refusal(x);
}

void exchange_run(struct exchange *x)
{
	char own_id[ID_TEXT_BYTES];
	uint32_t scopes;

	own_request_id(x->desk, own_id);
	x->facts.target = x->target;
	x->facts.body = x->body ? x->body : "";
	x->facts.body_bytes = x->body_bytes;
	intake_init(&x->intake, &x->facts, x->desk->channels, own_id);
	if (!intake_form(&x->intake)) {
		reply_refusal(x);
	} else if (!x->intake.route->op) {
		reply_oneself(x);
	} else if (x->intake.route->scope & SCOPE_PUBLIC) {
		go_on(x, SCOPE_PUBLIC);
	} else if (!intake_identify(&x->intake)) {
		reply_refusal(x);
	} else if (authcache_get(
		       &x->desk->auth, x->intake.m.op.secret_hash, clock_boottime_us(), &scopes, &x->principal)) {
		x->intake.m.op.principal = x->principal;
		go_on(x, scopes);
	} else {
		ask_who(x);
	}
}

static void set_reply_with_token(struct exchange *x, const char *body, size_t bytes)
{
	x->status = 201;
	x->answered = true;
	x->reply = login_put_token(x, body, &bytes);
	x->reply_bytes = x->reply ? bytes : 0;
}

static void take_answer(struct exchange *x, const struct wire_answer *a, const char *body)
{
	if (x->authenticating && a->status == 200) {
		x->authenticating = false;
		x->intake.m.op.principal = x->principal = a->principal;
		authcache_put(&x->desk->auth, x->intake.m.op.secret_hash, x->auth_sent_us, a->scopes, a->principal);
		go_on(x, a->scopes);
		return;
	}
	if (login_take_answer(x, a, body))
		return;
	x->answer = *a;
	x->from_ledger = !x->authenticating;
	x->retry_after_s = a->retry_after_s;
	if (a->status == 201 && x->intake.m.op.kind == OP_SESSION_CREATE)
		set_reply_with_token(x, body, a->body_bytes);
	else
		set_reply(x, a->status, body, a->body_bytes);
}

void exchange_on_errand(void *errand, enum courier_end end, const struct wire_answer *a, const char *body)
{
	struct exchange *x = errand;

	x->pending = false;
	switch (end) {
	case COURIER_ANSWERED: take_answer(x, a, body); break;
	case COURIER_NOT_EXECUTED:
		reply_not_executed(
		    x, PROBLEM_FAILOVER_IN_PROGRESS, "No node took the request in time; it was not executed.");
		break;
	case COURIER_OVERLOADED:
		reply_not_executed(x, PROBLEM_OVERLOADED, "The ledger's queue is full; the request was not executed.");
		break;
	case COURIER_CROWDED:
		reply_not_executed(x, PROBLEM_TOO_MANY_IN_FLIGHT,
		    "Too many requests of this API key or session are under way; this one was not executed.");
		break;
	case COURIER_STALLED:
		reply_not_executed(x, PROBLEM_REPLICATION_STALLED,
		    "A payment before this one waits for the other gateway; this one was not executed.");
		break;
	case COURIER_UNKNOWN: exchange_refuse(x, PROBLEM_OUTCOME_UNKNOWN, unknown, 1); break;
	}
	if (!x->pending)
		x->desk->done(x);
}
