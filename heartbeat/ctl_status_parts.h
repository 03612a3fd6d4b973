/* What the table of a status (ctl_status.c) and the advice below it (ctl_advice.c) share. */
#ifndef HOLDFAST_HEARTBEAT_CTL_STATUS_PARTS_H
#define HOLDFAST_HEARTBEAT_CTL_STATUS_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What lies in CONF_TAILS_DIR of this machine: not of what heartbeatd answers, which may not look there. */
#define TAIL_FILES "unacknowledged_files"
#define TAIL_EXPORTS "unacknowledged_exports"

/* What CONF_VERIFY_PATH of this machine says; null: nothing. */
#define VERIFY "verify"

/* The worker hosts (heartbeat/ctl_hosts.h); missing on what is no gateway. */
#define WORKER_HOSTS "worker_hosts"

/* True where a replica was promoted on this machine, and that was cut short. */
#define PROMOTION "promotion_unfinished"

/* What CONF_BACKUP_PATH of this machine says; null: nothing. */
#define BACKUP "backup"

/* When the certificates of this machine end (heartbeat/certificate.h): their names, and Unix seconds; those that can be read. */
#define CERTIFICATES "certificates_end_unix"

/* A member of o as text; fallback when it is missing, no string or empty. */
const char *ctl_text_of(const json_t *o, const char *key, const char *fallback);

bool ctl_is_serving(const json_t *status);
bool ctl_is_unreachable(const json_t *status, const char *name);

/* Does the active node hold the virtual IP, or does the one before it still pass on what comes by that? */
bool ctl_is_addressed(const json_t *status);

/* A line for each thing to do; the last ones are of this machine only. */
void ctl_advice_print(FILE *f, const json_t *status);

#endif
