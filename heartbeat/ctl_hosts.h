/* The worker hosts, as a gateway sees them: who they are is in the roster, whether they work HAProxy of this gateway knows. */
#ifndef HOLDFAST_HEARTBEAT_CTL_HOSTS_H
#define HOLDFAST_HEARTBEAT_CTL_HOSTS_H

#include <jansson.h>

/* What the answer of HAProxy to "show servers state" says of the worker host of that name. "up": it gets requests. "not ready": it is there and takes none,
 * as it is being stopped, is of another release, or has no worker. "down": it is not heard. "unknown": there is nothing about it. Pure. */
const char *ctl_host_state(const char *answer, const char *name);

/* An object for each: name, kind ("worker"), address, state, certificate_until ("-": there is none). A list that cannot be read is empty, as where there
 * is none; HAProxy is asked for at most 2 s, and not when nobody is in it. For the caller to release. */
json_t *ctl_hosts(void);

#endif
