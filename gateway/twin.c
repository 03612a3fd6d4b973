#include "gateway/twin.h"

#include "gateway/problem.h"
#include "gateway/text.h"

struct wire_answer twin_answer(const struct op_message *m, char body[static TWIN_BODY_BYTES])
{
	struct wire_answer ret = {.outcome = WIRE_DONE, .status = 409, .retry_after_s = 1};
	struct problem p = {
	    .code = PROBLEM_IDEMPOTENCY_IN_PROGRESS,
	    .detail = "A request with this Idempotency-Key is still being executed.",
	    .request_id = m->text[OP_TEXT_REQUEST_ID],
	    .request_id_bytes = m->op.text_bytes[OP_TEXT_REQUEST_ID],
	};
	struct text t;

	text_init(&t, body, TWIN_BODY_BYTES);
	problem_render(&t, &p);
	ret.body_bytes = t.cut ? 0 : (uint32_t)t.used;
	return ret;
}
