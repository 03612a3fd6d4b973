/* A history read back into memory, and what it alone already proves. */
#ifndef HOLDFAST_TESTS_CHAOS_PAYER_RECORD_H
#define HOLDFAST_TESTS_CHAOS_PAYER_RECORD_H

#include "tests/chaos/payer_findings.h"
#include "tests/chaos/payer_history.h"

#define NO_ACCOUNT SIZE_MAX

/* One key: what was asked, and the first definitive answer. */
struct record_op {
	const char *key; /* borrowed from the map of keys */
	enum payer_kind kind;
	size_t from, to; /* accounts; NO_ACCOUNT: none */
	uint64_t amount;
	uint64_t sent_us;	 /* first attempt; 0: none was recorded */
	uint64_t got_us;	 /* first definitive answer */
	long status;		 /* of it; 0: none ever came, the outcome is unknown */
	uint64_t ledger_seq;	 /* of it; 0: none */
	char id[PAYER_ID_BYTES]; /* of what was made; "" none */
	json_t *body;		 /* text of the first definitive answer; owned */
	unsigned replays;	 /* deliberate ones that were answered */
};

struct record_read {
	size_t account;
	unsigned client;
	uint64_t sent_us, got_us, ledger_seq;
	int64_t posted;
};

/* The newest entries of an account, newest first. */
struct record_entry {
	uint64_t ledger_seq;
	int64_t amount, balance_after; /* amount: negative when it went out */
};

struct record_page {
	size_t account;
	unsigned client;
	uint64_t sent_us, got_us, ledger_seq;
	size_t limit, entries; /* asked for, there */
	struct record_entry entry[PAYER_PAGE_ENTRIES];
};

/* What became of a key, as somebody was told who asked for it. */
struct record_look {
	size_t op;
	unsigned client;
	uint64_t sent_us, got_us, ledger_seq; /* ledger_seq 0: none was told */
	bool completed;			      /* or absent */
};

struct record_account {
	const char *id; /* borrowed from the map of accounts */
};

struct record {
	struct record_op *op; /* owned, in the order in which they began */
	size_t ops;
	struct record_read *read; /* owned; only those that were answered 200 */
	size_t reads;
	struct record_page *page; /* owned; the same */
	size_t pages;
	struct record_look *look; /* owned; the same, without those that are under way */
	size_t looks;
	struct record_account *account; /* owned */
	size_t accounts;
	json_t *key_index, *account_index; /* owned: text -> index */
	uint64_t load_us, stop_us, end_us; /* 0: no such line */
	uint64_t reads_failed, replays;
};

/* 0; -errno or -EBADMSG with *e naming file and line. Answers that contradict each other become findings;
 * NULL: not wanted. */
int record_load(const char *path, struct record *ret, struct findings *f, struct errbuf *e);
void record_free(struct record *r);

static inline bool record_acknowledged(const struct record_op *op)
{
	return op->status >= 200 && op->status < 300;
}

static inline bool record_is_payment(const struct record_op *op)
{
	return op->kind != PAYER_ACCOUNT;
}

/* Order in real time: whoever asked after an answer was there must not be shown an older state. */
void record_check_order(const struct record *r, struct findings *f);

/* The longest time without a newly acknowledged payment between two instants. */
struct record_gap {
	uint64_t gap_us, begins_us, acknowledged, latency_max_us;
};
void record_find_gap(const struct record *r, uint64_t after_us, uint64_t before_us, struct record_gap *ret);

#endif
