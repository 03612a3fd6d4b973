/* For whom the configuration of HAProxy, keepalived and MariaDB is written. */
#ifndef HOLDFAST_HEARTBEAT_CTL_RECONFIGURE_H
#define HOLDFAST_HEARTBEAT_CTL_RECONFIGURE_H

#include "heartbeat/ctl_token.h"
#include "heartbeat/settings.h"

/* The members as heartbeatd knows them; on a worker host the gateways of its list. 0, or -errno with e filled: -EAGAIN, they are not known yet. */
int ctl_reconfigure_members(const struct conf *conf, struct settings_member member[static CTL_MEMBERS_MAX],
    unsigned *members, struct errbuf *e);

/* One at a time, of the unit's and an operator's: both write a file beside the one that is to be replaced, and have it looked at; and who compares
 * would see half of it. Waits for who is at it, which lasts no longer than its reloads. The descriptor, for the caller to close; or -errno with e filled:
 * -ENOENT also where the directory is not that the package and a join make. */
int ctl_reconfigure_turn(struct errbuf *e);

#endif
