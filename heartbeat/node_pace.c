/* Whom the active waits for: a standby that works, so that a takeover does not take long (SYNC), and that it can be added (SOLO). */
#include "heartbeat/node_parts.h"

#include "heartbeat/pace.h"

#define BEHIND_SEQ 15 /* well below what hb_adding allows */
#define CATCHES_UP_US                                                                                                  \
	60000000 /* one that has not caught up by then will not: it must not slow payments down for ever */

static unsigned percent_of(uint64_t value, uint64_t allowed)
{
	uint64_t percent = value * 100 / allowed;

	return percent < 10000 ? (unsigned)percent : 10000;
}

/* In SYNC each commit waits for it anyway. */
static struct hb_pace_lag in_receiving(const struct hb_node *n, const struct hb_facts *f, bool solo)
{
	struct hb_pace_lag lag = {.written_seq = n->repl.binlog.seq, .done_seq = f->received.seq};

	if (solo && lag.done_seq < lag.written_seq)
		lag.percent = percent_of(lag.written_seq - lag.done_seq, BEHIND_SEQ);
	return lag;
}

static struct hb_pace_lag in_applying(const struct hb_node *n, const struct hb_facts *f)
{
	return (struct hb_pace_lag){.applying = true,
	    .percent = percent_of((uint64_t)f->backlog_ms * 1000, n->settings.max_backlog_us),
	    .written_seq = n->repl.binlog.seq,
	    .done_seq = f->applied.seq};
}

/* Only one that is well: what is silent is left behind instead (C3). */
static bool is_well(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	const struct hb_facts *f = &n->peer[m].facts;

	return hb_heard(n, m, n->settings.lease_us, now_us) && f->fit && f->follow_epoch == n->my_epoch &&
	       !hb_in_maintenance(&n->known, m);
}

bool hb_is_slowed_for_solo(const struct hb_node *n, uint64_t now_us)
{
	return n->catches_up_us && now_us <= n->catches_up_us + CATCHES_UP_US;
}

void hb_pace_look(struct hb_node *n, uint64_t now_us)
{
	uint8_t m = hb_other_gateway(n);
	bool well = n->serving && hb_mine(n) && n->settings.max_backlog_us && m != HB_NOBODY && is_well(n, m, now_us);
	bool solo = well && hb_is_solo(&n->known, n->self);
	struct hb_pace_lag receiving, applying;

	since_note(&n->catches_up_us, solo, now_us);
	if (!well || (solo && !hb_is_slowed_for_solo(n, now_us))) {
		hb_pace_step(&n->pace, NULL, now_us);
		return;
	}
	receiving = in_receiving(n, &n->peer[m].facts, solo);
	applying = in_applying(n, &n->peer[m].facts);
	hb_pace_step(&n->pace, receiving.percent > applying.percent ? &receiving : &applying, now_us);
}
