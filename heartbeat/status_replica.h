/* The parts of status.c that are about a replica, and about a member whose cluster was given up for one. */
#ifndef HOLDFAST_HEARTBEAT_STATUS_REPLICA_H
#define HOLDFAST_HEARTBEAT_STATUS_REPLICA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;

/* "replicas": the one there is, or nothing. For the caller to json_decref, as the next. */
json_t *status_replicas(const struct daemon *d, uint64_t now_us);

/* The answer to "explain" on a machine that decides nothing: a replica, or a member that was given up. */
json_t *status_explain_apart(const struct daemon *d, uint64_t now_us);

/* "given_up": for whom, and where that one's history goes on. */
json_t *status_given_up(const struct daemon *d);

/* Has the cluster refused this machine, for good? */
bool status_is_refused(const struct daemon *d);

/* "replica" in the answer to "loss" on one: what it has, and how that stands to what the pair had. */
json_t *status_loss_replica(const struct daemon *d);

/* "state": what this machine is at. */
const char *status_state(const struct daemon *d, uint64_t now_us);

#endif
