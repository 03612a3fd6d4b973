/* What a database holds at the end, read from the text that tests/chaos/dump.sh makes of it. */
#ifndef HOLDFAST_TESTS_CHAOS_CHECK_DUMP_H
#define HOLDFAST_TESTS_CHAOS_CHECK_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/err.h"
#include "heartbeat/ids.h"

#define DUMP_REFERENCE_BYTES 80
#define DUMP_SUMS_MAX 16

struct dump_row {
	uint64_t seq, event_seq; /* event_seq 0: none */
	struct ulid id, debit, credit;
	bool has_id, moves; /* moves: debit, credit, amount and the balances after it are there */
	unsigned kind, status;
	int64_t amount, debit_after, credit_after;
	char currency[4];
	char reference[DUMP_REFERENCE_BYTES]; /* of a top-up the channel's; "" none, or longer than any of ours */
};

struct dump_account {
	struct ulid id;
	char currency[4];
	unsigned kind;
	int64_t posted, pending_in, pending_out;
	uint64_t last_seq;
};

struct dump_sum {
	char table[32];
	uint64_t sum;
};

struct dump {
	struct dump_row *row; /* owned, in the order of seq */
	size_t rows;
	struct dump_account *account; /* owned, in the order of id */
	size_t accounts;
	struct dump_sum sum[DUMP_SUMS_MAX];
	size_t sums;
	uint64_t next_seq, next_event;
	bool whole; /* its last line is there */
};

/* Lines of members with a tab between, NULL for none:
 *   head NEXT_SEQ NEXT_EVENT
 *   sum TABLE CHECKSUM
 *   account ID CURRENCY KIND POSTED PENDING_IN PENDING_OUT LAST_SEQ
 *   journal SEQ EVENT_SEQ ID KIND STATUS DEBIT CREDIT AMOUNT CURRENCY DEBIT_AFTER CREDIT_AFTER REFERENCE
 *   end
 * ID, DEBIT, CREDIT and REFERENCE in hexadecimal. 0; -errno or -EBADMSG with *e naming file and line. */
int dump_load(const char *path, struct dump *ret, struct errbuf *e);
void dump_free(struct dump *d);

/* The row of that position, the account of that id; NULL: none. */
const struct dump_row *dump_row_at(const struct dump *d, uint64_t seq);
const struct dump_account *dump_account_of(const struct dump *d, const struct ulid *id);

#endif
