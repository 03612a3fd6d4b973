/* Why the cluster is as it is, of made-up members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/explain.h"
#include "tests/unit/a_node.h"

static struct hb_explanation told;

/* The line about that member and topic that begins so. */
static const struct hb_explain_line *find(enum hb_topic topic, uint8_t about, const char *text)
{
	for (unsigned i = 0; i < told.count; i++)
		if (told.line[i].topic == topic && told.line[i].about == about && strstr(told.line[i].text, text))
			return &told.line[i];
	return NULL;
}

static void explain(void)
{
	memset(&told, 0xee, sizeof(told));
	hb_explain(&node, NOW_US, &told);
	assert_true(told.count > 0 && told.count < HB_EXPLAIN_LINES);
	for (unsigned i = 0; i < told.count; i++)
		assert_true(strlen(told.line[i].text) < HB_EXPLAIN_BYTES - 1); /* nothing was cut */
}

static void tells(enum hb_topic topic, uint8_t about, enum hb_holds holds, const char *text)
{
	const struct hb_explain_line *l;

	explain();
	l = find(topic, about, text);
	if (!l)
		for (unsigned i = 0; i < told.count; i++)
			print_message("%u %u %u %s\n", told.line[i].topic, told.line[i].about, told.line[i].holds,
			    told.line[i].text);
	assert_non_null(l);
	assert_int_equal(l->holds, holds);
}

static void dies(uint8_t about, enum hb_fate fate, const char *text)
{
	tells(HB_TOPIC_DEATH, about, HB_HOLDS_NA, text);
	assert_int_equal(find(HB_TOPIC_DEATH, about, text)->fate, fate);
}

/* Everybody hears everybody. */
static void well(uint8_t self)
{
	make(self);
	for (uint8_t i = A; i <= W; i++)
		node.peer[i].facts.hears = 1 << A | 1 << B | 1 << W;
}

static void is_cut(uint8_t one, uint8_t other)
{
	node.peer[one].facts.hears &= (uint8_t) ~(1u << other);
	node.peer[other].facts.hears &= (uint8_t) ~(1u << one);
}

static void not_heard_here(uint8_t m, uint64_t for_us)
{
	node.peer[m].heard_us = NOW_US - for_us;
	is_cut(node.self, m);
}

/* By nobody. */
static void be_silent(uint8_t m, uint64_t for_us)
{
	not_heard_here(m, for_us);
	for (uint8_t i = A; i <= W; i++)
		is_cut(i, m);
}

static void test_all_is_well_for_every_member(void **state)
{
	(void)state;
	for (uint8_t self = A; self <= W; self++) {
		well(self);
		tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves (SYNC)");
		tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "another 300 ms");
		tells(HB_TOPIC_CLAIM, B, HB_HOLDS, "in in_sync");
		dies(W, HB_FATE_GOES_ON, "payments go on, unobserved");
		dies(B, HB_FATE_GOES_ON, "payments wait 600 ms, then a goes on alone");
		if (self != B) /* which takes its own report: it follows */
			dies(A, HB_FATE_GOES_ON, "b claims 400 to 450 ms after its last word");
		assert_null(find(HB_TOPIC_ADD, B, ""));
	}
}

static void test_the_standby_says_when_it_would_claim(void **state)
{
	(void)state;
	well(B);
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago; unless it asks again, claims in 390 ms");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS, "its database is up and works");
	dies(A, HB_FATE_GOES_ON, "b claims 400 to 450 ms");
	node.repl.fit = 0;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "its database is up and works");
	dies(A, HB_FATE_STOPS, "payments stop until b is fit to serve");
	well(B);
	node.repl.token.byte[3] = 1;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "its copy of the data is the one");
	well(B);
	node.repl_us = 0;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "replicationd reports");
	well(B);
	node.acceptor.silent_until_us = NOW_US + 250000;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "longer than any lease: in 250 ms");
}

