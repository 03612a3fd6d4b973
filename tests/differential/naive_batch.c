/* The naive ledger: batches of transfers. */
#include "tests/differential/naive_parts.h"

#include <string.h>

static struct step step_of(const struct step *batch, const struct leg *leg)
{
	return (struct step){.what = TRANSFER,
	    .who = batch->who,
	    .from = leg->from,
	    .to = leg->to,
	    .amount = leg->amount,
	    .currency = leg->currency,
	    .subject = NOTHING};
}

static void refuse(struct batch_verdict *ret, int status, const char *code)
{
	*ret = (struct batch_verdict){.status = status, .code = code, .failed = NOTHING};
}

/* Was the key used, for this or for something else? */
static bool was_used(const struct naive *n, const struct step *s, unsigned key, struct batch_verdict *ret)
{
	for (int i = 0; i < n->answers; i++) {
		if (n->answered[i].key != key)
			continue;
		if (memcmp(&n->answered[i].step, s, sizeof(*s)) != 0) {
			refuse(ret, 422, "idempotency_key_reused");
		} else {
			refuse(ret, n->answered[i].verdict.status, n->answered[i].verdict.code);
			ret->replayed = true;
		}
		return true;
	}
	return false;
}

static void execute(struct naive *n, const struct step *s, const struct legs *legs, struct batch_verdict *ret)
{
	*ret = (struct batch_verdict){.status = 200, .code = "", .failed = NOTHING, .count = legs->count};
	for (int i = 0; i < legs->count; i++) {
		struct step one = step_of(s, &legs->leg[i]);
		struct verdict v = naive_transfer(n, &one);

		ret->leg[i].status = v.status;
		ret->leg[i].code = v.code;
		if (legs->atomic && v.status != 201) {
			refuse(ret, v.status, v.code);
			ret->failed = i;
			ret->rows = v.stored;
			return;
		}
		ret->rows += v.stored;
		ret->events += v.event != 0;
	}
	ret->rows++; /* its own */
}

void naive_batch(
    struct naive *n, const struct step *s, const struct legs *legs, unsigned key, struct batch_verdict *ret)
{
	int facts = n->facts, moves = n->moves;

	if (s->who == POOR_KEY) {
		refuse(ret, 403, "scope_missing");
		return;
	}
	if (was_used(n, s, key, ret))
		return;
	execute(n, s, legs, ret);
	if (ret->failed != NOTHING) { /* all or nothing */
		n->facts = facts;
		n->moves = moves;
	}
	for (int i = facts; i < n->facts; i++)
		ret->touched |= UINT64_C(1) << n->fact[i].account;
	if (ret->rows)
		n->answered[n->answers++] = (struct answered){
		    .key = key, .step = *s, .verdict = {.status = ret->status, .code = ret->code, .stored = true}};
}
