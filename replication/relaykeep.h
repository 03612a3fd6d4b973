/* The relay log's files kept as they are, where what is in them can be neither applied nor read whole: they may be the last copy. */
#ifndef HOLDFAST_REPLICATION_RELAYKEEP_H
#define HOLDFAST_REPLICATION_RELAYKEEP_H

#include "heartbeat/err.h"

/* Each relay.NUMBER of datadir as "PREFIX.relay.NUMBER": a hard link, or a copy where PREFIX is on another file system. What is there already
 * stays. 0, also when there are none; -ENOENT (no such directory), -ENAMETOOLONG, or -errno with e filled. */
int relay_keep(const char *datadir, const char *prefix, struct errbuf *e);

#endif
