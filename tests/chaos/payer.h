/* The load client: what its parts share. It keeps its own history, outside the system, and proves it
 * afterwards. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_H
#define HOLDFAST_TESTS_CHAOS_PAYER_H

#include <stdint.h>

#define PAYER_KEY_BYTES 64
#define PAYER_ID_BYTES 48
#define PAYER_CLIENTS_MAX 256
#define PAYER_PAGE_ENTRIES 8

struct payer_options {
	const char *url;     /* "https://10.0.0.100", no slash at the end */
	const char *cacert;  /* NULL: the system's */
	const char *api_key; /* secret: never printed, never in the history */
	const char *history;
	const char *until_file; /* NULL: none */
	const char *windows;	/* gap: many at once; NULL: none */
	uint64_t clients, accounts, seconds, rate, timeout_ms, connect_timeout_ms, give_up_ms, open_loop, reads;
	uint64_t after_us, before_us; /* gap: CLOCK_MONOTONIC; before 0: to the end */
};

/* The sub-commands. Each returns the exit status: 0 good, 1 something is wrong with the answers, 2 could not
 * run. */
int payer_run(const struct payer_options *o);
int payer_verify(const struct payer_options *o);
int payer_gap(const struct payer_options *o);

uint64_t payer_mono_us(void);
uint64_t payer_wall_us(void);

/* xorshift64*; *state must not be 0. */
uint64_t payer_dice(uint64_t *state);

void payer_pause_ms(uint64_t ms);

#endif
