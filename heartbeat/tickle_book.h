/*
 * What a gateway knows of the connections to the virtual IP: its own while it holds the address, the other's
 * otherwise. Decides what is told to the other and which connections are tickled when. Pure.
 *
 * The holder tells what is new and what is gone after each look at its sockets, and in every round, about a second,
 * all there is. What several rounds do not mention any more is forgotten; what a silent holder told is kept, for the
 * time when its address comes here. So no datagram matters, and nothing has to be put together from several.
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_BOOK_H
#define HOLDFAST_HEARTBEAT_TICKLE_BOOK_H

#include "heartbeat/tickle_list.h"
#include "heartbeat/tickle_message.h"

#define TICKLE_ROUND_US 1000000u
#define TICKLE_ROUNDS_MISSED_MAX 3u

/* So often all of the list is tickled: at once, and 100, 300 and 1,000 ms later. The first may be too early: the
 * client's answer goes to where it believes the address to be, and keepalived is just announcing it. */
#define TICKLE_VOLLEYS 4u
#define TICKLE_PACE_US 10000u /* for at most TICKLE_BATCH: 10,000 take 200 ms, and queues on the way hold that much */
#define TICKLE_BATCH 500u

struct tickle_book {
	bool v6;    /* the address is of IPv6, and so are all clients */
	bool holds; /* the address is here */
	struct tickle_list mine, theirs;

	/* what of `mine` is still to be told */
	uint32_t look;
	uint32_t fresh_count, gone_count;
	struct tickle_key fresh[TICKLE_MAX], gone[TICKLE_MAX];
	bool overflow;	      /* there are more than TICKLE_MAX */
	uint32_t round, told; /* of mine, in this round */
	uint64_t round_us;    /* when it began */

	/* what was heard */
	uint32_t mark;
	uint64_t heard_start;
	uint32_t heard_round;
	uint32_t rounds_away; /* rounds of another holder since the address left us */

	/* tickling */
	bool tickling;
	uint64_t since_us;	/* the arrival of the address */
	uint32_t volley, aimed; /* of theirs, in this volley */
};

void tickle_book_start(struct tickle_book *b, uint64_t seed, bool v6);

/* The address came or went. When it comes, `mine` must be looked up (tickle_book_look_*) before the first tickle is
 * taken. When it goes, a last look before and tickle_book_tell afterwards tell the new holder what there was. */
void tickle_book_arrive(struct tickle_book *b, uint64_t now_us);
void tickle_book_leave(struct tickle_book *b);

/* A look at our sockets: begin, each connection, end. */
void tickle_book_look_begin(struct tickle_book *b);
void tickle_book_look_at(struct tickle_book *b, const struct tickle_key *key);
void tickle_book_look_end(struct tickle_book *b);

/* The next message about what changed; false: nothing is left to tell. start and sequence are the caller's. */
bool tickle_book_tell(struct tickle_book *b, struct tickle_message *ret);

/* The next message of the round that is under way; false: more time has to pass. An empty list is told, too. */
bool tickle_book_tell_again(struct tickle_book *b, uint64_t now_us, struct tickle_message *ret);

/* The next message of a report of all that is known; *at is 0 for the first. False: that was all. */
bool tickle_book_report(const struct tickle_book *b, uint32_t *at, struct tickle_message *ret);

/* Takes in HOLDS or REPORT; what is of another family than the address means nothing here. */
void tickle_book_hear(struct tickle_book *b, const struct tickle_message *m);

/* Up to TICKLE_BATCH connections that are to be tickled now, and whether by a probe (heartbeat/tickle_segment.h).
 * *next_us is when to ask again; 0: tickling is over, and `theirs` empty. */
uint32_t tickle_book_aim(
    struct tickle_book *b, uint64_t now_us, struct tickle_key ret[static TICKLE_BATCH], bool *probe, uint64_t *next_us);

#endif
