/* From what was read to what is true: the facts that the plan is made of, and the report to heartbeatd. Pure. */
#ifndef HOLDFAST_REPLICATION_FACTS_H
#define HOLDFAST_REPLICATION_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/local.h"
#include "replication/lineage.h"
#include "replication/observation.h"
#include "replication/pause.h"
#include "replication/plan.h"
#include "replication/token.h"
#include "replication/watch.h"

struct sight {
	struct repl_order order;
	bool durable;		  /* the configuration wants relay logs fsynced before each acknowledgement */
	uint64_t peer_timeout_us; /* of the configuration: who is silent for so long is left behind */
	/* beside the data */
	bool data;     /* there is a data directory with something in it */
	bool copy_new; /* the data is a fresh copy whose position was not entered yet */
	struct token token;
	struct dirty_mark dirty;
	bool parted; /* not dirty any more, and yet its log has what the active's has not */
	/* the server */
	bool process, up;
	struct observation db; /* of this moment, when up */
	uint64_t looked_us;    /* CLOCK_BOOTTIME just before db was read */
	bool answered;	       /* it was up in this life of the server */
	uint64_t mute_us;      /* since when it is not any more; 0: it is, or never was */
	uint64_t behind_us;    /* since when it follows outside in_sync without being near the active; 0: it does not */
	bool been_near;	       /* it was near since it follows outside in_sync */
	uint64_t token_us; /* the last look at which a token lay beside the data, or the first of this replicationd */
	uint64_t relay_epoch; /* a connection to the active stood for this epoch before and after db was read */
	/* what this replicationd did in this life of the server */
	bool prepared;		/* tail exported, token destroyed, for a SLAVE start */
	uint64_t drained_epoch; /* PROMOTE ended well */
	bool salvaged;		/* relay logs were looked through, or applied to their end, and are gone */
	bool row_sent;
	bool marked; /* sync_mark is of this opening, read while semi-sync was on */
	struct gtid sync_mark;
	struct watch watch;
	uint32_t backlog_ms;
	char notice[LOCAL_REASON_BYTES]; /* for an operator, of something that keeps nobody from anything; "" none */
	uint64_t notice_us;
	char version_notice[LOCAL_REASON_BYTES]; /* the same, as long as it is so */
	char schema_notice[LOCAL_REASON_BYTES];	 /* the same, of the schema's migrations */
	/* of a replica: what came of comparing its history with that of its source, in this life of the server */
	bool lineage_known;
	enum lineage_verdict lineage;
	uint64_t lineage_epoch; /* of the order under which that was */
	uint8_t lineage_source;
	uint64_t lineage_parted_seq; /* above it the two are not known to be one */
	bool lineage_saved;	     /* what is above it was exported */
	struct lineage_note noted;   /* the same, as it is beside the data */
	unsigned salvage_tries;	     /* of what it received, in vain, in this life of the server */
	/* what was tried in vain */
	bool stopped;	     /* replication stops with an error that may heal, and was not started again yet */
	struct pause start;  /* before it is started again */
	struct pause copy;   /* before the next fresh copy */
	struct pause follow; /* before the next try to follow */
};

/* Takes an order, and forgets what was remembered for the one before. */
void facts_take_order(struct sight *s, const struct repl_order *order);

/* After each look: takes note of since when things are as they are. */
void facts_take_look(struct sight *s);

/* Is it too soon for this step, because it was just tried in vain? Only following waits here: nothing is to be undone meanwhile, and what is
 * reported stays as it is. */
bool facts_must_wait(const struct sight *s, enum plan_step step);

/* After each step, with what it returned: what is tried in vain is tried again after a pause that grows. A fresh copy counts also
 * when it ended well: what broke the one before may break this one. One of which nothing came (-EPIPE) costs nobody anything. */
void facts_take_step(struct sight *s, enum plan_step step, int code, uint64_t now_us);

/* May relay logs be left unsynced at now_us? Not before all that went out with a token has had its effect: the active may be
 * about to add this copy by the last heartbeat that named one, and would count acknowledgements of what is not on disk. */
bool facts_may_relax(const struct sight *s, uint64_t now_us);

/* The bits of enum plan_fact. */
uint32_t facts_of(const struct sight *s);

/* The complete report, for the rule that plan_next() chose. failure: why the step before failed, NULL: it did not. */
void facts_report(const struct sight *s, const struct plan_rule *rule, const char *failure, struct repl_report *ret);

#endif
