/* A request whose Idempotency-Key another one is being executed under right now. Pure. */
#ifndef HOLDFAST_GATEWAY_TWIN_H
#define HOLDFAST_GATEWAY_TWIN_H

#include "gateway/op.h"
#include "gateway/wire.h"

#define TWIN_BODY_BYTES 2048

/* What it is answered (doc/api.md, idempotency_in_progress). */
struct wire_answer twin_answer(const struct op_message *m, char body[static TWIN_BODY_BYTES]);

#endif
