/* One HTTP connection of the load client: one request, one answer, each with its time. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_HTTP_H
#define HOLDFAST_TESTS_CHAOS_PAYER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/chaos/payer.h"

#define HTTP_BODY_BYTES (64 * 1024)

struct http_request {
	const char *method, *path;
	const char *key;	/* Idempotency-Key; NULL none */
	const char *request_id; /* X-Request-Id, for the logs of the other side; NULL none */
	const char *body;	/* NULL none */
	bool fresh;		/* on a new connection */
};

struct http_answer {
	long status;	/* 0: no answer */
	char error[96]; /* why, when status is 0 */
	bool has_seq, has_replayed, replayed;
	uint64_t ledger_seq;
	uint64_t sent_us, got_us; /* CLOCK_MONOTONIC */
	uint64_t wall_us;	  /* when it was sent */
	size_t body_bytes;
	char body[HTTP_BODY_BYTES]; /* terminated */
};

struct http_client;

/* NULL: no memory. o is borrowed. */
struct http_client *http_open(const struct payer_options *o);
void http_close(struct http_client *c);

/* Always fills *ret; never retries by itself. */
void http_ask(struct http_client *c, const struct http_request *request, struct http_answer *ret);

/* Does an answer say for certain what became of the request? Otherwise: the same key and body again. */
bool http_definitive(long status, const char *body);

#endif
