/*
 * The one way by which a standby's mariadbd reaches the active's: a relay of bytes on 127.0.0.1. It is closed unless an
 * order opened it for one epoch, so closing it is the cut of the path of acknowledgements (R6), and takes no longer than
 * close(2), whatever has become of the active's host. What passes through is MariaDB's own TLS.
 */
#ifndef HOLDFAST_REPLICATION_RELAY_H
#define HOLDFAST_REPLICATION_RELAY_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "heartbeat/err.h"

struct relay;

/* A closed relay. The loop must outlive it. NULL: no memory. */
struct relay *relay_new(sd_event *loop, uint16_t port);
void relay_free(struct relay *r);

/* Opens for connections to address:port in this epoch; whatever was open for another is cut first. Opening what is open
 * already does nothing. 0 or -errno with e filled: the relay is closed then. */
int relay_open(struct relay *r, const char *address, uint16_t port, uint64_t epoch, struct errbuf *e);

/* Cuts: afterwards no socket of the relay is open, and no byte passes. */
void relay_close(struct relay *r);

/* The epoch for which a connection to the active stands now, 0: none. May be called from any thread. */
uint64_t relay_epoch(const struct relay *r);

/* The epoch for which it is open, 0: closed. May be called from any thread. */
uint64_t relay_open_epoch(const struct relay *r);

#endif
