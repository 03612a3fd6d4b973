/* One HTTP request and its answer, from the first header to the last byte. The HTTP library is not known
 * here. */
#ifndef HOLDFAST_GATEWAY_EXCHANGE_H
#define HOLDFAST_GATEWAY_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/authcache.h"
#include "gateway/courier.h"
#include "gateway/hasher.h"
#include "gateway/intake.h"
#include "gateway/lockcache.h"

/* Above its limit. The edge refuses what no route reads to its end (etc/haproxy.cfg.in). */
#define BODY_DRAIN_BYTES_MAX (1024 * 1024)

struct exchange;

/* What all exchanges of a worker share. */
struct tally;

#define DESK_IDS 64

struct desk {
	struct courier *courier;
	struct hasher *hasher;
	struct authcache auth;
	struct lockcache locks;
	const char *channels;
	char *description; /* of the API; owned */
	size_t description_bytes;
	uint32_t hold_timeout_ms;
	bool
	    leaving; /* about to stop: whoever asks for its health is to send nothing more, and what comes is answered */
	uint32_t access_log;  /* enum conf_log */
	struct tally *tally;  /* borrowed; NULL: nobody counts */
	unsigned random_left; /* of these, drawn in advance for the ids of requests; they are no secrets */
	uint8_t random[DESK_IDS][ULID_RANDOM_BYTES];
	void (*done)(struct exchange *x); /* an exchange that was pending has its answer */
};

struct exchange {
	struct desk *desk; /* borrowed */
	void *connection;  /* for the HTTP side */
	char *target;	   /* owned; raw */
	char *body;	   /* owned; of the request */
	size_t body_bytes, body_size, seen_bytes;
	bool begun, pending, answered;
	bool maybe_again;	     /* the edge may have sent it to another worker before */
	const char *method;	     /* one of those that there are, or "other" */
	char address[CHANNEL_BYTES]; /* of the client, as our edge writes it */
	uint64_t principal;	     /* who asks; 0: nobody who is known */
	struct http_facts facts;
	struct intake intake;
	struct op_message auth; /* who is it? */
	uint64_t arrived_us, auth_sent_us;
	bool authenticating;
	struct login *login; /* owned; NULL: it has nothing to do with passwords */
	/* the answer */
	unsigned status;
	char code[PROBLEM_WORD_BYTES]; /* "" none */
	struct wire_answer answer;     /* of the ledger */
	bool from_ledger;
	unsigned retry_after_s;
	char *reply; /* owned */
	size_t reply_bytes;
};

/* NULL: no memory. The target is copied. */
struct exchange *exchange_new(struct desk *desk, const char *target);

/* Not while it is pending. */
void exchange_free(struct exchange *x);

/* One more piece of the body; what exceeds the limit is not kept. False: too much of it, nobody waits for its
 * end. */
bool exchange_take_body(struct exchange *x, const char *bytes, size_t count);

/* Takes from its facts what outlives the connection. */
void exchange_begin(struct exchange *x);

/* It has waited at the edge since then, in milliseconds of Unix time on this host: that counts for
 * hold-timeout. NULL, or anything but such a number: it has not. */
void exchange_arrived(struct exchange *x, const char *unix_ms);

/* The request is complete, x->facts filled but for the body: works on it until it has an answer (answered) or
 * waits for the ledger (pending; desk->done is called later). */
void exchange_run(struct exchange *x);

/* For its parts: when its time is up; sends an operation, whose answer exchange_on_errand takes; answers with a problem. */
uint64_t exchange_deadline_us(const struct exchange *x); /* CLOCK_BOOTTIME: nothing begins later */
void exchange_send(struct exchange *x, struct op_message *m);
void exchange_refuse(struct exchange *x, enum problem_code code, const char *detail, unsigned retry_after_s);

/* The ledger's handler, for courier_new. */
courier_handler exchange_on_errand;

#endif
