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

/* Of a host that has the name of a member or a replica in that status (NULL: it is not known): whose it is, "gateway at 10.0.0.1". */
#define CTL_HOSTS_NAMESAKE "name_of"
void ctl_hosts_compare(json_t *hosts, const json_t *status);

/* Leaves them for those who may not ask, or must not wait (heartbeat/hostseen.h); why it could not goes to standard error. */
void ctl_hosts_leave(const json_t *hosts, const char *run_dir);

#endif
