/*
 * The worker hosts of a cluster: machines that are no members, have no data and not the cluster's key, and run workers. Both gateways have the
 * list, ROSTER_PATH, and each takes from the other's what it lacks. An admission has a random id and one public key, and is removed once and
 * for ever, so two lists are put together without asking which is newer: all admissions of both, removed if either says so. A host that comes
 * again is another admission. Where both gateways admitted the same name or address before they heard of each other, the one with the smaller id
 * stays, on both; so do the ROSTER_LIVE_MAX smallest, where both together admitted more. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_ROSTER_H
#define HOLDFAST_HEARTBEAT_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define ROSTER_PATH "/etc/holdfast/workers"
#define ROSTER_LIVE_MAX 8 /* worker hosts at a time */
#define ROSTER_MAX 64	  /* with those that were removed */
#define ROSTER_TEXT_BYTES (ROSTER_MAX * 192)
#define ROSTER_ID_BYTES 9   /* 8 hexadecimal digits, terminated */
#define ROSTER_KEY_BYTES 65 /* 64 hexadecimal digits, terminated */
#define ROSTER_COMMON_BYTES 40
#define ROSTER_PREFIX "worker." /* of the name in a certificate: no member can have such a name */

/* A removed one is forgotten after so long: its last certificate has ended by then (PKI_WORKER_DAYS). */
#define ROSTER_KEEP_S (INT64_C(60) * 24 * 3600)

struct roster_entry {
	char name[16];
	char address[48]; /* numeric: where it is reached, and where it comes from */
	char id[ROSTER_ID_BYTES];
	char key[ROSTER_KEY_BYTES]; /* public, Ed25519 */
	int64_t removed_s;	    /* Unix time; 0: it is a worker host */
	int64_t end_s;		    /* of the certificate that this gateway has for it, not in the text; 0: none */
};

struct roster {
	struct roster_entry entry[ROSTER_MAX];
	unsigned count;
};

/* Lines "NAME ADDRESS ID KEY REMOVED". 0, or -EINVAL with e filled ("file:line: what is wrong"), and *ret is untouched. */
int roster_parse(const char *text, const char *file, struct roster *ret, struct errbuf *e);

/* The text that roster_parse takes. */
void roster_print(const struct roster *r, char ret[static ROSTER_TEXT_BYTES]);

/* NULL: no worker host has that name. */
const struct roster_entry *roster_find(const struct roster *r, const char *name);

/* Puts *entry in, which is not removed. 0, or with e filled -EEXIST name or address are taken, -ENOSPC there are as many as there can be. */
int roster_add(struct roster *r, const struct roster_entry *entry, struct errbuf *e);

/* Ends all that have that name. 0, or with e filled -EALREADY they were ended before, -ENOENT there was none. */
int roster_remove(struct roster *r, const char *name, int64_t now_s, struct errbuf *e);

/* Takes from theirs what own lacks, ends of any two with the same name or address the one with the larger id, and of more than ROSTER_LIVE_MAX
 * those with the largest, and forgets what was removed long ago. Whether anything of own has changed. What would be more than ROSTER_MAX stays away. */
bool roster_merge(struct roster *own, const struct roster *theirs, int64_t now_s);

/* The name in its certificate: "worker.NAME.ID". */
void roster_common(const struct roster_entry *entry, char ret[static ROSTER_COMMON_BYTES]);

#endif
