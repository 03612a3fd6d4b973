/*
 * One HTTP request on its way to an operation, in the order of errors of the API: form (size, media type,
 * JSON), then who may, then what it says. Every check that needs no ledger is here. No I/O, no clock.
 */
#ifndef HOLDFAST_GATEWAY_INTAKE_H
#define HOLDFAST_GATEWAY_INTAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "gateway/op.h"
#include "gateway/problem.h"
#include "gateway/route.h"

#define JSON_DEPTH_MAX 16
#define KEY_CHARS_MAX 250
#define INTAKE_FIELDS_MAX 32

/* What the HTTP side has seen. All borrowed, NULL where absent. */
struct http_facts {
	const char *method, *target; /* target: raw, with query */
	const char *content_type, *authorization, *key, *request_id;
	const char *address; /* X-Forwarded-For, as our edge writes it */
	unsigned key_count;
	bool too_large;
	const char *body;
	size_t body_bytes;
};

/* A password of the request; owned, and wiped when it is given up. */
struct secret {
	char *text;
	size_t bytes;
};

/* Why a request goes no further. */
struct refusal {
	enum problem_code code;
	const char *detail, *param;
	struct problem_field fields[INTAKE_FIELDS_MAX];
	size_t field_count;
	char allow[ROUTE_ALLOW_BYTES]; /* 405 */
	char param_name[64];
};

struct intake {
	const struct http_facts *facts; /* borrowed, as are the channels */
	const char *channels;
	const struct route *route;
	char param[ROUTE_PARAM_BYTES];
	char request_id[OP_REQUEST_ID_BYTES_MAX + 1];
	json_t *root;				    /* owned */
	bool has_huge_number;			    /* too large to be read as any number: root is null then */
	char *canonical, *metadata, *items;	    /* owned */
	char reference[OP_REFERENCE_BYTES_MAX + 1]; /* of a query */
	struct secret password, new_password;
	struct op_message m; /* texts point in here */
	struct refusal refusal;
};

/* Starts: facts and channels (names separated by blanks) must outlive it; own_id is taken when the client
 * brought no good X-Request-Id. */
void intake_init(struct intake *in, const struct http_facts *facts, const char *channels, const char *own_id);
void intake_free(struct intake *in);

/* The client's address as the edge wrote it, of several the first; "unknown" for anything else. */
void intake_address(const struct http_facts *facts, char ret[static CHANNEL_BYTES]);

/* Copies it. False: no memory. */
bool intake_keep_secret(struct secret *ret, const char *text, size_t bytes);

/* Each: true, or false with in->refusal filled. */
bool intake_form(struct intake *in);	 /* route, size, media type, JSON */
bool intake_identify(struct intake *in); /* Authorization: fills m.op.secret_hash */
bool intake_authorize(struct intake *in, uint32_t scopes);
bool intake_validate(struct intake *in); /* the rest: in->m is complete afterwards, but for the budget */

#endif
