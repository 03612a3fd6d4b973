/* A daemon's line to heartbeatd: reports out, orders in. It stays, whoever is restarted. */
#ifndef HOLDFAST_HEARTBEAT_LINK_H
#define HOLDFAST_HEARTBEAT_LINK_H

#include <stddef.h>
#include <systemd/sd-event.h>

#include "heartbeat/local.h"

struct link;

/* A packet from heartbeatd, checked for version and size; its type says which struct it is. */
typedef void link_handler(void *userdata, const struct local_header *packet);

/* NULL: no memory. path is borrowed. */
struct link *link_new(sd_event *event, const char *path, enum local_client who, link_handler *handler, void *userdata);
void link_free(struct link *l);

/* Connects when there is no connection, and sends; packet NULL: only connects. Failures are logged once and tried again
 * with the next call. */
void link_send(struct link *l, enum local_type type, void *packet, size_t size);

#endif
