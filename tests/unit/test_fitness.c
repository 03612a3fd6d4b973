/* heartbeat/node_fit.c and what node_role.c does with it: each ill by its own sign, no sooner than its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heartbeat/fitness.h"
#include "heartbeat/node_parts.h"

#define NOW_US 100000000u

/* An active in SYNC that serves; b follows and could take over. */
static void healthy(struct hb_node *n)
{
	struct hb_record *r = &n->known;

	memset(n, 0, sizeof(*n));
	n->settings = (struct hb_settings){.interval_us = 50000, .lease_us = 400000, .peer_timeout_us = 500000};
	r->version = 5;
	r->epoch = 3;
	r->phase = HB_OPEN;
	r->members = 3;
	r->in_sync = 3;
	r->member[2].kind = HB_KIND_WITNESS;
	memset(&r->token[0], 1, TOKEN_BYTES);
	memset(&r->token[1], 2, TOKEN_BYTES);
	n->acceptor.reg.admitted = 1;
	n->acceptor.reg.accepted = *r;
	n->booted = n->opened = n->serving = true;
	n->my_epoch = 3;
	n->repl = (struct repl_report){.state = REPL_OPEN, .fit = 1, .db_up = 1, .semi_sync = 1, .opened_epoch = 3};
	n->repl.token = r->token[0];
	n->repl.looked_us = n->repl_us = NOW_US;
	n->ledger = (struct ledger_report){.fit = 1, .barrier_epoch = 3};
	n->ledger_us = NOW_US;
	n->peer[1].heard = true;
	n->peer[1].heard_us = NOW_US;
	n->peer[1].facts.fit = 1;
	n->peer[1].facts.token = r->token[1];
}

static enum hb_change_kind wanted(struct hb_node *n)
{
	struct hb_change c;

	hb_wanted_change(n, NOW_US, &c);
	if (c.kind == HB_CHANGE_HAND) {
		assert_int_equal(c.target, 1);
		assert_true(token_equal(&c.token, &n->known.token[1]));
	}
	return c.kind;
}

static void edge_gone(struct hb_node *n, uint64_t at_us)
{
	n->ledger.edge_silent_us = at_us;
	n->ledger.edge_gone = 1;
}

static void edge_mute(struct hb_node *n, uint64_t at_us)
{
	n->ledger.edge_silent_us = at_us;
}

static void register_stuck(struct hb_node *n, uint64_t at_us)
{
	n->storing_since_us = at_us;
}

static void commit_stuck(struct hb_node *n, uint64_t at_us)
{
	n->ledger.commit_since_us = at_us;
}

static void replication_silent(struct hb_node *n, uint64_t at_us)
{
	n->repl_us = at_us;
}

static void ledger_silent(struct hb_node *n, uint64_t at_us)
{
	n->ledger_us = at_us;
}

static void ledger_unfit(struct hb_node *n, uint64_t at_us)
{
	n->ledger.fit = at_us >= NOW_US;
}

static void database_mute(struct hb_node *n, uint64_t at_us)
{
	n->repl.fit = at_us >= NOW_US;
}

static void replication_failed(struct hb_node *n, uint64_t at_us)
{
	if (at_us < NOW_US)
		n->repl.state = REPL_FAILED;
}

static void address_missing(struct hb_node *n, uint64_t at_us)
{
	n->vip_watched = true;
	n->no_vip_us = at_us;
}

static void leaked(struct hb_node *n, uint64_t at_us)
{
	if (at_us < NOW_US)
		n->leak.since_us = at_us;
}

static const struct {
	void (*begin)(struct hb_node *n, uint64_t at_us);
	uint64_t limit_us;
	enum hb_ill ill;
	bool keeps_role;
} cases[] = {
    {edge_gone, FIT_EDGE_GONE_US, HB_ILL_EDGE_SILENT, true},
    {edge_mute, FIT_EDGE_MUTE_US, HB_ILL_EDGE_SILENT, true},
    {address_missing, FIT_ADDRESS_US, HB_ILL_ADDRESS_MISSING, true},
    {leaked, 0, HB_ILL_LEAKED, true},
    {register_stuck, FIT_REGISTER_US, HB_ILL_REGISTER_STUCK, false},
    {commit_stuck, FIT_COMMIT_US, HB_ILL_COMMIT_STUCK, false},
    {replication_silent, FIT_REPORT_US, HB_ILL_REPLICATION_SILENT, false},
    {ledger_silent, FIT_REPORT_US, HB_ILL_LEDGER_SILENT, false},
    {ledger_unfit, 0, HB_ILL_LEDGER_STUCK, false},
    {database_mute, 0, HB_ILL_DATABASE_MUTE, false},
    {replication_failed, 0, HB_ILL_REPLICATION_FAILED, false},
};

