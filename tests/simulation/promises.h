/* What must hold after every event, and what must come about in time. */
#ifndef HOLDFAST_TESTS_SIMULATION_PROMISES_H
#define HOLDFAST_TESTS_SIMULATION_PROMISES_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/record.h"

struct world;

struct promises {
	bool stale;  /* an acceptor has accepted, started or stopped since the register was looked at */
	bool chosen; /* a majority of the acceptors holds one ballot, in memory when up, else on disk */
	struct hb_ballot ballot;
	struct hb_record record;
	uint8_t open_in_sync; /* of the last record chosen that was open: nothing has been answered since */
	uint64_t paid_us;     /* true time of the last payment that was answered */
};

/* Safety, after every event. */
void promises_check(struct world *w);

/* A client was told something by this gateway; what it must be told from now on is in the book already. */
void promises_answered(struct world *w, unsigned at);

/* A record has become known here. Each costs a write of the register on a majority: nobody goes on changing it for ever. */
void promises_chosen(struct world *w, unsigned at);

/* Liveness: is there a majority, connected and up, with a gateway in it whose copy counts? Then somebody has to serve. And who
 * serves alone goes on, whoever else is gone. */
bool promises_owe_service(struct world *w);

/* Does who answers go by the record that a majority holds? */
bool promises_agree(struct world *w);

#endif
