#include "heartbeat/node_parts.h"

#define DUE_US_MAX 50000
#define LONG_ABSENT_US 500000
#define REPORTS_US 300000 /* three reports of each of the other daemons */
#define ABSENT_US(n)                                                                                                   \
	(2 * (n)->settings.interval_us + 10000) /* no step for so long: twice what it should be, at least */

static void later(uint64_t *since_us, uint64_t by_us)
{
	*since_us += *since_us ? by_us : 0;
}

/*
 * The machine was paused, or we had no processor: what was not heard meanwhile says nothing about those who did not say it,
 * so our patience does not count that time. Nothing that keeps us safe depends on it: leases, promises and the gate go by the
 * clock.
 */
void hb_notice_absence(struct hb_node *n, uint64_t now_us)
{
	uint64_t absent_us = n->stepped_us ? now_us - n->stepped_us : 0;

	n->stepped_us = now_us;
	if (absent_us < ABSENT_US(n))
		return;
	n->woke_us = now_us;
	n->absent_us = absent_us;
	n->renewed_us += absent_us;
	n->repl_missed_us += absent_us;
	n->ledger_missed_us += absent_us;
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++)
		n->peer[i].missed_us += absent_us;
	later(&n->row_waits_us, absent_us);
	later(&n->unopened_us, absent_us);
	later(&n->unchosen_us, absent_us);
	later(&n->storing_since_us, absent_us);
	later(&n->no_vip_us, absent_us);
	later(&n->ledger.commit_since_us, absent_us);
	later(&n->ledger.edge_silent_us, absent_us);
}

bool hb_just_woke(const struct hb_node *n, uint64_t now_us)
{
	/* Not after every little pause: a busy machine must be able to find out that it is unfit. */
	return n->absent_us > LONG_ABSENT_US && now_us < n->woke_us + REPORTS_US;
}

uint64_t hb_since(const struct hb_node *n, uint64_t since_us)
{
	if (!since_us || since_us >= n->woke_us)
		return since_us;
	return since_us + n->absent_us < n->woke_us ? since_us + n->absent_us : n->woke_us;
}

static void sooner(uint64_t *due_us, uint64_t at_us, uint64_t now_us)
{
	if (at_us > now_us && at_us < *due_us)
		*due_us = at_us;
}

uint64_t hb_node_due_us(const struct hb_node *n, uint64_t now_us)
{
	uint64_t due_us = now_us + (n->settings.interval_us < DUE_US_MAX ? n->settings.interval_us : DUE_US_MAX);

	if (n->beat_now)
		return now_us;
	sooner(&due_us, n->beat_us, now_us);
	sooner(&due_us, n->reading.again_us, now_us);
	sooner(&due_us, n->proposer.again_us, now_us);
	sooner(&due_us, n->closing_until_us, now_us);
	sooner(&due_us, n->vip_grace_us, now_us);
	sooner(&due_us, n->vip_until_us, now_us);
	if (n->asked.id)
		sooner(&due_us, n->asked_again_us, now_us);
	sooner(&due_us, n->acceptor.silent_until_us, now_us);
	sooner(&due_us, n->acceptor.promise_until_us, now_us);
	if (hb_mine(n))
		sooner(&due_us, hb_lease_until(&n->lease, n->self, n->known.members, n->my_epoch), now_us);
	else
		sooner(&due_us, hb_claim_from_us(n), now_us);
	return due_us;
}
