/* The HTTP side of a worker: libmicrohttpd in our event loop, requests suspended while the ledger works. */
#ifndef HOLDFAST_GATEWAY_HTTP_H
#define HOLDFAST_GATEWAY_HTTP_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/exchange.h"
#include "heartbeat/err.h"

struct http;

/* Listens on 127.0.0.1:port, for the operator, and on a unix socket, for HAProxy: a request costs both sides less there. Sets desk->done; the desk
 * is borrowed. 0, or -errno with e filled. */
int http_new(sd_event *event, uint16_t port, const char *path, struct desk *desk, struct http **ret, struct errbuf *e);
void http_free(struct http *h);

/* Takes no new connections. */
void http_quiesce(struct http *h);

#endif