static void each_ill_has_its_sign_and_its_time(void **state)
{
	struct hb_node n;

	(void)state;
	healthy(&n);
	assert_int_equal(hb_ill(&n, NOW_US), HB_ILL_NONE);
	assert_true(hb_fit_to_renew(&n, NOW_US) && hb_is_fit(&n, NOW_US));
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		healthy(&n);
		cases[i].begin(&n, cases[i].limit_us ? NOW_US - cases[i].limit_us + 1000 : NOW_US);
		assert_int_equal(hb_ill(&n, NOW_US), HB_ILL_NONE);
		assert_true(hb_fit_to_renew(&n, NOW_US));

		healthy(&n);
		cases[i].begin(&n, NOW_US - cases[i].limit_us - 1000);
		assert_int_equal(hb_ill(&n, NOW_US), cases[i].ill);
		assert_int_equal(hb_fit_to_renew(&n, NOW_US), cases[i].keeps_role);
		assert_false(hb_is_fit(&n, NOW_US));
		assert_int_equal(wanted(&n), cases[i].ill == HB_ILL_LEAKED ? HB_CHANGE_NONE : HB_CHANGE_HAND);
	}
}

static void nobody_is_handed_what_it_cannot_do(void **state)
{
	struct hb_node n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		healthy(&n);
		cases[i].begin(&n, NOW_US - cases[i].limit_us - 1000);
		n.peer[1].facts.fit = 0;
		assert_int_not_equal(wanted(&n), HB_CHANGE_HAND);
		n.peer[1].facts.fit = 1;
		n.peer[1].heard_us = NOW_US - 450000;
		assert_int_not_equal(wanted(&n), HB_CHANGE_HAND);
		n.peer[1].heard_us = NOW_US;
		n.known.in_sync = 1;
		assert_int_not_equal(wanted(&n), HB_CHANGE_HAND);
	}
}

/* An acknowledgement that is not coming is the other's fault, whatever time it takes; what is not waited for is ours. */
static void a_commit_waits_for_the_other_or_for_our_disk(void **state)
{
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.ledger.commit_since_us = NOW_US - FIT_COMMIT_US - 1000;
	n.repl.semi_waits = 1;
	assert_int_equal(hb_ill(&n, NOW_US), HB_ILL_NONE);
	assert_int_equal(wanted(&n), HB_CHANGE_SOLO);
}

/* The database was stopped while a commit waited, as it nearly always does under load. What was seen before says nothing about the
 * other, who would be pushed out, and the one whole copy that works with it. */
static void an_old_look_accuses_nobody(void **state)
{
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.ledger.commit_since_us = NOW_US - 600000;
	n.repl.semi_waits = 1;
	n.repl.looked_us = NOW_US - 590000;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
	n.repl.looked_us = NOW_US - 50000; /* seen to wait for longer than peer-timeout */
	assert_int_equal(wanted(&n), HB_CHANGE_SOLO);
	healthy(&n);
	n.row_waits_us = NOW_US - 600000;
	n.repl.semi_waits = 1;
	n.repl.looked_us = NOW_US - 590000;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
}

/* The same of silence: a database that has not been seen since then may be what is wrong. */
static void a_silent_standby_is_lost_to_an_active_that_works(void **state)
{
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.peer[1].heard_us = NOW_US - hb_silence_us(&n.settings) - 100000;
	n.repl.looked_us = NOW_US - 100000;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
	n.repl.looked_us++;
	assert_int_equal(wanted(&n), HB_CHANGE_SOLO);
	n.repl.looked_us--;
	n.peer[1].missed_us = 1; /* not its fault */
	n.repl.looked_us++;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
}

/* It claims its role anew to start its database, and that comes to no end: the other shall try. */
static void an_opening_again_ends_too(void **state)
{
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.repl.db_up = 0;
	n.unopened_us = NOW_US - FIT_OPENING_US + 1;
	assert_true(hb_fit_to_renew(&n, NOW_US));
	n.unopened_us--;
	assert_false(hb_fit_to_renew(&n, NOW_US));
	n.peer[1].heard_us = NOW_US - n.settings.peer_timeout_us; /* nobody else could */
	assert_true(hb_fit_to_renew(&n, NOW_US));
}

/* Letters overtake each other. */
static void an_old_heartbeat_takes_nothing_back(void **state)
{
	struct hb_message m = {.type = HB_BEAT, .from = 1};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};
	struct hb_output out;
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.peer[1].stamp_us = m.stamp_us = 7000;
	m.facts = n.peer[1].facts;
	memset(&m.facts.token, 9, TOKEN_BYTES);
	m.stamp_us--;
	hb_node_step(&n, &in, &out);
	assert_true(token_equal(&n.peer[1].facts.token, &n.known.token[1]));
	assert_int_equal(n.peer[1].stamp_us, 7000);
	m.stamp_us++;
	hb_node_step(&n, &in, &out);
	assert_true(token_equal(&n.peer[1].facts.token, &m.facts.token));
}

