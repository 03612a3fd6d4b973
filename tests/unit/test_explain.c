/* Why the cluster is as it is, of made-up members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/explain.h"

#define NOW_US 100000000ull
#define A 0
#define B 1
#define W 2

static struct hb_node node;
static struct hb_explanation told;

static struct token token_of(uint8_t member)
{
	struct token t = {{0}};

	t.byte[0] = (uint8_t)(0x10 + member);
	return t;
}

static void make_record(struct hb_record *r)
{
	static const char names[3][2] = {"a", "b", "w"};

	*r = (struct hb_record){.version = 9,
	    .epoch = 4,
	    .active = A,
	    .phase = HB_OPEN,
	    .in_sync = 3,
	    .reason = HB_REASON_PEER_IN_SYNC,
	    .members = 3};
	for (uint8_t i = 0; i < 3; i++) {
		memcpy(r->member[i].name, names[i], 2);
		r->member[i].instance = 100u + i;
		r->member[i].kind = i == W ? HB_KIND_WITNESS : HB_KIND_GATEWAY;
		if (i != W)
			r->token[i] = token_of(i);
	}
}

static void hear(uint8_t from)
{
	struct hb_peer *p = &node.peer[from];

	*p = (struct hb_peer){.heard = true, .boot = 1, .heard_us = NOW_US - 20000};
	p->facts = (struct hb_facts){.state = from == W ? HB_WITNESS : from == A ? HB_ACTIVE : HB_STANDBY};
	p->facts.serving = from == A;
	p->facts.fit = from == B;
	p->facts.lease_ms = from == A ? 300 : 0;
	p->facts.follow_epoch = from == B ? 4 : 0;
	p->facts.binlog = p->facts.received = p->facts.applied = (struct gtid){0, 1, 1000};
	if (from != W)
		p->facts.token = token_of(from);
}

/* All is well, seen by self. */
static int make(uint8_t self)
{
	struct hb_settings s = {.interval_us = 50000, .lease_us = 400000, .peer_timeout_us = 1000000};
	struct hb_register reg = {.admitted = 1, .boot = 1, .kind = self == W ? HB_KIND_WITNESS : HB_KIND_GATEWAY};

	make_record(&reg.accepted);
	memcpy(reg.name, reg.accepted.member[self].name, sizeof(reg.name));
	reg.accepted_ballot = (struct hb_ballot){5, A};
	hb_node_start(&node, &s, &reg, 1, 1000000);
	node.booted = true;
	node.known = reg.accepted;
	node.known_ballot = reg.accepted_ballot;
	node.claim_jitter_us = 10000;
	node.renewed_us = NOW_US - 20000;
	for (uint8_t i = 0; i < 3; i++)
		if (i != self)
			hear(i);
	node.repl_us = node.ledger_us = NOW_US;
	node.repl = (struct repl_report){.state = self == A ? REPL_OPEN : REPL_FOLLOWING, .fit = 1, .db_up = 1};
	node.repl.token = token_of(self);
	node.repl.following = self == B;
	node.repl.follow_epoch = self == B ? 4 : 0;
	node.repl.binlog = node.repl.received = node.repl.applied = (struct gtid){0, 1, 1000};
	node.ledger = (struct ledger_report){.fit = 1, .ready = 1};
	node.state = self == A ? HB_ACTIVE : self == B ? HB_STANDBY : HB_WITNESS;
	if (self != A)
		return 0;
	node.my_epoch = 4;
	node.opened = node.serving = true;
	node.gate_until_us = NOW_US + 300000;
	node.lease.epoch = 4;
	node.lease.until_us[A] = node.lease.until_us[W] = NOW_US + 300000;
	return 0;
}

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

static void expect(enum hb_topic topic, uint8_t about, enum hb_holds holds, const char *text)
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

static void test_all_is_well_for_every_member(void **state)
{
	(void)state;
	for (uint8_t self = A; self <= W; self++) {
		make(self);
		expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves (SYNC)");
		expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "another 300 ms");
		expect(HB_TOPIC_CLAIM, B, HB_HOLDS, "in in_sync");
		expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "payments go on, unobserved");
		expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "payments wait 1000 ms, then a goes on alone");
		if (self != B) /* which takes its own report: it follows */
			expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA, "b claims 400 to 450 ms after its last word");
		assert_null(find(HB_TOPIC_ADD, B, ""));
	}
}

static void test_the_standby_says_when_it_would_claim(void **state)
{
	(void)state;
	make(B);
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago; unless it asks again, claims in 390 ms");
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS, "its database is up and works");
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA, "b claims 400 to 450 ms");
	node.repl.fit = 0;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "its database is up and works");
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA, "payments stop until b can take over");
	make(B);
	node.repl.token.byte[3] = 1;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "its copy of the data is the one");
	make(B);
	node.repl_us = 0;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "replicationd reports");
	make(B);
	node.acceptor.silent_until_us = NOW_US + 250000;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "longer than any lease: in 250 ms");
}

