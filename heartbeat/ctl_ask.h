/* Questions to heartbeatd of this machine, over its local socket. */
#ifndef HOLDFAST_HEARTBEAT_CTL_ASK_H
#define HOLDFAST_HEARTBEAT_CTL_ASK_H

#include <jansson.h>

#include "heartbeat/err.h"
#include "heartbeat/settings.h"

#define CTL_MEMBERS_MAX 5

/* The answer to any question (heartbeat/status.c), for the caller to json_decref; NULL with e filled when there is none
 * within 2 s or it is no JSON. */
json_t *ctl_ask(const char *socket_path, const char *question, struct errbuf *e);

/* The answer to "members" as a list, in the order of member numbers. 0 and *count, or -EPROTO with e filled.
 */
int ctl_members_take(
    const json_t *answer, struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

/* Both together. 0, -EAGAIN (no answer), or -EPROTO with e filled. */
int ctl_members_ask(struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

#endif
