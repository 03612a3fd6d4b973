#include "heartbeat/acceptor.h"

#include <assert.h>

#include "heartbeat/guard.h"

#define SILENCE_US GUARDED(M03_NO_SILENCE, GUARDED(M03_SILENCE_TOO_SHORT, HB_LEASE_MAX_US, 200000), 0)

void hb_acceptor_start(struct hb_acceptor *a, const struct hb_register *reg, uint64_t now_us)
{
	*a = (struct hb_acceptor){
	    .reg = *reg,
	    .promise_to = HB_NOBODY,
	    .silent_until_us = now_us + SILENCE_US,
	};
}

bool hb_acceptor_promised_other(const struct hb_acceptor *a, uint8_t to, uint64_t now_us)
{
	return a->promise_to != HB_NOBODY && a->promise_to != to && now_us < a->promise_until_us;
}

/* The guards that prepare and accept share. A lease promise covers both (S1), and so does silence (S2). */
static enum hb_refusal guard(const struct hb_acceptor *a, uint8_t from, bool promised_other, uint64_t now_us)
{
	if (!GUARD(M17_AMNESIAC_VOTES, a->reg.admitted))
		return HB_REFUSED_AMNESIA;
	if (promised_other)
		return HB_REFUSED_PROMISE;
	/* The active of our own accepted record is the one that can hold a lease of ours: it need not wait. */
	if (now_us < a->silent_until_us && from != a->reg.accepted.active)
		return HB_REFUSED_SILENT;
	return HB_OK;
}

enum hb_refusal hb_acceptor_prepare(struct hb_acceptor *a, uint8_t from, struct hb_ballot b, uint64_t now_us)
{
	bool promised_other = hb_acceptor_promised_other(a, from, now_us);
	enum hb_refusal no = guard(a, from, GUARDED(M01_PREPARE_DURING_PROMISE, promised_other, false), now_us);
	int order = hb_ballot_compare(b, a->reg.promised);

	if (no)
		return no;
	if (order < 0)
		return HB_REFUSED_BALLOT;
	if (order > 0) {
		a->reg.promised = b;
		a->generation++;
	}
	return HB_OK;
}

enum hb_refusal hb_acceptor_accept(
    struct hb_acceptor *a, uint8_t from, struct hb_ballot b, const struct hb_record *r, uint64_t now_us)
{
	bool promised_other = hb_acceptor_promised_other(a, from, now_us);
	enum hb_refusal no = guard(a, from, GUARDED(M01_ACCEPT_DURING_PROMISE, promised_other, false), now_us);
	bool identity;

	assert(hb_record_valid(r));
	if (no)
		return no;
	if (hb_ballot_compare(b, a->reg.promised) < 0)
		return HB_REFUSED_BALLOT;
	if (hb_ballot_compare(b, a->reg.accepted_ballot) == 0)
		return HB_OK;
	identity = a->reg.accepted.active != r->active || a->reg.accepted.epoch != r->epoch;
	a->reg.promised = b;
	a->reg.accepted_ballot = b;
	a->reg.accepted = *r;
	a->generation++;
	if (identity)
		a->identity_generation = a->generation;
	if (r->active != a->promise_to)
		a->promise_to = HB_NOBODY;
	return HB_OK;
}

enum hb_refusal hb_acceptor_renew(
    struct hb_acceptor *a, uint8_t from, uint64_t epoch, uint64_t echo_us, uint64_t duration_us, uint64_t now_us)
{
	assert(duration_us <= HB_LEASE_MAX_US);
	if (!a->reg.admitted)
		return HB_REFUSED_AMNESIA;
	if (!GUARD(M02_GRANT_WITHOUT_RECORD, a->reg.accepted.active == from && a->reg.accepted.epoch == epoch))
		return HB_REFUSED_ROLE;
	/* A deaf active must not hold the lease for ever (L3): it has to show that it hears us. */
	if (!GUARD(M19_NO_ECHO, echo_us <= now_us && now_us - echo_us < duration_us))
		return HB_REFUSED_ROLE;
	if (hb_acceptor_promised_other(a, from, now_us))
		return HB_REFUSED_PROMISE;
	if (a->promise_to != from || a->promise_until_us < now_us + duration_us)
		a->promise_until_us = now_us + duration_us;
	a->promise_to = from;
	return HB_OK;
}

void hb_acceptor_adopt(struct hb_acceptor *a, struct hb_ballot promised, struct hb_ballot accepted_ballot,
    const struct hb_record *accepted, uint64_t now_us)
{
	assert(!a->reg.admitted && GUARD(M17_ADOPTS_SOON, now_us >= a->silent_until_us));
	a->reg.promised = promised;
	a->reg.accepted_ballot = accepted_ballot;
	a->reg.accepted = *accepted;
	a->reg.admitted = 1;
	a->generation++;
	a->identity_generation = a->generation;
}
