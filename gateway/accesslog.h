/* One line about a request that a worker has answered: nothing of its body, no secret, and of its target only which route it was. */
#ifndef HOLDFAST_GATEWAY_ACCESSLOG_H
#define HOLDFAST_GATEWAY_ACCESSLOG_H

#include <stdbool.h>

#include "gateway/exchange.h"
#include "heartbeat/log.h"

#define ACCESSLOG_PAIRS_MAX 16
#define ACCESSLOG_KEY_BYTES 17

struct accesslog_line {
	struct log_kv kv[ACCESSLOG_PAIRS_MAX];
	size_t count;
	char key[ACCESSLOG_KEY_BYTES];
};

/* Is there a line to be written in this mode (enum conf_log)? Fills it: pairs that say nothing are left out, and texts are those of the
 * exchange. cut: the other end was gone before it had the answer. The checks of the edge are no requests. */
bool accesslog_fill(const struct exchange *x, uint32_t mode, bool cut, uint64_t now_us, struct accesslog_line *ret);

/* Writes it, by the mode of the desk, and counts it in the tally of that. */
void accesslog_write(const struct exchange *x, bool cut);

#endif
