/* What a worker host says of itself. It has no heartbeatd: it asks the gateways whether they let it in, and its own HAProxy about its workers. */
#ifndef HOLDFAST_HEARTBEAT_CTL_STATUS_HOST_H
#define HOLDFAST_HEARTBEAT_CTL_STATUS_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"

/* What a gateway is to a worker host. */
#define CTL_HOST_ACTIVE "active"
#define CTL_HOST_IDLE "not active" /* it lets us in */
#define CTL_HOST_SILENT "no answer"

#define CTL_HOST_OTHER                                                                                                 \
	"is" /* of a gateway that does not answer: who is at its address instead; not there: nobody, or itself */
#define CTL_HOST_JOINED "joined_s_ago"
#define CTL_HOST_NEW_S 60 /* for so long it may be that a gateway has not heard of it yet */

/* Which of these the gateway of that name is now, where HAProxy here was told that it is. Takes up to 4 s. */
const char *ctl_host_ask(const char *name);

/* What the answer of HAProxy to "show servers state" says of one of its own workers: "up", "down", or "unknown", where nothing is said. Pure. */
const char *ctl_host_worker_state(const char *answer, const char *name);

/* An object: node, kind ("worker"), cluster, address; active, the name of a gateway or null; gateways and workers, each with name and state, a gateway also
 * with address and what CTL_HOST_OTHER says; certificate_end_unix and CTL_HOST_JOINED or null. For the caller to json_decref. NULL with e filled: the list of gateways cannot be read. Needs root. Takes up to
 * 6 s for each gateway that hangs. */
json_t *ctl_host_look(const struct conf *conf, struct errbuf *e);

/* Did it join so lately that what is missing may come by itself? Pure. */
bool ctl_host_is_new(const json_t *look);

/* 0: a gateway is active, and a worker here up, and the certificate good; otherwise 1. Pure. */
int ctl_host_exit(const json_t *look, int64_t now_s);

/* As a table, with what is to be done about it below. */
void ctl_host_print(FILE *f, const json_t *look);

/* The command on this kind of machine; its exit status. */
int ctl_host_status(const struct conf *conf, bool json);

#endif
