/* A change that another program has to be told of, until it was: a file from before the first byte of the change until the telling has worked,
 * so that neither a failure nor a power cut in between is forgotten. */
#ifndef HOLDFAST_HEARTBEAT_PENDING_H
#define HOLDFAST_HEARTBEAT_PENDING_H

#include <stdbool.h>

#include "heartbeat/err.h"

/* Makes the mark, durably: before anything is changed. 0 or -errno with e filled. */
int pending_mark(const char *path, struct errbuf *e);

/* Calls tell when there is a mark, and takes that away when it returned 0; *told is then true. 0, also when there was none; -EIO with e filled:
 * tell failed, which has said why, and the mark stays for the next call; -errno with e filled: the mark could not be taken away. */
int pending_tell(const char *path, int (*tell)(void), bool *told, struct errbuf *e);

#endif