/* The active and w chose a record, and the active is gone before anybody was told. */
static void what_another_has_accepted_is_found_out(void **state)
{
	static const struct hb_ballot chosen = {6, 1}, more = {8, 1};
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.my_epoch = 0;
	n.known.active = 1;
	n.known.in_sync = 2;
	n.known_ballot = n.acceptor.reg.accepted_ballot = chosen;
	n.peer[1].heard = false;
	n.peer[2].heard = true;
	n.peer[2].heard_us = NOW_US;
	n.peer[2].accepted_ballot = more;
	n.renewed_us = NOW_US - n.settings.lease_us + 1; /* the active is there, and will tell */
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
	n.renewed_us--;
	assert_int_equal(wanted(&n), HB_CHANGE_NOTHING);
	n.peer[1].heard = true; /* its disk may be slow */
	n.peer[2].accepted_us = NOW_US - FIT_REGISTER_US + 1;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
	n.peer[2].accepted_us--;
	assert_int_equal(wanted(&n), HB_CHANGE_NOTHING);
	n.acceptor.silent_until_us = NOW_US + 1;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
	n.acceptor.silent_until_us = 0;
	n.peer[2].accepted_ballot = chosen;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE);
}

static bool asks_for_its_lease(struct hb_node *n)
{
	struct hb_input in = {.kind = HB_IN_TICK, .now_us = NOW_US};
	struct hb_output out;

	n->beat_now = true;
	hb_node_step(n, &in, &out);
	for (unsigned i = 0; i < out.outbox.count; i++)
		if (out.outbox.letter[i].message.type == HB_BEAT)
			return out.outbox.letter[i].message.want_lease;
	fail_msg("no heartbeat");
	return false;
}

/* A hand-over that nobody else has accepted: the others shall be free to claim, but not before it had its time. */
static void who_cannot_vote_for_itself_does_not_ask_for_long(void **state)
{
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.leased_us = NOW_US - 2 * n.settings.lease_us - 1;
	assert_true(asks_for_its_lease(&n));
	n.acceptor.reg.accepted.active = 1;
	assert_false(asks_for_its_lease(&n));
	n.leased_us++;
	assert_true(asks_for_its_lease(&n));
}

static void a_crash_loop_looks_well_in_between(void **state)
{
	struct ledger_report here = {.fit = 1};
	struct hb_node n;
	uint64_t at_us = NOW_US - FIT_DEATHS * 1000000u;

	(void)state;
	healthy(&n);
	for (unsigned i = 1; i <= FIT_DEATHS; i++, at_us += 1000000) {
		assert_int_equal(hb_ill(&n, NOW_US), HB_ILL_NONE);
		hb_take_ledger(&n, NULL, at_us);
		hb_take_ledger(&n, &here, at_us + 300000);
		n.ledger_us = NOW_US;
	}
	assert_int_equal(hb_ill(&n, NOW_US), HB_ILL_LEDGER_DIES);
	assert_int_equal(wanted(&n), HB_CHANGE_HAND);
	n.repl_us = n.ledger_us = NOW_US + FIT_ALIVE_US;
	assert_int_equal(hb_ill(&n, NOW_US + FIT_ALIVE_US), HB_ILL_NONE);
}

static void deaths_count_only_within_their_time(void **state)
{
	struct hb_deaths d = {.next = 0};
	uint64_t at_us = NOW_US;

	(void)state;
	for (unsigned i = 0; i < 4 * FIT_DEATHS; i++, at_us += FIT_DEATHS_US / (FIT_DEATHS - 1)) {
		hb_deaths_note(&d, at_us);
		assert_false(hb_deaths_too_many(&d, at_us));
	}
	for (unsigned i = 0; i < FIT_DEATHS; i++)
		hb_deaths_note(&d, at_us);
	assert_true(hb_deaths_too_many(&d, at_us));
	assert_true(hb_deaths_too_many(&d, at_us + FIT_ALIVE_US - 1));
	assert_false(hb_deaths_too_many(&d, at_us + FIT_ALIVE_US));
}

/* A database that is killed because the record names another is not one that dies. */
static void a_fence_is_no_death(void **state)
{
	struct repl_report up = {.db_up = 1, .dirty = 1, .fit = 1}, down = {.dirty = 1};
	struct hb_node n;

	(void)state;
	for (unsigned fenced = 0; fenced < 2; fenced++) {
		healthy(&n);
		n.order.want = fenced ? REPL_WANT_DOWN : REPL_WANT_OPEN;
		for (unsigned i = 0; i < FIT_DEATHS; i++) {
			hb_take_replication(&n, &up, NOW_US);
			hb_take_replication(&n, &down, NOW_US);
		}
		assert_int_equal(hb_deaths_too_many(&n.database_deaths, NOW_US), !fenced);
	}
}

