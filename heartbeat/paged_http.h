/* The HTTPS end of the status page: TLS, limits, slow clients, and one request after the other to whoever answers. */
#ifndef HOLDFAST_HEARTBEAT_PAGED_HTTP_H
#define HOLDFAST_HEARTBEAT_PAGED_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "heartbeat/err.h"
#include "heartbeat/ip.h"
#include "heartbeat/paged_route.h"

#define PAGED_BODY_BYTES_MAX 1024 /* of a request */
#define PAGED_CONNECTIONS_MAX 64
#define PAGED_CONNECTIONS_OF_ONE_MAX 16
#define PAGED_SLOW_MS 20000 /* without a request that was answered: the connection is closed */

/* A request whose method, path and size are right. */
struct paged_request {
	enum paged_route route; /* below PAGED_ROUTE_COUNT */
	const char *body;	/* of a POST, not terminated */
	size_t body_bytes;
	const char *cookie, *origin, *host; /* headers; NULL: it has none */
	struct ip ip;			    /* whose */
};

struct paged_reply {
	unsigned status;
	const char *type; /* NULL: JSON */
	char *text;	  /* malloced, goes to the http; NULL: there is constant */
	const char *constant;
	size_t bytes;	  /* of constant */
	char cookie[160]; /* Set-Cookie; "" none */
	int64_t retry_ms; /* Retry-After; 0 none */
};

/* Fills in *ret, which is all zero. */
typedef void paged_answer(void *userdata, const struct paged_request *q, struct paged_reply *ret);

struct paged_http;

/* Listens at ip and port, with the certificate and key of pem. 0, or -errno with e filled. */
int paged_http_new(sd_event *event, const struct ip *ip, uint16_t port, const char *pem, paged_answer *answer,
    void *userdata, struct paged_http **ret, struct errbuf *e);
void paged_http_free(struct paged_http *h);

/* Closes the connections that were too slow; once a second. */
void paged_http_sweep(struct paged_http *h);

#endif
