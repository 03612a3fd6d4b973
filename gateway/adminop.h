/* Operations of the operator on API keys; only for root on this host. */
#ifndef HOLDFAST_GATEWAY_ADMINOP_H
#define HOLDFAST_GATEWAY_ADMINOP_H

#include <stdbool.h>

#include "gateway/batch.h"

/* Create or revoke: changes the image, puts the statement into t->admin (one a transaction), answers. 0 or
 * -ENOMEM. */
int adminop_write(struct batch_tools *t, struct request *r, uint64_t now_us, bool *row);

/* The list of keys, one JSON object. 0 or -ENOMEM. */
int adminop_list(struct batch_tools *t, struct request *r);

#endif