/* In SOLO, one that follows but takes nothing since it was lost is not waited for again. */
static void a_standby_that_stands_still_is_not_added(void **state)
{
	struct hb_node n;
	struct hb_facts *f;

	(void)state;
	healthy(&n);
	f = &n.peer[1].facts;
	f->follow_epoch = 3;
	f->received = (struct gtid){0, 1, 100};
	n.repl.binlog = (struct gtid){0, 1, 101};
	hb_adding(&n, NOW_US); /* in SYNC still: 101 waits for b */
	n.known.in_sync = n.acceptor.reg.accepted.in_sync = 1;
	hb_lease_begin(&n.lease, 3);
	hb_lease_grant(&n.lease, 0, 3, NOW_US, 400000);
	hb_lease_grant(&n.lease, 2, 3, NOW_US, 400000);
	assert_true(hb_node_has_lease(&n, NOW_US));
	hb_adding(&n, NOW_US);
	assert_false(n.adding);
	f->received.seq = 101;
	hb_adding(&n, NOW_US);
	assert_true(n.adding);
	/* Semi-sync was on for it, and a commit found it standing still again. */
	n.repl.binlog.seq = 102;
	n.ledger.commit_since_us = NOW_US - 600000;
	hb_adding(&n, NOW_US);
	assert_false(n.adding);
	n.ledger.commit_since_us = 0;
	n.add_again_us = 0;
	hb_adding(&n, NOW_US);
	assert_false(n.adding);
	f->received.seq = 102;
	hb_adding(&n, NOW_US);
	assert_true(n.adding);
}

/* A member that accepted what nobody finished, and has forgotten that it was its own, grants no lease: P4 clears it up. */
static void a_round_that_nobody_finished_is_finished(void **state)
{
	static const struct hb_ballot chosen = {6, 0}, left = {8, 1};
	struct hb_message m = {.type = HB_BEAT, .from = 1, .accepted_ballot = left, .promised = left};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};
	struct hb_output out;
	struct hb_node n;

	(void)state;
	healthy(&n);
	n.settings.peer_timeout_us = 1000000; /* its silence shall mean nothing yet */
	n.known_ballot = n.acceptor.reg.accepted_ballot = n.acceptor.reg.promised = chosen;
	m.facts = n.peer[1].facts;
	hb_node_step(&n, &in, &out);
	assert_int_equal(n.peer[1].lagging_us, NOW_US);
	assert_int_equal(wanted(&n), HB_CHANGE_NONE); /* it may still be finished */
	n.peer[1].lagging_us = NOW_US - 2 * n.settings.lease_us - 1;
	assert_int_equal(wanted(&n), HB_CHANGE_NOTHING);
	n.peer[1].heard_us = NOW_US - n.settings.lease_us;
	assert_int_equal(wanted(&n), HB_CHANGE_NONE); /* not for one that is away */
	m.accepted_ballot = m.promised = chosen;
	hb_node_step(&n, &in, &out);
	assert_int_equal(n.peer[1].lagging_us, 0);
}

static void every_ill_says_what_to_look_at(void **state)
{
	(void)state;
	for (unsigned i = HB_ILL_NONE + 1; i < HB_ILL_COUNT; i++) {
		assert_true(strlen(hb_ill_text(i)) > 10);
		assert_true(strlen(hb_ill_text(i)) < LOCAL_REASON_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_ill_has_its_sign_and_its_time),
	    cmocka_unit_test(nobody_is_handed_what_it_cannot_do),
	    cmocka_unit_test(a_commit_waits_for_the_other_or_for_our_disk),
	    cmocka_unit_test(an_old_look_accuses_nobody),
	    cmocka_unit_test(a_silent_standby_is_lost_to_an_active_that_works),
	    cmocka_unit_test(an_opening_again_ends_too),
	    cmocka_unit_test(an_old_heartbeat_takes_nothing_back),
	    cmocka_unit_test(what_another_has_accepted_is_found_out),
	    cmocka_unit_test(who_cannot_vote_for_itself_does_not_ask_for_long),
	    cmocka_unit_test(a_crash_loop_looks_well_in_between),
	    cmocka_unit_test(deaths_count_only_within_their_time),
	    cmocka_unit_test(a_fence_is_no_death),
	    cmocka_unit_test(a_standby_that_stands_still_is_not_added),
	    cmocka_unit_test(a_round_that_nobody_finished_is_finished),
	    cmocka_unit_test(every_ill_says_what_to_look_at),
	};

	return cmocka_run_group_tests_name("fitness", tests, NULL, NULL);
}
