/* Questions to heartbeatd of this machine, over its local socket. */
#ifndef HOLDFAST_HEARTBEAT_CTL_ASK_H
#define HOLDFAST_HEARTBEAT_CTL_ASK_H

#include <jansson.h>

#include "heartbeat/err.h"
#include "heartbeat/settings.h"

#define CTL_MEMBERS_MAX 5
#define CTL_NO_CLUSTER "this machine belongs to no cluster: there is no " CONF_PATH

/* The answer to any question (heartbeat/status.c) in *ret, for the caller to json_decref. 0, or with e filled: -ETIMEDOUT there is none
 * within 2 s; -EPROTO it is no JSON, or no answer of this release; -EACCES the caller may not ask; -ENXIO this machine belongs to no cluster; another -errno:
 * nobody is there. */
int ctl_ask_for(const char *socket_path, const char *question, json_t **ret, struct errbuf *e);

/* The same for whom any reason is as good: NULL for an error. */
json_t *ctl_ask(const char *socket_path, const char *question, struct errbuf *e);

/* The answer to "members" as a list, in the order of member numbers. 0 and *count, or -EPROTO with e filled.
 */
int ctl_members_take(
    const json_t *answer, struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

/* Both together. 0, -EAGAIN (no answer), or -EPROTO with e filled. */
int ctl_members_ask(struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

#endif
