/* The side of the worker host in `holdfastctl join --worker` and `worker sync`. */
#ifndef HOLDFAST_HEARTBEAT_CTL_WORKER_H
#define HOLDFAST_HEARTBEAT_CTL_WORKER_H

#include "heartbeat/ctl_options.h"
#include "heartbeat/err.h"

/* join --worker: the exit status. */
int ctl_join_worker(const struct ctl_options *o);

/* `holdfastctl reconfigure`, for pending_tell(). */
int ctl_worker_reconfigure(void);

/* Takes a later certificate from a gateway, if there is one, and tells HAProxy, also of one that an earlier call took and could not tell of. 0, or -errno with e filled. */
int ctl_worker_renew(struct errbuf *e);

#endif
