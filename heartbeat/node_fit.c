#include "heartbeat/node_parts.h"

#include "heartbeat/fitness.h"

/* What is wrong and where to look, in the order of enum hb_ill. */
static const char *const texts[] = {
#define X(id, keeps, text) text,
    HB_ILLS(X)
#undef X
};

static const bool keeps_role[] = {
#define X(id, keeps, text) keeps,
    HB_ILLS(X)
#undef X
};

/* C7: the database is gone, or was open for us and is not any more. */
bool hb_is_sick(const struct hb_node *n, uint64_t now_us)
{
	/* A replicationd that has just started needs a moment to see that the database is open. */
	return hb_mine(n) && n->known.phase == HB_OPEN &&
	       (!n->repl.db_up || (n->opened && n->unopened_us && !hb_is_draining(n) &&
				      now_us > n->unopened_us + n->settings.peer_timeout_us));
}

/* An opening that does not end, the first or one again, while somebody else has all that was acknowledged: that one shall
 * try (L1, C1). */
static bool is_overdue(const struct hb_node *n, uint64_t now_us)
{
	uint64_t since_us = n->opened ? n->unopened_us : n->epoch_us;

	if (!since_us || now_us < since_us + FIT_OPENING_US)
		return false;
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && hb_in_sync(&n->known, i) && hb_heard(n, i, n->settings.peer_timeout_us, now_us) &&
		    token_equal(&n->peer[i].facts.token, &n->known.token[i]))
			return true;
	return false;
}

static bool since(uint64_t since_us, uint64_t limit_us, uint64_t now_us)
{
	return since_us && now_us > since_us + limit_us;
}

static enum hb_ill ill_database(const struct hb_node *n, uint64_t now_us)
{
	if (n->repl.state == REPL_FAILED)
		return HB_ILL_REPLICATION_FAILED;
	if (hb_deaths_too_many(&n->database_deaths, now_us))
		return HB_ILL_DATABASE_DIES;
	/* A COMMIT that waits for the other says nothing about us. */
	if (since(n->ledger.commit_since_us, FIT_COMMIT_US, now_us) && !n->repl.semi_waits)
		return HB_ILL_COMMIT_STUCK;
	/* A database that is being started or opened has until then to prove itself; afterwards it has to work. */
	if (hb_mine(n) && (!n->opened || hb_is_sick(n, now_us)))
		return HB_ILL_NONE;
	if (n->repl.db_up && !n->repl.fit && !hb_just_woke(n, now_us))
		return HB_ILL_DATABASE_MUTE;
	return HB_ILL_NONE;
}

/* Where it comes to neither, the role must not go to and fro for ever. */
static uint64_t address_again_us(const struct hb_node *n)
{
	unsigned doubled = n->vip_failures > 1 ? n->vip_failures - 1u : 0;

	return (uint64_t)FIT_ADDRESS_AGAIN_US << (doubled < FIT_ADDRESS_DOUBLED ? doubled : FIT_ADDRESS_DOUBLED);
}

/* Where it is known that nobody reaches us, another shall serve. Who does not serve yet has to be able to listen: that it takes the
 * address is seen only then. Claims do not ask for it: who holds every payment and is left alone serves until it is mended. */
static enum hb_ill ill_address(const struct hb_node *n, uint64_t now_us)
{
	if (hb_mine(n))
		return n->vip_watched && since(n->no_vip_us, FIT_ADDRESS_US, now_us) && !hb_just_woke(n, now_us)
			   ? HB_ILL_ADDRESS_MISSING
			   : HB_ILL_NONE;
	if (since(n->vip_deaf_us, FIT_ADDRESS_DEAF_US, now_us))
		return HB_ILL_ADDRESS_DEAF;
	return n->vip_failed_us && now_us < n->vip_failed_us + address_again_us(n) ? HB_ILL_ADDRESS_FAILED
										   : HB_ILL_NONE;
}

void hb_address_look(struct hb_node *n, bool asked, uint64_t now_us)
{
	bool lacks = n->serving && !n->holds_vip;

	/* The record that names another is on its way: it is not given up half way. */
	if (!lacks || (!asked && !(hb_mine(n) && n->proposer.pending)))
		n->no_vip_us = 0;
	else if (asked && !n->no_vip_us)
		n->no_vip_us = now_us;
	/* keepalived that did not even listen has mended what was wrong as soon as it does. */
	if (n->holds_vip || since(n->vip_deaf_us, FIT_ADDRESS_DEAF_US, now_us)) {
		n->vip_failed_us = n->vip_failures = 0;
	} else if (ill_address(n, now_us) == HB_ILL_ADDRESS_MISSING) {
		if (n->vip_failed_us < n->no_vip_us)
			n->vip_failures++;
		n->vip_failed_us = now_us;
	}
}

enum hb_ill hb_ill(const struct hb_node *n, uint64_t now_us)
{
	enum hb_ill database;

