/* What a worker has checked before it asks, checked again: a broken or hostile one, here or behind the peer's
 * mesh, must not get anything into the ledger that the ledger could not give out again. */
#ifndef HOLDFAST_GATEWAY_OPCHECK_H
#define HOLDFAST_GATEWAY_OPCHECK_H

#include <stdbool.h>

#include "gateway/op.h"

/* For a message that wire_decode_op has taken. False: no worker of ours sends this. */
bool op_is_sound(const struct op_message *m);

#endif
