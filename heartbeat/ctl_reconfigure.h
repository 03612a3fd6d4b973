/* For whom the configuration of HAProxy, keepalived and MariaDB is written. */
#ifndef HOLDFAST_HEARTBEAT_CTL_RECONFIGURE_H
#define HOLDFAST_HEARTBEAT_CTL_RECONFIGURE_H

#include "heartbeat/ctl_token.h"
#include "heartbeat/settings.h"

/* The members as heartbeatd knows them; on a worker host the gateways of its list. 0, or -errno with e filled: -EAGAIN, they are not known yet. */
int ctl_reconfigure_members(const struct conf *conf, struct settings_member member[static CTL_MEMBERS_MAX],
    unsigned *members, struct errbuf *e);

#endif