static void test_one_that_serves_alone(void **state)
{
	(void)state;
	make(A);
	node.known.in_sync = node.acceptor.reg.accepted.in_sync = 1;
	node.peer[B].facts.received.seq = 700;
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves alone (SOLO)");
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "in in_sync");
	expect(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "300 transactions behind, 200 are allowed");
	expect(HB_TOPIC_ADD, B, HB_HOLDS, "it follows a in epoch 4");
	expect(HB_TOPIC_ADD, B, HB_HOLDS, "received something since it was lost");
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA, "no other member holds every payment");
	expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "a serves without it already");
	node.follower_us = NOW_US - 6000000; /* it has followed for long: it may be farther behind */
	expect(HB_TOPIC_ADD, B, HB_HOLDS, "300 transactions behind, 2000 are allowed");
	node.peer[B].facts.follow_epoch = 3;
	expect(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it follows a in epoch 4");
	node.adding = true;
	expect(HB_TOPIC_ADD, B, HB_HOLDS_NA, "under way");
	node.lease.until_us[W] = NOW_US;
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "holds no lease, and needs none");
	expect(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "a holds the lease");
}

static void test_members_that_are_gone(void **state)
{
	(void)state;
	make(A);
	node.peer[W].heard_us = NOW_US - 2000000;
	expect(HB_TOPIC_NOW, W, HB_HOLDS_NA, "nothing is heard from it");
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "counts as dead already");
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA,
	    "payments stop until more members are back: 1 of 3 would be left, 2 are needed");
	expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "a may not go on alone without a majority");
	make(B);
	node.peer[A].heard = node.peer[W].heard = false;
	expect(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "1 of 3 members are heard here: no majority");
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "what it does is not known");
	node.known.in_sync = 1;
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "nobody else has every payment (last resort: holdfastctl force promote)");
	node.known.forced_epoch = node.known.epoch;
	expect(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "the role was forced in this epoch");
}

static void test_one_that_does_not_know(void **state)
{
	(void)state;
	make(A);
	node.booted = false;
	node.acceptor.silent_until_us = NOW_US + 500000;
	expect(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "does not know yet who is active: 0 others");
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "votes in 500 ms");
	node.self = HB_NOBODY;
	expect(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "asks for admission");
	node.join_refused = true;
	expect(HB_TOPIC_NOW, HB_NOBODY, HB_HOLDS_NA, "belongs to another member");
}

static void test_an_active_that_cannot_work(void **state)
{
	(void)state;
	make(A);
	node.serving = false;
	node.ledger.fit = 0;
	(void)snprintf(node.reason, sizeof(node.reason), "the disk is full");
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it does not serve, payments wait: the disk is full");
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "because it cannot work: the ledger cannot use the database");
	make(A);
	node.my_epoch = 0; /* restarted while it was named: it has to claim anew */
	node.serving = false;
	expect(HB_TOPIC_CLAIM, A, HB_HOLDS, "its copy of the data is the one");
}

static void be_silent(uint8_t m, uint64_t for_us)
{
	node.peer[m].heard_us = NOW_US - for_us;
}

static void test_payments_wait_for_a_standby_that_is_silent(void **state)
{
	(void)state;
	make(A);
	node.settings.peer_timeout_us = 60000000;
	be_silent(B, 5000000);
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "payments wait now: none is answered before b has it as well");
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA, "nothing is heard from it for 5000 ms");
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA,
	    "payments wait for it: in 55000 ms a goes on alone; at once by: holdfastctl force solo");
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it is heard");
	expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "it counts as dead in 55000 ms");
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA, "payments stop until more members are back: 1 of 3");
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "the rest is no majority");
	be_silent(W, 5000000);
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA, "payments wait for it: a may not go on alone, it hears no majority");
	make(W); /* which does not know whether a hears it */
	be_silent(B, 700000);
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves (SYNC)");
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA,
	    "if a hears nothing of it either, payments wait for it: until peer-timeout-ms is over");
	be_silent(A, 700000);
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA, "nothing is heard");
	assert_null(find(HB_TOPIC_NOW, B, "payments wait"));
	make(A); /* it answers, and does not acknowledge */
	node.repl.semi_waits = 1;
	node.ledger.commit_since_us = NOW_US - 400000;
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA, "payments wait for it: in 600 ms a goes on alone");
	node.ledger.commit_since_us = NOW_US - 100000; /* not for longer than a commit may take */
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves (SYNC)");
	make(A);
	node.known.in_sync = 1; /* nothing waits */
	be_silent(B, 700000);
	expect(HB_TOPIC_NOW, A, HB_HOLDS_NA, "it serves alone (SOLO)");
	assert_null(find(HB_TOPIC_NOW, B, "payments wait"));
}

