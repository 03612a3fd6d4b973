/* A worker's line to one ledger: a stream socket, many operations at once, told apart by their ids.
 * Reconnects. */
#ifndef HOLDFAST_GATEWAY_CLIENT_H
#define HOLDFAST_GATEWAY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/wire.h"

struct client;

struct client_handlers {
	/* body is borrowed */
	void (*answer)(void *userdata, uint64_t id, const struct wire_answer *a, const char *body);
	/* The line broke: whatever was sent on it and not answered has an unknown outcome. */
	void (*lost)(void *userdata, struct client *c);
};

/* path and handlers are borrowed. NULL: no memory. */
struct client *client_new(sd_event *event, const char *path, const struct client_handlers *handlers, void *userdata);
void client_free(struct client *c);

/* Connects when it must (not more often than every 20 ms) and sends. False: nothing was sent, try again
 * later. */
bool client_send(struct client *c, uint64_t id, struct op_message *m);

#endif
