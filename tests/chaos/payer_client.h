/* One client of the load: a thread that pays, reads and repeats itself, and never gives a key up early. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_CLIENT_H
#define HOLDFAST_TESTS_CHAOS_PAYER_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/chaos/payer_history.h"

/* What all clients share. */
struct load {
	const struct payer_options *options;
	struct history *history;
	char run_name[9];		 /* letters, in every key: two runs never share one */
	char (*account)[PAYER_ID_BYTES]; /* options->accounts of them, filled during set-up; owned */
	pthread_mutex_t lock;		 /* of under_way */
	char under_way[PAYER_CLIENTS_MAX]
		      [PAYER_KEY_BYTES]; /* what each client pays with now, or has paid with last; "" nothing */
	pthread_barrier_t phase;	 /* accounts made; money there */
	atomic_bool stop, hurry;	 /* finish what is begun; even give that up */
	atomic_bool failed;		 /* set-up did not work */
	atomic_uint running;
	atomic_ullong loaded_us;			       /* when set-up was done; 0: not yet */
	atomic_ullong acked, errors, given_up, latency_max_us; /* the last one since it was last read */
};

/* The thread's function; context is a struct client_start. */
struct client_start {
	struct load *load;
	unsigned number;
	pthread_t thread;
};
void *client_main(void *context);

#endif
