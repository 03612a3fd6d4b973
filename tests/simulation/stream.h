/*
 * Replication of one standby's mariadbd from the other's, through the relay: its IO thread's connection, what is on the way
 * to it, and the acknowledgement on the way back.
 */
#ifndef HOLDFAST_TESTS_SIMULATION_STREAM_H
#define HOLDFAST_TESTS_SIMULATION_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct world;

struct stream {
	bool connected;
	uint8_t master;
	unsigned master_life;
	uint64_t epoch; /* of the relay when it was made */
	uint64_t connect_at_us, dark_since_us;
	unsigned next; /* of the master's log */
	uint64_t batch_at_us;
	unsigned batch_upto;
	uint64_t ack_at_us; /* an acknowledgement on its way; 0: none */
	unsigned ack_upto, ack_life;
};

/* The relay was closed, or the process at one end is gone. */
void stream_cut(struct stream *s, uint64_t now_us);

void stream_step(struct world *w, unsigned at);
uint64_t stream_next_us(const struct world *w, unsigned at);

#endif