static void test_one_that_serves_alone(void **state)
{
	(void)state;
	well(A);
	node.known.in_sync = node.acceptor.reg.accepted.in_sync = 1;
	node.peer[B].facts.received.seq = 700;
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves alone (SOLO)");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "in in_sync");
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "300 transactions behind, 200 are allowed");
	tells(HB_TOPIC_ADD, B, HB_HOLDS, "it follows a in epoch 4");
	tells(HB_TOPIC_ADD, B, HB_HOLDS, "received something since it was lost");
	dies(A, HB_FATE_STOPS, "no other member holds every payment");
	dies(B, HB_FATE_GOES_ON, "a serves without it already");
	node.follower_us = NOW_US - 6000000; /* it has followed for long: it may be farther behind */
	tells(HB_TOPIC_ADD, B, HB_HOLDS, "300 transactions behind, 2000 are allowed");
	node.peer[B].facts.follow_epoch = 3;
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it follows a in epoch 4");
	node.adding = true;
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NA, "under way");
	node.lease.until_us[W] = NOW_US;
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "holds no lease, and needs none");
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "a holds the lease");
}

static void test_members_that_are_gone(void **state)
{
	(void)state;
	well(A);
	be_silent(W, 2000000);
	tells(HB_TOPIC_NOW, W, HB_HOLDS_NA, "nothing is heard from it");
	dies(W, HB_FATE_GONE, "counts as dead already");
	dies(A, HB_FATE_STOPS, "payments stop until more members are back: 1 of 3 would be left, 2 are needed");
	dies(B, HB_FATE_STOPS, "a may not go on alone without a majority");
	well(B);
	node.peer[A].heard = node.peer[W].heard = false;
	tells(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "1 of 3 members are heard here: no majority");
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "what it does is not known");
	node.known.in_sync = 1;
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "nobody else has every payment (last resort: holdfastctl force promote)");
	hear(W);
	node.peer[W].facts.hears = 1 << A; /* only the way between a and b is cut */
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA,
	    "nothing is heard from it here, but w hears it, or did a moment ago: it may serve");
	assert_null(find(HB_TOPIC_NOW, A, "last resort"));
	node.known.forced_epoch = node.known.epoch;
	tells(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "the role was forced in this epoch");
}

/* What the others do since, it cannot know. */
static void test_an_old_active_that_is_cut_off(void **state)
{
	(void)state;
	well(A);
	node.peer[B].heard_us = node.peer[W].heard_us = NOW_US - 2000000;
	node.serving = false;
	node.gate_until_us = 0;
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it is cut off and does not serve; whether another does since");
	dies(A, HB_FATE_UNKNOWN, "whether payments go on is not known here");
	assert_null(find(HB_TOPIC_NOW, A, "payments wait"));
	well(W);
	node.known.in_sync = 1 << A;
	be_silent(A, 2000000);
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "a holds the lease"); /* when it was heard last */
}

/* One way is cut, and the others go on: who does not hear all of it must not foretell an end. */
static void test_a_way_that_is_cut(void **state)
{
	(void)state;
	well(W);
	not_heard_here(A, 5000000);
	dies(A, HB_FATE_UNKNOWN, "what happens then is not known here: only b hears it");
	assert_null(find(HB_TOPIC_DEATH, B, ""));
	assert_null(find(HB_TOPIC_DEATH, W, ""));
	well(W);
	not_heard_here(B, 5000000);
	dies(W, HB_FATE_GOES_ON, "payments go on, unobserved");
	dies(B, HB_FATE_UNKNOWN, "what happens then is not known here: only a hears it");
	dies(A, HB_FATE_UNKNOWN, "whether b takes over is not known here: it holds every payment, and only a");
	well(A);
	not_heard_here(W, 5000000);
	dies(A, HB_FATE_GOES_ON, "b claims 400 to 450 ms");
	dies(B, HB_FATE_STOPS, "a may not go on alone without a majority");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS, "a majority can vote for it without a: it hears 2 of 3");
	well(A); /* from a to b nothing comes */
	node.known.in_sync = 1;
	node.peer[B].facts.hears = 1 << W;
	tells(HB_TOPIC_ADD, B, HB_HOLDS, "it is heard");
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it hears a");
}

static void test_one_that_does_not_know(void **state)
{
	(void)state;
	well(A);
	node.booted = false;
	node.acceptor.silent_until_us = NOW_US + 500000;
	tells(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "does not know yet who is active: 0 others");
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "votes in 500 ms");
	node.self = HB_NOBODY;
	tells(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "asks for admission");
	node.join_refused = "the name belongs to another member";
	tells(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "belongs to another member");
}

