/* The side of the worker host in `holdfastctl join --worker` and `worker sync`. */
#ifndef HOLDFAST_HEARTBEAT_CTL_WORKER_H
#define HOLDFAST_HEARTBEAT_CTL_WORKER_H

#include <stdbool.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_options.h"
#include "heartbeat/err.h"

/* join --worker: the exit status. */
int ctl_join_worker(const struct ctl_options *o);

/* `holdfastctl reconfigure`, for pending_tell(). */
int ctl_worker_reconfigure(void);

/* Takes a later certificate from a gateway, if there is one, and from the active one where a gateway is that does not answer any more, and tells HAProxy, also of what an earlier call took and could not tell of. 0, or -errno with e filled. */
int ctl_worker_renew(const struct conf *conf, struct errbuf *e);

/* Asks that of the gateways of our list which is active for its own. Ours gets another line (*news) only for a gateway that does not answer where ours has it,
 * and shows its certificate where that one has it: an address that an operator wrote on purpose, such as one that is translated, stays. HAProxy is still to
 * be told. 0, also when nobody tells one, or with e filled -errno, -EINVAL or -EBADMSG: it is not whole, and nothing was changed. */
int ctl_worker_learn(
    const struct conf *conf, const struct settings_member *have, unsigned count, bool *news, struct errbuf *e);

/* A list that a gateway has told: whole only when it has each gateway of a cluster once, that of the teller's name among them, at addresses of one family.
 * 0, or -EINVAL or -EBADMSG with e filled. Pure. */
int ctl_worker_take_list(const char *text, const struct settings_member *teller,
    struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

/* Of each gateway of a list that was told, its line where it was seen there, otherwise ours, if there is one. How many there are. Pure. */
unsigned ctl_worker_merge_lists(const struct settings_member *have, unsigned of_have,
    const struct settings_member *told, unsigned of_told, const bool *seen,
    struct settings_member ret[static CTL_MEMBERS_MAX]);

/* Whatever their order, and however an address is written. Pure. */
bool ctl_worker_lists_differ(
    const struct settings_member *a, unsigned of_a, const struct settings_member *b, unsigned of_b);

#endif
