/* The side of the worker host in `holdfastctl join --worker` and `worker sync`. */
#ifndef HOLDFAST_HEARTBEAT_CTL_WORKER_H
#define HOLDFAST_HEARTBEAT_CTL_WORKER_H

#include <stdbool.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_options.h"
#include "heartbeat/err.h"

/* join --worker: the exit status. */
int ctl_join_worker(const struct ctl_options *o);

/* `holdfastctl reconfigure`, for pending_tell(). */
int ctl_worker_reconfigure(void);

/* Takes a later certificate from a gateway, if there is one, and the list of gateways from the active one, if that is another, and tells HAProxy, also of one that an earlier call took and could not tell of. 0, or -errno with e filled. */
int ctl_worker_renew(struct errbuf *e);

/* Asks that of the gateways of our list which is active for its own, and takes it when it is another (*news); HAProxy is still to be told. 0, also when nobody
 * tells one, or with e filled -errno, -EINVAL or -EBADMSG: it is not whole, and nothing was changed. */
int ctl_worker_learn(const struct settings_member *have, unsigned count, bool *news, struct errbuf *e);

/* A list that a gateway has told: whole only when it has each gateway of a cluster once, and the teller with the name and address at which it was asked.
 * 0, or -EINVAL or -EBADMSG with e filled. Pure. */
int ctl_worker_take_list(const char *text, const struct settings_member *teller,
    struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

/* Whatever their order, and however an address is written. Pure. */
bool ctl_worker_lists_differ(
    const struct settings_member *a, unsigned of_a, const struct settings_member *b, unsigned of_b);

#endif