/* A machine that starts or wakes up is not at fault because its replicationd has not spoken yet. */
static void test_a_fault_is_one_that_lasts(void **state)
{
	(void)state;
	well(B);
	assert_int_equal(hb_situation(&node, NOW_US), HB_SIT_IN_FOLLOWING);
	node.repl_us = NOW_US - 10000000;
	assert_int_equal(hb_situation(&node, NOW_US), HB_SIT_BROKEN);
	node.woke_us = NOW_US;
	assert_int_equal(hb_situation(&node, NOW_US + 200000), HB_SIT_IN_FOLLOWING);
	assert_int_equal(hb_situation(&node, NOW_US + 1000000), HB_SIT_BROKEN);
	node.repl_us = node.woke_us = 0; /* in this life */
	node.acceptor.silent_until_us = NOW_US + 1;
	assert_int_not_equal(hb_situation(&node, NOW_US), HB_SIT_BROKEN);
	assert_int_equal(hb_situation(&node, NOW_US + 1), HB_SIT_BROKEN);
	node.repl.state = REPL_FAILED;
	node.repl_us = NOW_US;
	assert_int_equal(hb_situation(&node, NOW_US), HB_SIT_BROKEN);
}

static void test_an_active_that_cannot_work(void **state)
{
	(void)state;
	well(A);
	node.serving = false;
	node.ledger.fit = 0;
	(void)snprintf(node.reason, sizeof(node.reason), "the disk is full");
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it does not serve, payments wait: the disk is full");
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "because it cannot work: the ledger cannot use the database");
	well(A);
	node.my_epoch = 0; /* restarted while it was named: it has to claim anew */
	node.serving = false;
	tells(HB_TOPIC_CLAIM, A, HB_HOLDS, "its copy of the data is the one");
}

static void test_payments_wait_for_a_standby_that_is_silent(void **state)
{
	(void)state;
	well(A);
	node.settings.peer_timeout_us = 60000000;
	be_silent(B, 5000000);
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "payments wait now: none is answered before b has it as well");
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA, "nothing is heard from it for 5000 ms");
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA,
	    "payments wait for it: in 31000 ms a goes on alone; at once by: holdfastctl force solo");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it is heard");
	dies(B, HB_FATE_GONE, "it counts as dead in 31000 ms");
	dies(A, HB_FATE_STOPS, "payments stop until more members are back: 1 of 3");
	dies(W, HB_FATE_STOPS, "the rest is no majority");
	be_silent(W, 5000000);
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA, "payments wait for it: a may not go on alone, it hears no majority");
	well(W); /* which does not know whether a hears it */
	be_silent(B, 700000);
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves (SYNC)");
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA,
	    "if a hears nothing of it either, payments wait for it: for peer-timeout-ms at most");
	be_silent(A, 700000);
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA, "nothing is heard");
	assert_null(find(HB_TOPIC_NOW, B, "payments wait"));
	well(A); /* it answers, and does not acknowledge */
	node.repl.semi_waits = 1;
	node.ledger.commit_since_us = NOW_US - 400000;
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA, "payments wait for it: in 600 ms a goes on alone");
	node.ledger.commit_since_us = NOW_US - 100000; /* not for longer than a commit may take */
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves (SYNC)");
	well(A);
	node.known.in_sync = 1; /* nothing waits */
	be_silent(B, 700000);
	tells(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves alone (SOLO)");
	assert_null(find(HB_TOPIC_NOW, B, "payments wait"));
}

static void test_nobody_claims_without_a_majority(void **state)
{
	(void)state;
	well(B);
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS, "a majority can vote for it without a: it hears 2 of 3");
	be_silent(A, 5000000);
	be_silent(W, 5000000);
	node.renewed_us = NOW_US - 5000000;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "a majority can vote for it without a: it hears 1 of 3");
	well(A);
	be_silent(W, 5000000);
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS, "it is fit to take over: its database works");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "a majority can vote for it without a: it hears 1 of 3");
	well(A);
	node.my_epoch = 0;
	node.serving = false;
	tells(HB_TOPIC_CLAIM, A, HB_HOLDS, "a majority can vote for it: it hears 3 of 3");
}

/* No time is named for what time alone does not bring. */
static void test_who_cannot_claim_is_given_no_time(void **state)
{
	(void)state;
	well(B);
	node.acceptor.promise_to = A; /* as long as it grants */
	node.acceptor.promise_until_us = NOW_US + 380000;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it has promised nobody else");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "claims in 390 ms");
	node.known.in_sync = 1;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago");
	assert_null(find(HB_TOPIC_CLAIM, B, "claims in"));
	well(B);
	node.settings.observe_only = true;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago");
	assert_null(find(HB_TOPIC_CLAIM, B, "claims in"));
	well(B);
	be_silent(W, 5000000);
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago");
	assert_null(find(HB_TOPIC_CLAIM, B, "claims in"));
}

