/*
 * The role page: one shared-memory page, written by heartbeatd alone, that tells every daemon of this host who is
 * active and until when answers may be given. Readers take a consistent copy (sequence lock) without a system call.
 *
 * All times are CLOCK_BOOTTIME microseconds: a machine that was paused wakes up expired.
 */
#ifndef HOLDFAST_HEARTBEAT_ROLEPAGE_H
#define HOLDFAST_HEARTBEAT_ROLEPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/err.h"

#define ROLEPAGE_PATH "/run/holdfast/role"
#define ROLEPAGE_NO_NODE 255

enum role_mode { ROLE_MODE_STALLED, ROLE_MODE_SOLO, ROLE_MODE_SYNC };

struct role_view {
	uint64_t version; /* of the role record; changes with every change of the record */
	uint64_t epoch;
	uint64_t writable_epoch; /* epoch for which replicationd opened this node's database; 0: none */
	uint64_t gate_until_us;	 /* answers may be given before this moment; 0: closed */
	uint64_t updated_us;
	uint64_t
	    drain_generation; /* not 0: begin no batch, the role is being handed over (C6); another one each time */
	uint64_t rest_us;     /* after each batch, for the standby to keep up (heartbeat/pace.h); 0: none */
	uint64_t looked_us;   /* when the look at the database began that this view goes by */
	uint8_t self, active; /* member numbers; ROLEPAGE_NO_NODE when unknown */
	uint8_t open;	      /* 1: the record's phase is open */
	uint8_t mode;	      /* enum role_mode */
	uint8_t in_sync;      /* 1: the record counts this node among those that have everything that was answered */
	char active_name[16];
};

struct rolepage; /* the mapping */

/* Creates the page (mode 0640) and maps it for writing. 0, or -errno with e filled. */
int rolepage_create(const char *path, struct rolepage **ret, struct errbuf *e);

/* Maps an existing page read only. 0, or -errno with e filled (-ENOENT: heartbeatd has not started yet). */
int rolepage_open(const char *path, struct rolepage **ret, struct errbuf *e);

void rolepage_close(struct rolepage *page);

/* For heartbeatd only. */
void rolepage_write(struct rolepage *page, const struct role_view *view);

/* Takes a consistent copy. A page that nobody has written yet reads as all zero with active = ROLEPAGE_NO_NODE. */
void rolepage_read(const struct rolepage *page, struct role_view *ret);

/* Now, CLOCK_BOOTTIME, in microseconds. */
uint64_t clock_boottime_us(void);

/* May this node's ledger work in `epoch`? Whether it may answer is another question. */
bool role_is_ours(const struct role_view *view, uint64_t epoch);

/* R9, for ledgerd: may an answer be given now that was true under this version of the record? */
bool role_may_answer(const struct role_view *view, uint64_t version, uint64_t now_us);

/* R10, for ledgerd: semi-sync was seen to be off at `off_us` (0: never). Has whoever opens the gate looked at the database since, or is
 * one copy what is promised? */
bool role_has_seen(const struct role_view *view, uint64_t off_us);

#endif
