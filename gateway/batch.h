/* One batch: look up what the requests name, answer the reads, decide the writes, commit them as one
 * transaction. */
#ifndef HOLDFAST_GATEWAY_BATCH_H
#define HOLDFAST_GATEWAY_BATCH_H

#include "gateway/image.h"
#include "gateway/queue.h"
#include "gateway/row.h"
#include "gateway/session.h"
#include "gateway/store.h"
#include "gateway/text.h"
#include "heartbeat/err.h"

/* How far the holds that have expired are let go (sweep.h). All zero: nothing is in the way. */
struct sweep {
	struct due after;  /* what is before it was let go, or stepped over */
	struct due again;  /* how far what was stepped over was tried again */
	size_t most;	   /* in one transaction; 0: as many as ever */
	uint64_t retry_us; /* what was stepped over is tried again then; 0: nothing was */
	uint64_t clear_us; /* of what had expired at that time, nothing is left but what was stepped over */
};

/* How many alarms about requests were raised, lately. */
struct alarms {
	uint64_t until_us; /* CLOCK_BOOTTIME: then the count begins anew */
	unsigned said, unsaid;
};

/*
 * Is an Idempotency-Key looked up before it is inserted? Nearly all are new, and the UNIQUE key of the journal says so as well: a transaction
 * with one that is there is refused whole, and done again with all keys looked up. What would not become a row is never decided without.
 * All zero: they are looked up.
 */
struct trust {
	bool unique;	 /* the journal has that UNIQUE key: seen when the epoch was opened */
	bool given;	 /* to keys of the list that is being worked on: not looked up */
	bool acted_on;	 /* it was given when that list began, whatever was looked up since */
	unsigned streak; /* lists in a row whose keys were all new (lookup.h) */
};

/* What the database thread works with. */
struct batch_tools {
	struct store *store;
	struct image *image;
	struct queue *queue;
	struct user_facts users; /* of the operation that is being decided */
	struct user_effect effect;
	struct user_looks looks; /* of the list that is being read */
	struct head head;	 /* as committed */
	struct landed landed;	 /* of the last COMMIT */
	struct text sql, journal, new_accounts, balances, metadata, new_payments, payments, new_withdrawals,
	    withdrawals, admin, body, merged, results, unstored; /* scratch */
	uint64_t now_us;					 /* ledger time of what is decided next (batch_begin) */
	uint64_t mark;		 /* of the batch that was decided last, whether anything came of it or not */
	uint64_t next_expiry_us; /* no open hold expires before that; 0: not known */
	struct sweep sweep;
	struct alarms alarms;
	struct trust trust;
};

/* Ledger time, which never goes back: Unix microseconds. */
uint64_t batch_now_us(const struct batch_tools *t);

/* 0 or -ENOMEM. */
int batch_tools_init(struct batch_tools *t);
void batch_tools_free(struct batch_tools *t);

/* Ledger time goes on: the wall's, but never back. */
void batch_begin(struct batch_tools *t);

enum batch_end {
	BATCH_COMMITTED, /* or nothing was to be written; head is what is committed */
	BATCH_REFUSED,	 /* rolled back; the image is to be dropped, the requests are unanswered */
	BATCH_BUSY,	 /* as BATCH_REFUSED, for a lock that somebody else holds: it may be tried again as it is */
	BATCH_LOST,	 /* before COMMIT: not executed */
	BATCH_UNKNOWN,	 /* COMMIT was sent */
};

/* Looks up everything the requests name and fills in the answers of reads, and of whoever needs a row that cannot be made sense of: 500,
 * with an alarm (settled, but still in the list; the others have the outcome 0). Codes of store.h; -EBADMSG also for a hold of which the
 * payment or an account is such a row. */
int batch_read(struct batch_tools *t, struct request *list, struct errbuf *e);

/* Decides the writes of the list and commits them. What does not fit into the transaction is cut off the list before any of it is
 * decided: *rest, which the caller has whatever becomes of the others. After BATCH_COMMITTED every write in the list has its
 * answer. */
enum batch_end batch_write(struct batch_tools *t, struct request *list, struct request **rest, struct errbuf *e);

#endif
