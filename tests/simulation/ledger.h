/*
 * A model of ledgerd, and of the clients' memory of what it answered. One writer; a payment at a time; R9 and R12 as
 * gateway/writer.c has them; clients that heard nothing try again with the same key.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_LEDGER_H
#define HOLDFAST_TESTS_SIMULATION_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/local.h"

#define BOOK_TX_MAX 16000
#define BOOK_UNKNOWN 8

struct world;

enum ledger_state {
	LEDGER_CLOSED,
	LEDGER_BARRIER, /* its opening transaction is on its way */
	LEDGER_OPEN,
	LEDGER_COMMIT, /* a payment is on its way */
	LEDGER_ANSWER, /* its COMMIT returned OK; waits until it may be answered */
};

struct ledger {
	bool up;
	uint64_t start_at_us, at_us; /* the next payment */
	uint64_t look_us;	     /* the next look at what it waits for */
	enum ledger_state state;
	uint64_t epoch, version; /* of connection and image; under which the payment began */
	uint64_t head;		 /* chain of the last transaction it knows to be in the ledger */
	uint64_t barrier_epoch, answered_epoch, closed_generation, rest_generation;
	struct gtid answered;
	uint64_t commit_since_us;
	uint32_t key, tx;
	unsigned index;
	uint64_t chain;
	/* a GET under way */
	uint64_t read_us, read_must_chain;
	unsigned read_must;
	uint64_t reported_us;
	uint64_t leaves_us, back_us; /* it was told to end then; and how long it will be away */
	uint64_t had_role_us;
};

/* What clients know, and what was saved. */
struct book {
	uint32_t next_tx, next_key;
	unsigned payments, answers, reads, replays, given_up;
	unsigned must; /* the end of what was answered or shown, and its chain: every later answer needs it */
	uint64_t must_chain, epoch;
	uint32_t unknown[BOOK_UNKNOWN];	   /* keys whose payments were not answered */
	uint32_t placed[BOOK_TX_MAX];	   /* its place in every log that has it */
	uint32_t before[BOOK_TX_MAX];	   /* the try before, of the same key; 0: none */
	uint32_t last_try[BOOK_TX_MAX];	   /* by key */
	uint8_t exported[BOOK_TX_MAX / 8]; /* R11, by transaction */
	struct {
		unsigned length;
		uint64_t chain;
		struct token token;
	} own[2]; /* the end of what each has answered itself, and under which token */
};

void book_init(struct book *b);
void book_copy(struct book *b, const struct book *of);
uint32_t book_new_tx(struct book *b);
void book_export(struct book *b, uint32_t tx);

/* `at` has answered up to here. */
void book_note_own(struct world *w, unsigned at);

/* The role was forced upon `at`, and an operator has accepted what is lost: what is owed from now on is what it has. What it has answered
 * itself nobody has given up. */
void book_accept_loss(struct world *w, unsigned at);

/* R11: a transaction disappears from `at`. */
void book_lose(struct world *w, unsigned at, unsigned index);

/* A copy that counts holds everything that was answered; what was acknowledged is there as long as the token is. */
void book_check_copy(struct world *w, unsigned at);

void ledger_kill(struct world *w, unsigned at, uint64_t for_us);
/* Told to end: it says so, goes on while it has the role and somebody can take it, and is away for as long. */
void ledger_end(struct world *w, unsigned at, uint64_t for_us);
void ledger_power_off(struct ledger *l);
void ledger_step(struct world *w, unsigned at);
uint64_t ledger_next_us(const struct world *w, unsigned at);

#endif
