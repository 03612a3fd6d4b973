/* What a history proves about time: nothing older after something newer, and how long nothing was
 * acknowledged. */
#include "tests/chaos/payer_record.h"

#include <stdlib.h>

/* An instant at which a position of the ledger was asked for (at_least) or shown. */
struct instant {
	uint64_t us, ledger_seq;
	const char *who;
	bool asks, writes;
};

static int by_time(const void *left, const void *right)
{
	const struct instant *l = left, *r = right;

	if (l->us != r->us)
		return l->us < r->us ? -1 : 1;
	return (int)r->asks - (int)l->asks; /* at the same microsecond nothing is proved: ask first */
}

static size_t collect(const struct record *r, struct instant *at)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ops; i++) {
		const struct record_op *op = &r->op[i];

		if (!op->ledger_seq)
			continue;
		at[n++] = (struct instant){op->sent_us, op->ledger_seq, op->key, true, true};
		if (op->got_us) /* or nobody was told; its position is the journal's word */
			at[n++] = (struct instant){op->got_us, op->ledger_seq, op->key, false, true};
	}
	for (size_t i = 0; i < r->reads; i++) {
		const struct record_read *read = &r->read[i];
		const char *id = r->account[read->account].id;

		at[n++] = (struct instant){read->sent_us, read->ledger_seq, id, true, false};
		at[n++] = (struct instant){read->got_us, read->ledger_seq, id, false, false};
	}
	return n;
}

void record_check_order(const struct record *r, struct findings *f)
{
	struct instant *at = calloc(2 * (r->ops + r->reads) + 1, sizeof(*at));
	struct instant newest = {0};
	size_t n;

	if (!at) {
		findings_add(f, FINDING_OTHER, "no memory to check the order");
		return;
	}
	n = collect(r, at);
	qsort(at, n, sizeof(*at), by_time);
	for (size_t i = 0; i < n; i++) {
		if (!at[i].asks && at[i].ledger_seq > newest.ledger_seq)
			newest = at[i];
		if (at[i].asks &&
		    (at[i].writes ? at[i].ledger_seq <= newest.ledger_seq : at[i].ledger_seq < newest.ledger_seq))
			findings_add(f, at[i].writes ? FINDING_REORDERED : FINDING_STALE,
			    "%s of %s went back in time: Ledger-Seq %llu, begun after %s had shown %llu",
			    at[i].writes ? "payment" : "read", at[i].who, (unsigned long long)at[i].ledger_seq,
			    newest.who, (unsigned long long)newest.ledger_seq);
	}
	free(at);
}

static int by_number(const void *left, const void *right)
{
	uint64_t l = *(const uint64_t *)left, r = *(const uint64_t *)right;

	return l < r ? -1 : l > r;
}

void record_find_gap(const struct record *r, uint64_t after_us, uint64_t before_us, struct record_gap *ret)
{
	uint64_t *us = calloc(r->ops + 1, sizeof(*us)), begins_us = after_us > r->load_us ? after_us : r->load_us;
	uint64_t ends_us = r->stop_us ? r->stop_us : r->end_us;
	size_t n = 0;

	*ret = (struct record_gap){0};
	if (before_us && (!ends_us || before_us < ends_us))
		ends_us = before_us;
	for (size_t i = 0; us && i < r->ops; i++) {
		const struct record_op *op = &r->op[i];

		if (!record_acknowledged(op) || !record_is_payment(op))
			continue;
		ret->acknowledged++;
		if (op->got_us - op->sent_us > ret->latency_max_us)
			ret->latency_max_us = op->got_us - op->sent_us;
		if (op->got_us > begins_us)
			us[n++] = op->got_us;
	}
	if (us && ends_us > begins_us)
		us[n++] = ends_us; /* an outage that never ended counts as well */
	if (us)
		qsort(us, n, sizeof(*us), by_number);
	for (size_t i = 0; i < n && (!ends_us || us[i] <= ends_us); i++) {
		if (us[i] - begins_us > ret->gap_us)
			*ret =
			    (struct record_gap){us[i] - begins_us, begins_us, ret->acknowledged, ret->latency_max_us};
		begins_us = us[i];
	}
	free(us);
}