static void test_nobody_claims_without_a_majority(void **state)
{
	(void)state;
	make(B);
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS, "a majority can vote for it without a: 2 of 3 members are heard here");
	be_silent(A, 5000000);
	be_silent(W, 5000000);
	node.renewed_us = NOW_US - 5000000;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "a majority can vote for it without a: 1 of 3 members are heard here");
	make(A);
	be_silent(W, 5000000);
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS, "it is fit to take over: its database works");
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "a majority can vote for it without a: 1 of 3");
	make(A);
	node.my_epoch = 0;
	node.serving = false;
	expect(HB_TOPIC_CLAIM, A, HB_HOLDS, "a majority can vote for it: 3 of 3 members are heard here");
}

/* No time is named for what time alone does not bring. */
static void test_who_cannot_claim_is_given_no_time(void **state)
{
	(void)state;
	make(B);
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "claims in 390 ms");
	node.known.in_sync = 1;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago");
	assert_null(find(HB_TOPIC_CLAIM, B, "claims in"));
	make(B);
	node.settings.observe_only = true;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago");
	assert_null(find(HB_TOPIC_CLAIM, B, "claims in"));
	make(B);
	be_silent(W, 5000000);
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "asked 20 ms ago");
	assert_null(find(HB_TOPIC_CLAIM, B, "claims in"));
}

static void test_others_are_told_why_one_is_not_fit(void **state)
{
	(void)state;
	make(A);
	node.peer[B].facts.fit = 0;
	(void)snprintf(node.peer[B].facts.reason, LOCAL_REASON_BYTES, "observe-only is set");
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it is fit to take over; it says: observe-only is set");
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA, "but is not fit now: observe-only is set");
	node.known.in_sync = 1;
	node.peer[B].facts.follow_epoch = 0; /* says nothing of its backlog: 0 is not a time then */
	expect(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it applies what it receives: whether it does, is not known");
	node.peer[B].facts.follow_epoch = 4;
	expect(HB_TOPIC_ADD, B, HB_HOLDS, "it applies what it receives: that waits 0 ms, 500 are allowed");
}

static void test_deaths_of_the_witness(void **state)
{
	(void)state;
	make(A);
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "payments go on, unobserved");
	node.known.in_sync = 1;
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "the other gateway can still be added");
	be_silent(B, 5000000);
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "but if it restarts, they stop");
	make(B);
	be_silent(A, 5000000); /* nobody serves: nothing goes on */
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "payments stand still already, and cannot go on then");
	expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "the only one heard here that holds every payment");
	be_silent(W, 5000000); /* b may be cut off */
	expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "whether payments go on is not known here");
	make(W);
	node.peer[A].facts.serving = 0;
	expect(HB_TOPIC_DEATH, W, HB_HOLDS_NA, "payments stand still already; the rest is a majority");
	expect(HB_TOPIC_DEATH, B, HB_HOLDS_NA, "payments stand still already; the rest is a majority");
}

static void test_one_that_observes_only(void **state)
{
	(void)state;
	make(B);
	node.settings.observe_only = true;
	node.would = HB_CHANGE_CLAIM;
	node.would_reason = HB_REASON_LEASE_EXPIRED;
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NOT, "it may act: observe-only is set, it only says what it would do");
	expect(HB_TOPIC_CLAIM, B, HB_HOLDS_NA, "it would now: claim, for: lease-expired");
	make(A);
	node.peer[B].facts.fit = 0;
	expect(HB_TOPIC_DEATH, A, HB_HOLDS_NA,
	    "payments stop until b can take over: it holds every payment, but is not fit now");
}

static void test_one_in_maintenance(void **state)
{
	(void)state;
	make(A);
	node.known.in_sync = 1;
	node.known.maintenance = 1 << B;
	expect(HB_TOPIC_ADD, B, HB_HOLDS_NOT, "it is not in maintenance");
}

/* Whatever the reports say, no line is cut or left out. */
static void test_long_reasons_fit(void **state)
{
	(void)state;
	make(A);
	node.known.in_sync = 1;
	memset(node.peer[B].facts.reason, 'r', LOCAL_REASON_BYTES - 1);
	node.peer[B].facts.follow_epoch = 0;
	expect(HB_TOPIC_NOW, B, HB_HOLDS_NA, "rrr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_is_well_for_every_member),
	    cmocka_unit_test(test_the_standby_says_when_it_would_claim),
	    cmocka_unit_test(test_one_that_serves_alone),
	    cmocka_unit_test(test_members_that_are_gone),
	    cmocka_unit_test(test_one_that_does_not_know),
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
