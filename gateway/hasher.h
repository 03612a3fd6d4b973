/*
 * One thread of a worker that computes passwords, with a bounded queue in front of it: a storm of logins makes logins slow, and then
 * refuses them, and never holds up a payment. The thread yields the processor to everything else (SCHED_BATCH and nice).
 */
#ifndef HOLDFAST_GATEWAY_HASHER_H
#define HOLDFAST_GATEWAY_HASHER_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "gateway/password.h"

#define HASHER_JOBS_MAX 64 /* about 1.5 s of work where there is nothing else to do: well within hold-timeout */

struct hasher;

/* Borrowed from hasher_put until it is handed back. check: is `password` the one of `record`? Otherwise: make `record` of it, with
 * the salt that lies in it. */
struct hasher_job {
	struct hasher_job *next;
	void *owner;
	bool check;
	const char *password;
	size_t password_bytes;
	struct password_record record;
	uint64_t deadline_us; /* CLOCK_BOOTTIME: nobody waits for what has not begun by then */
	int code;	      /* of password_check or password_make; -ETIMEDOUT */
	uint8_t key[32];
};

/* done is called on the event loop, once a job. NULL: no memory or no thread. */
struct hasher *hasher_new(sd_event *event, void (*done)(struct hasher_job *job));

/* Waits for the job that is being worked on; the others are never handed back. */
void hasher_free(struct hasher *h);

/* A place for one job, before anything else is done for it; hasher_put takes it over, else it is given back. False: there is none. */
bool hasher_reserve(struct hasher *h);
void hasher_release(struct hasher *h);

/* With a place. */
void hasher_put(struct hasher *h, struct hasher_job *job);

/* Places that are taken: until the job has been handed back. */
unsigned hasher_count(struct hasher *h);

#endif
