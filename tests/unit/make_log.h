/* Binary and relay logs made by hand, event by event. */
#ifndef HOLDFAST_TESTS_UNIT_MAKE_LOG_H
#define HOLDFAST_TESTS_UNIT_MAKE_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_BYTES 4096
#define LOG_CHECKSUM_BYTES 4
#define RELAY 0x40 /* flag of a header */

enum {
	QUERY = 2,
	ROTATE = 4,
	FDE = 15,
	XID = 16,
	TABLE_MAP = 19,
	XA_PREPARE = 38,
	ANNOTATE = 160,
	CHECKPOINT = 161,
	GTID = 162,
	GTID_LIST = 163,
	START_ENCRYPTION = 164,
	WRITE_ROWS = 166
};

struct log {
	uint8_t bytes[LOG_BYTES];
	size_t size;
};

/* The header of a log; flags: RELAY or 0. */
struct log log_begin(unsigned flags);

/* All of them append; it is the test that fails when there is no room. */
void log_put_event(struct log *l, unsigned type, const void *body, size_t length, unsigned flags);
void log_put_gtid(struct log *l, uint64_t seq, unsigned flags);
void log_put_query(struct log *l, const char *text);
void log_put_rows(struct log *l);
void log_put_transaction(struct log *l, uint64_t seq);
void log_put_list(struct log *l, uint64_t seq);

/* What is in a log, in words: F a header, a number a GTID, x an XID, q a query, p a prepare, r rows, ? anything else. */
void log_in_words(const uint8_t *bytes, size_t size, char *text, size_t text_size);

#endif
