/*
 * The proposer of the register (protocol.md section 1, P1-P3): own acceptor first, then the others; one operation at a
 * time; an outcome that is unknown is pursued until it is known. Pure: it writes letters, and reads the answers.
 */
#ifndef HOLDFAST_HEARTBEAT_PROPOSER_H
#define HOLDFAST_HEARTBEAT_PROPOSER_H

#include "heartbeat/acceptor.h"
#include "heartbeat/change.h"
#include "heartbeat/outbox.h"

enum hb_step {
	HB_STEP_IDLE,
	HB_STEP_SELF_PREPARE,
	HB_STEP_PREPARE,
	HB_STEP_CLOSE_GATE, /* the value names another active: waits for hb_proposer_gate_closed() */
	HB_STEP_SELF_ACCEPT,
	HB_STEP_ACCEPT,
	HB_STEP_BACK_OFF, /* a higher ballot was promised, or our own acceptor refuses: a new round at again_us */
};

struct hb_proposer {
	uint8_t self;
	enum hb_step step;
	struct hb_change change;
	struct hb_ballot ballot;
	uint64_t counter_seen;
	uint8_t promises, accepts; /* bit per member */
	uint8_t base_members;	   /* of the record that we started from */
	struct hb_ballot best_ballot;
	struct hb_record best, value;
	bool applied;	 /* value carries the change; false: it finishes what was there */
	bool was_active; /* the caller serves: a value that names another has to wait for the gate */
	bool pending;	 /* a value of ours was self-accepted and its fate is not known (S4, L5) */
	struct hb_ballot pending_ballot;
	uint8_t pending_in_sync; /* union of in_sync of all values that may still become chosen */
	bool chosen;		 /* out: value was chosen at ballot; the caller takes it and clears this */
	unsigned overtaken; /* times in a row, up to a limit, that a higher ballot ended a round of the same wish */
	uint64_t again_us;
	uint64_t dice;
};

void hb_proposer_start(struct hb_proposer *p, uint8_t self, uint64_t seed);

/* Begins a round for c; the proposer must be idle or backing off. */
void hb_proposer_begin(struct hb_proposer *p, const struct hb_acceptor *a, const struct hb_change *c, bool was_active,
    uint64_t now_us, struct hb_outbox *out);

/* PROMISE and ACCEPTED, also the own ones. */
void hb_proposer_answer(struct hb_proposer *p, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out);

/* Repeats what was not answered. Call on each tick. */
void hb_proposer_tick(struct hb_proposer *p, uint64_t now_us, struct hb_outbox *out);

/* The gate is closed and that is confirmed. */
void hb_proposer_gate_closed(struct hb_proposer *p, uint64_t now_us, struct hb_outbox *out);

/* A record is known chosen at b. Ends a round of ours below it. */
void hb_proposer_learn(struct hb_proposer *p, struct hb_ballot b);

/* The wish that began the round is gone. A round that has not reached any acceptor's accepted value is given up; while
 * something of ours is pending it goes on without changing anything (P3). */
void hb_proposer_abandon(struct hb_proposer *p);

/* May a new round begin now? */
bool hb_proposer_free(const struct hb_proposer *p, uint64_t now_us);

/* xorshift64*, for back-off and jitter. */
uint64_t hb_dice(uint64_t *state);

#endif
