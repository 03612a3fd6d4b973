/* The client end of heartbeatd's local socket: connect, reconnect, send and receive whole packets. Non-blocking. */
#ifndef HOLDFAST_HEARTBEAT_LOCALCLIENT_H
#define HOLDFAST_HEARTBEAT_LOCALCLIENT_H

#include <stddef.h>
#include <sys/types.h>

#include "heartbeat/err.h"
#include "heartbeat/local.h"

/* Connects and says hello. Returns a non-blocking, close-on-exec descriptor owned by the caller, or -errno with e filled. */
int local_connect(const char *path, enum local_client who, struct errbuf *e);

/* Fills in header.version and header.type and sends. 0, -EAGAIN when the peer reads too slowly, or -errno: reconnect. */
int local_send(int fd, enum local_type type, void *packet, size_t size);

/* Returns the size of a checked packet in buf, 0 at end of file, -EAGAIN when there is none, -EPROTO for a packet of
 * another version or a size that does not fit its type, or -errno. */
ssize_t local_receive(int fd, void *buf, size_t size);

#endif
