/* One process of a kind at a time: whoever holds its directory. */
#ifndef HOLDFAST_HEARTBEAT_DIRLOCK_H
#define HOLDFAST_HEARTBEAT_DIRLOCK_H

#include "heartbeat/err.h"

/* Holds the directory with flock(2), for as long as the descriptor is open: until the process ends, however it ends. It is not inherited by what is
 * executed. Whoever may open the directory may hold it: no others should. Returns the descriptor, the caller's; or -EBUSY: another process holds it, or -errno. */
int dirlock_take(const char *path, struct errbuf *e);

#endif