	if (since(n->storing_since_us, FIT_REGISTER_US, now_us))
		return HB_ILL_REGISTER_STUCK;
	if (!n->booted || n->acceptor.reg.kind == HB_KIND_WITNESS)
		return HB_ILL_NONE;
	if (!hb_is_known(n->repl_us, n->repl_missed_us, now_us))
		return HB_ILL_REPLICATION_SILENT;
	if (!hb_is_known(n->ledger_us, n->ledger_missed_us, now_us))
		return HB_ILL_LEDGER_SILENT;
	if (hb_deaths_too_many(&n->replication_deaths, now_us))
		return HB_ILL_REPLICATION_DIES;
	if (hb_deaths_too_many(&n->ledger_deaths, now_us))
		return HB_ILL_LEDGER_DIES;
	database = ill_database(n, now_us);
	if (database != HB_ILL_NONE)
		return database;
	if (!n->ledger.fit && !hb_just_woke(n, now_us))
		return HB_ILL_LEDGER_STUCK;
	/* Nobody shall count on it, or hand it anything. */
	if (n->settings.observe_only)
		return HB_ILL_OBSERVES;
	if (hb_leaks(n))
		return HB_ILL_LEAKED;
	if (since(n->ledger.edge_silent_us, n->ledger.edge_gone ? FIT_EDGE_GONE_US : FIT_EDGE_MUTE_US, now_us))
		return HB_ILL_EDGE_SILENT;
	if (hb_deaths_too_many(&n->edge_deaths, now_us))
		return HB_ILL_EDGE_DIES;
	return ill_address(n, now_us);
}

const char *hb_ill_text(unsigned ill)
{
	return ill < HB_ILL_COUNT ? texts[ill] : "unknown";
}

static bool can_work(const struct hb_node *n, uint64_t now_us)
{
	return hb_token_good(n) && keeps_role[hb_ill(n, now_us)] &&
	       !GUARDED(M30_OPENING_NEVER_ENDS, is_overdue(n, now_us), false);
}

/* R13: only a fit active asks for its lease to be renewed. */
bool hb_fit_to_renew(const struct hb_node *n, uint64_t now_us)
{
	return hb_mine(n) && GUARD(M20_RENEWS_UNFIT, can_work(n, now_us));
}

bool hb_is_fit(const struct hb_node *n, uint64_t now_us)
{
	return n->repl.db_up && n->repl.fit && hb_ill(n, now_us) == HB_ILL_NONE;
}

bool hb_takes_over(const struct hb_node *n, uint64_t now_us)
{
	return hb_is_fit(n, now_us) && (hb_mine(n) || !(n->ledger_away || n->ledger.leaves));
}

/* Does the database die because it is told to (R7, B1)? */
static bool is_fenced(const struct hb_node *n)
{
	return n->order.want == REPL_WANT_DOWN || (n->order.want == REPL_WANT_FOLLOW_OUT && n->repl.dirty);
}

void hb_take_replication(struct hb_node *n, const struct repl_report *r, uint64_t now_us)
{
	/* One that is being restarted has FIT_REPORT_US to come back; the database does not need it. */
	if (!r) {
		hb_deaths_note(&n->replication_deaths, now_us);
		n->repl_away = true;
		return;
	}
	if (n->repl_us && n->repl.db_up && !r->db_up && !is_fenced(n))
		hb_deaths_note(&n->database_deaths, now_us);
	n->repl_us = now_us;
	n->repl_away = false;
	n->repl_missed_us = 0;
	since_note(&n->row_waits_us, r->row_waits, now_us);
	n->repl = *r;
	n->repl.reason[sizeof(n->repl.reason) - 1] = '\0';
	n->repl.notice[sizeof(n->repl.notice) - 1] = '\0';
}

void hb_take_ledger(struct hb_node *n, const struct ledger_report *r, uint64_t now_us)
{
	/* A new ledger has to pass the barrier first; it has the same time to come back. */
	if (!r) {
		if (!n->ledger.leaves)
			hb_deaths_note(&n->ledger_deaths, now_us);
		n->ledger.barrier_epoch = n->ledger.commit_since_us = n->ledger.gate_closed_generation = 0;
		n->ledger.leaves = 0;
		n->ledger_away = true;
		return;
	}
	if (n->ledger_us && !n->ledger.edge_gone && r->edge_gone)
		hb_deaths_note(&n->edge_deaths, now_us);
	n->ledger_us = now_us;
	n->ledger_missed_us = 0;
	n->ledger_away = false;
	n->ledger = *r;
	n->ledger.commit_since_us = hb_since(n, r->commit_since_us);
	n->ledger.edge_silent_us = hb_since(n, r->edge_silent_us);
	n->ledger.reason[sizeof(n->ledger.reason) - 1] = '\0';
	if (r->leaves)
		hb_drain_for_ledger(n, now_us);
}
