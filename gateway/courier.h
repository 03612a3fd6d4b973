/*
 * Carries operations of a worker to the ledger of the record and back: to this host's while its node is
 * active, else to the peer's; on a worker host to where its HAProxy finds it; again and again, always with the same key, until there is an outcome or
 * hold_timeout is over.
 */
#ifndef HOLDFAST_GATEWAY_COURIER_H
#define HOLDFAST_GATEWAY_COURIER_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/wire.h"

struct courier;

enum courier_end {
	COURIER_ANSWERED,     /* answer and body hold */
	COURIER_NOT_EXECUTED, /* time is up; it never may have reached a COMMIT */
	COURIER_UNKNOWN,      /* time is up; it may have */
	COURIER_OVERLOADED,
	COURIER_CROWDED,
	COURIER_STALLED, /* as COURIER_NOT_EXECUTED, and the ledger said why */
};

typedef void courier_handler(void *errand, enum courier_end end, const struct wire_answer *a, const char *body);

/* Paths are borrowed. page_path NULL, on a worker host: local_path always, where HAProxy finds the ledger that answers. NULL: no memory. */
struct courier *courier_new(
    sd_event *event, const char *page_path, const char *local_path, const char *peer_path, courier_handler *handler);
void courier_free(struct courier *c);

/* Takes an operation: message and errand are borrowed until the handler is called, exactly once and never
 * from within this call. False: too many are under way. */
bool courier_send(struct courier *c, struct op_message *m, uint64_t deadline_us, void *errand);

unsigned courier_count(const struct courier *c);

enum courier_health {
	COURIER_FIT,	  /* operations are carried, or will be when there is a ledger again */
	COURIER_STARTING, /* not asked yet, and only for COURIER_START_US */
	COURIER_FOREIGN,  /* the ledger of the record is of another release: a worker of that one is to be asked */
};

#define COURIER_START_US 500000

/* Is this node the active one, and may its ledger answer now? A worker host asks that, so as to find the ledger. False on a worker host. */
bool courier_is_open_here(struct courier *c);

/* Of the line to the ledger of the record; tries to open it, so that this is known before an operation comes. */
enum courier_health courier_look(struct courier *c);

#endif
