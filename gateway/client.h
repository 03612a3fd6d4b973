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
	/* The ledger has said hello: from now on client_send sends. */
	void (*ready)(void *userdata, struct client *c);
};

enum client_state {
	CLIENT_AWAY,	/* no line, or no hello of the ledger's yet */
	CLIENT_READY,	/* sends */
	CLIENT_FOREIGN, /* the ledger is of another release, when it was asked last: nothing is sent */
};

/* path and handlers are borrowed. NULL: no memory. */
struct client *client_new(sd_event *event, const char *path, const struct client_handlers *handlers, void *userdata);
void client_free(struct client *c);

/* Connects if there is no line (not more often than every 20 ms, to a foreign ledger every 200 ms), and says how it stands. */
enum client_state client_look(struct client *c);

/* Does that, and sends once the ledger has said hello: at the end of this turn of the event loop, with all else that is to be sent by then.
 * False: nothing was or will be sent, try again later. */
bool client_send(struct client *c, uint64_t id, struct op_message *m);

#endif
