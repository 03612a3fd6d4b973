/* A unix socket that others of the group may connect to. */
#ifndef HOLDFAST_GATEWAY_UNIXLISTEN_H
#define HOLDFAST_GATEWAY_UNIXLISTEN_H

#include "heartbeat/err.h"

/* Listens at that path, mode 0660, in place of whoever did before. The socket, which does not block and is the caller's, or -errno with e filled. */
int unix_listen(const char *path, struct errbuf *e);

#endif
