/* What the cluster says about itself, as a table for people and as facts for those who wait. */
#ifndef HOLDFAST_HEARTBEAT_CTL_STATUS_H
#define HOLDFAST_HEARTBEAT_CTL_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "heartbeat/err.h"

#define CTL_REASON_BYTES 128

/* A status as this node sees it, in few words. */
struct ctl_look {
	bool answered;	 /* heartbeatd spoke; otherwise nothing else is set */
	bool serving;	 /* the cluster serves */
	bool member;	 /* the record has this node, by name and address */
	bool in_sync;	 /* this node holds every acknowledged payment */
	bool heard;	 /* another member has told us something */
	bool refused;	 /* admission was refused, and will be; reason says why */
	unsigned unread; /* datagrams of this cluster under another key, since heartbeatd started */
	char mode[16], state[24], reason[CTL_REASON_BYTES];
};

/* Takes a look out of a status. What is missing in it is false or "". */
void ctl_status_look(const json_t *status, const char *name, const char *address, struct ctl_look *ret);

/* Asks heartbeatd of this machine; answered is false when it does not speak. */
void ctl_status_ask(const char *name, const char *address, struct ctl_look *ret);

/* What `holdfastctl status` exits with: 0 when the cluster serves, payments wait for no standby that is silent, and the active node holds the virtual IP (or, for a
 * moment after a hand-over, the one before it), or 1. */
int ctl_status_exit(const json_t *status);

/* Are those that the node of that status does not hear too many for the rest to be a majority? Their names, "a, b", are in silent
 * either way; a status that is not there (NULL) has none. */
bool ctl_status_is_cut_off(const json_t *status, char *silent, size_t size);

/* The status of this machine's heartbeatd with what it does not know itself: exports of what was given up, the last verification. For the
 * caller to json_decref; NULL with e filled when heartbeatd does not answer. */
json_t *ctl_status_whole(struct errbuf *e);

/* Prints the table. Its last lines say what is to be done about what the table shows, and about what was exported on this machine, if the
 * status has that ("unacknowledged_exports", "verify", which are no part of what heartbeatd answers). */
void ctl_status_print(FILE *f, const json_t *status);

#endif
