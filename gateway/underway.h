/* How many requests of each secret are under way in the ledger: one client is not to fill the queue for all others. */
#ifndef HOLDFAST_GATEWAY_UNDERWAY_H
#define HOLDFAST_GATEWAY_UNDERWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/op.h"

struct underway;

/* NULL: no memory. */
struct underway *underway_new(void);
void underway_free(struct underway *u);

/* One more of this secret, unless there are `max` (or there is no memory): false. What comes without a secret (all zero: a login, root) is
 * not counted, and always comes in. */
bool underway_enter(struct underway *u, const uint8_t secret_hash[static HASH_BYTES], unsigned max);

/* Once for each that came in. */
void underway_leave(struct underway *u, const uint8_t secret_hash[static HASH_BYTES]);

#endif