static void test_others_are_told_why_one_is_not_fit(void **state)
{
	(void)state;
	well(A);
	node.peer[B].facts.fit = 0;
	(void)snprintf(node.peer[B].facts.reason, LOCAL_REASON_BYTES, "observe-only is set");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it is fit to take over; it says: observe-only is set");
	dies(A, HB_FATE_STOPS, "but is not fit now: observe-only is set");
	node.known.in_sync = 1;
	node.peer[B].facts.follow_epoch = 0; /* says nothing of its backlog: 0 is not a time then */
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it applies what it receives: whether it does, is not known");
	node.peer[B].facts.follow_epoch = 4;
	tells(HB_TOPIC_ADD, B, HB_HOLDS, "it applies what it receives: that waits 0 ms, 500 are allowed");
}

static void test_deaths_of_the_witness(void **state)
{
	(void)state;
	well(A);
	dies(W, HB_FATE_GOES_ON, "payments go on, unobserved");
	node.known.in_sync = 1;
	dies(W, HB_FATE_GOES_ON, "the other gateway can still be added");
	be_silent(B, 5000000);
	dies(W, HB_FATE_GOES_ON, "but if it restarts, they stop");
	well(B);
	be_silent(A, 5000000); /* nobody serves: nothing goes on */
	dies(W, HB_FATE_STOPS, "payments stand still already, and cannot go on then");
	dies(B, HB_FATE_STOPS, "the only one heard here that holds every payment");
	be_silent(W, 5000000); /* b may be cut off */
	dies(B, HB_FATE_UNKNOWN, "whether payments go on is not known here");
	well(W);
	node.peer[A].facts.serving = 0;
	dies(W, HB_FATE_STOPS, "payments stand still already; the rest is a majority");
	dies(B, HB_FATE_STOPS, "payments stand still already; the rest is a majority");
}

static void test_one_that_observes_only(void **state)
{
	(void)state;
	well(B);
	node.settings.observe_only = true;
	node.would = HB_CHANGE_CLAIM;
	node.would_reason = HB_REASON_LEASE_EXPIRED;
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it may act: observe-only is set, it only says what it would do");
	tells(HB_TOPIC_CLAIM, B, HB_HOLDS_NA, "it would now: claim, for: lease-expired");
	well(A);
	node.peer[B].facts.fit = 0;
	dies(A, HB_FATE_STOPS, "payments stop until b is fit to serve: it holds every payment, but is not fit now");
}

static void test_one_in_maintenance(void **state)
{
	(void)state;
	well(A);
	node.known.in_sync = 1;
	node.known.maintenance = 1 << B;
	tells(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it is not in maintenance");
}

/* Whatever the reports say, no line is cut or left out. */
static void test_long_reasons_fit(void **state)
{
	(void)state;
	well(A);
	node.known.in_sync = 1;
	memset(node.peer[B].facts.reason, 'r', LOCAL_REASON_BYTES - 1);
	node.peer[B].facts.follow_epoch = 0;
	tells(HB_TOPIC_NOW, B, HB_HOLDS_NA, "rrr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_is_well_for_every_member),
	    cmocka_unit_test(test_the_standby_says_when_it_would_claim),
	    cmocka_unit_test(test_one_that_serves_alone),
	    cmocka_unit_test(test_members_that_are_gone),
	    cmocka_unit_test(test_an_old_active_that_is_cut_off),
	    cmocka_unit_test(test_a_way_that_is_cut),
	    cmocka_unit_test(test_one_that_does_not_know),
	    cmocka_unit_test(test_a_fault_is_one_that_lasts),
	    cmocka_unit_test(test_an_active_that_cannot_work),
	    cmocka_unit_test(test_one_that_observes_only),
	    cmocka_unit_test(test_one_in_maintenance),
	    cmocka_unit_test(test_payments_wait_for_a_standby_that_is_silent),
	    cmocka_unit_test(test_nobody_claims_without_a_majority),
	    cmocka_unit_test(test_who_cannot_claim_is_given_no_time),
	    cmocka_unit_test(test_others_are_told_why_one_is_not_fit),
	    cmocka_unit_test(test_deaths_of_the_witness),
	    cmocka_unit_test(test_long_reasons_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
