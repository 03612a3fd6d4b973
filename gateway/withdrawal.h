/* A withdrawal: money held back until its channel says that it paid it out, or could not. Pure. */
#ifndef HOLDFAST_GATEWAY_WITHDRAWAL_H
#define HOLDFAST_GATEWAY_WITHDRAWAL_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/op.h"
#include "gateway/text.h"

/* In the database: the numbers stay. */
enum withdrawal_status { WITHDRAWAL_PENDING = 1, WITHDRAWAL_SUCCEEDED, WITHDRAWAL_FAILED, WITHDRAWAL_STATUS_END };

struct withdrawal {
	struct ulid id, account;
	char currency[4];
	char channel[CHANNEL_BYTES];
	uint8_t status; /* enum withdrawal_status */
	int64_t amount;
	uint64_t last_seq, created_us;
	uint64_t touched;	 /* the batch that changed it last; for the one who writes batches */
	const char *destination; /* borrowed, not terminated */
	size_t destination_bytes;
};

/* The word of a status, NULL for a number that is none; and back, 0 for a word that is none. */
const char *withdrawal_status_word(uint8_t status);
uint8_t withdrawal_status_parse(const char *word);

void withdrawal_render(struct text *t, const struct withdrawal *w);

#endif
