/* The parts of join that decide. */
#ifndef HOLDFAST_HEARTBEAT_CTL_JOIN_H
#define HOLDFAST_HEARTBEAT_CTL_JOIN_H

#include "heartbeat/conf.h"
#include "heartbeat/ctl_options.h"
#include "heartbeat/err.h"
#include "heartbeat/invite.h"

/* Either an interface or a witness? 0, or -EINVAL with e filled. */
int ctl_join_usage(const struct ctl_options *o, struct errbuf *e);

/* Do these options go with each other and with the members in the token? 0, or -EINVAL with e filled. */
int ctl_join_check(const struct ctl_options *o, const struct invite *v, struct errbuf *e);

/* Puts into a configuration what all members must have alike, and whom to ask for admission. */
void ctl_join_apply(const struct invite *v, struct conf *ret);

#endif
