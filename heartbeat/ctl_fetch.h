/* What HAProxy of this machine fetches for us from another one, by one of its sockets (etc/haproxy.cfg.in, ask_). */
#ifndef HOLDFAST_HEARTBEAT_CTL_FETCH_H
#define HOLDFAST_HEARTBEAT_CTL_FETCH_H

#include <stddef.h>

#include "heartbeat/err.h"

/* Sends the text to the unix socket and takes all that comes until its end, at most size - 1 bytes, terminated; for at most 2 s. 0, -EFBIG, -ETIMEDOUT
 * or -errno with e filled. */
int ctl_unix_ask(const char *socket_path, const char *text, char *ret, size_t size, struct errbuf *e);

/* GET path. The body of an answer of 200 into ret, terminated. 0, or with e filled as above, or -EPROTO: another status, which e names, or an
 * answer that is cut short. */
int ctl_fetch(const char *socket_path, const char *path, char *ret, size_t size, struct errbuf *e);

#endif
