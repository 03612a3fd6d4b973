/* ledgerd's line to heartbeatd: reports out, gate messages in. Reconnects by itself. */
#ifndef HOLDFAST_GATEWAY_LINK_H
#define HOLDFAST_GATEWAY_LINK_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "heartbeat/local.h"

struct link;

/* heartbeatd says that the role page has changed; close_generation is the highest it has sent. */
typedef void link_handler(void *userdata, uint64_t close_generation);

/* NULL: no memory. path is borrowed. */
struct link *link_new(sd_event *event, const char *path, link_handler *handler, void *userdata);
void link_free(struct link *l);

/* Connects when there is no connection, and sends. Failures are logged once and tried again with the next
 * report. */
void link_report(struct link *l, struct ledger_report *report);

#endif
