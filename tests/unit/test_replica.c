/* A replica, and what the members make of it: it has no vote in anything, it follows only what is in the history, and it is promoted only
 * when nobody of the pair is there any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "heartbeat/replica.h"
#include "tests/unit/a_node.h"

#define BALLOT ((struct hb_ballot){5, A})

static struct hb_node replica;
static struct hb_record pair;
static uint64_t now;

static void run(struct hb_input *in)
{
	in->now_us = now;
	hb_node_step(&replica, in, &output);
}

static void tick(void)
{
	struct hb_input in = {.kind = HB_IN_TICK};

	run(&in);
}

/* Time in which it is there, with a report of that now and then. */
static void pass(uint64_t us, enum repl_state state, bool following);

/* A beat of that member: the record that it goes by, and at which ballot. */
static void beat(uint8_t from, const struct hb_record *r, struct hb_ballot ballot, enum hb_state state)
{
	struct hb_message m = {.type = HB_BEAT,
	    .from = from,
	    .boot = 1,
	    .instance = 100u + from,
	    .stamp_us = now,
	    .ballot = ballot,
	    .has_record = 1,
	    .record = *r};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};

	m.facts = (struct hb_facts){.state = (uint8_t)state, .level = HB_LEVEL, .binlog = {0, 1, 1000}};
	run(&in);
}

static void report(enum repl_state state, bool following)
{
	struct repl_report r = {.state = state, .fit = 1, .db_up = 1, .following = following};
	struct hb_input in = {.kind = HB_IN_REPLICATION, .repl = &r};

	r.applied = r.binlog = (struct gtid){0, 1, 900};
	r.order_generation = replica.order.generation;
	if (state == REPL_DRAINED)
		r.token.byte[0] = 0x55;
	run(&in);
}

static void pass(uint64_t us, enum repl_state state, bool following)
{
	for (uint64_t end = now + us; now < end;) {
		now += 50000;
		report(state, following);
	}
}

static void make_replica(void)
{
	struct hb_settings s = {
	    .interval_us = 50000, .lease_us = 400000, .peer_timeout_us = 1000000, .ipv4 = 0x0a000009, .replica = true};
	struct hb_register reg = {.boot = 1, .kind = HB_KIND_REPLICA, .name = "r", .instance = 900};

	make(A);
	pair = node.known;
	now = NOW_US;
	hb_node_start(&replica, &s, &reg, 1, now);
}

/* All three are heard, in SYNC, and it follows the standby. */
static void make_following(void)
{
	make_replica();
	beat(A, &pair, BALLOT, HB_ACTIVE);
	beat(B, &pair, BALLOT, HB_STANDBY);
	beat(W, &pair, BALLOT, HB_WITNESS);
	report(REPL_FOLLOWING, true);
}

static void test_it_asks_the_seed_and_then_all_members(void **state)
{
	(void)state;
	make_replica();
	tick();
	assert_int_equal(output.outbox.count, 1);
	assert_int_equal(output.outbox.letter[0].to, HB_TO_SEED);
	assert_int_equal(output.outbox.letter[0].message.type, HB_WATCH);
	assert_int_equal(output.outbox.letter[0].message.from, HB_NOBODY);
	assert_int_equal(output.order.want, REPL_WANT_NOTHING);
	beat(A, &pair, BALLOT, HB_ACTIVE);
	assert_true(output.persist); /* whom to ask after a restart */
	now += 500000;
	tick();
	assert_int_equal(output.outbox.count, 3);
}

/* Of what a majority, a lease or a claim is made of there is nothing in what it says, whatever it is told. */
static void test_it_never_votes(void **state)
{
	(void)state;
	for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
		struct hb_message m = {.type = type,
		    .from = A,
		    .boot = 1,
		    .instance = 100,
		    .stamp_us = NOW_US,
		    .want_lease = 1,
		    .epoch = 4,
		    .duration_us = 400000,
		    .ballot = {99, A},
		    .has_record = 1};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};

		make_following();
		now += 500000;
		m.record = pair;
		m.echo_boot = 1;
		m.echo_us = now;
		run(&in);
		for (unsigned i = 0; i < output.outbox.count; i++)
			assert_int_equal(output.outbox.letter[i].message.type, HB_WATCH);
		assert_int_equal(replica.acceptor.reg.promised.counter, 0);
		assert_int_equal(replica.acceptor.reg.admitted, 0);
		assert_int_equal(replica.acceptor.promise_to, HB_NOBODY);
		assert_false(output.vip);
		assert_int_equal(output.view.gate_until_us, 0);
		assert_int_equal(output.view.writable_epoch, 0);
	}
	/* Nor when it is told that everybody is gone. */
	make_following();
	for (unsigned i = 0; i < 100; i++) {
		now += 1000000;
		report(REPL_IDLE, false);
		assert_int_equal(output.order.want, REPL_WANT_REPLICA);
		for (unsigned k = 0; k < output.outbox.count; k++)
			assert_int_equal(output.outbox.letter[k].message.type, HB_WATCH);
	}
}

/* The members count nothing that comes from it. */
static void test_members_let_it_decide_nothing(void **state)
{
	static const uint8_t votes[] = {HB_BEAT, HB_GRANT, HB_PREPARE, HB_PROMISE, HB_ACCEPT, HB_ACCEPTED, HB_READ};

	(void)state;
	for (size_t i = 0; i < sizeof(votes); i++) {
		struct hb_message m = {.type = votes[i],
		    .from = HB_NOBODY,
		    .boot = 1,
		    .instance = 900,
		    .stamp_us = NOW_US,
		    .ballot = {99, A},
		    .epoch = 4,
		    .duration_us = 400000};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};
		struct hb_register before;

		make(W);
		m.record = node.known;
		m.has_record = 1;
		before = node.acceptor.reg;
		hb_node_step(&node, &in, &output);
		assert_memory_equal(&before, &node.acceptor.reg, sizeof(before));
		for (unsigned k = 0; k < output.outbox.count; k++)
			assert_int_not_equal(output.outbox.letter[k].to, HB_TO_SENDER);
	}
}

static struct hb_message a_watch(const char *name, uint64_t instance, uint64_t stamp_us)
{
	struct hb_message m = {
	    .type = HB_WATCH, .from = HB_NOBODY, .boot = 1, .instance = instance, .stamp_us = stamp_us};

	memcpy(m.member.name, name, strlen(name));
	m.member.kind = HB_KIND_REPLICA;
	m.member.ipv4 = 0x0a000009;
	m.facts.state = HB_REPLICA_FOLLOWS;
	return m;
}

static bool is_answered(struct hb_message m, uint64_t at_us)
{
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = at_us};
	bool answered = false;

	hb_node_step(&node, &in, &output);
	for (unsigned k = 0; k < output.outbox.count; k++) {
		const struct hb_letter *l = &output.outbox.letter[k];

		if (l->to != HB_TO_SENDER)
			continue;
		answered = true;
		assert_int_equal(l->message.type, HB_BEAT);
		assert_int_equal(l->message.want_lease, 0);
		assert_int_equal(l->message.record.version, node.known.version);
	}
	return answered;
}

static void test_a_member_answers_and_remembers(void **state)
{
	struct hb_record before;

	(void)state;
	make(A);
	before = node.known;
	assert_true(is_answered(a_watch("r", 900, 10), NOW_US));
	assert_string_equal(node.watcher.member.name, "r");
	assert_int_equal(node.watcher.facts.state, HB_REPLICA_FOLLOWS);
	assert_false(is_answered(a_watch("r", 900, 10), NOW_US)); /* the same again */
	assert_true(is_answered(a_watch("r", 900, 11), NOW_US + 1));
	assert_false(is_answered(a_watch("s", 901, 12), NOW_US + 2));	     /* there is one */
	assert_true(is_answered(a_watch("s", 901, 12), NOW_US + 11000000));  /* until it is gone */
	assert_false(is_answered(a_watch("b", 902, 13), NOW_US + 30000000)); /* a member's name */
	assert_true(hb_record_equal(&before, &node.known));
	assert_false(node.join_wanted);
	make(A);
	node.booted = false;
	assert_false(is_answered(a_watch("r", 900, 10), NOW_US));
}

static void test_in_sync_it_follows_the_standby(void **state)
{
	struct hb_record r;

	(void)state;
	make_following();
	assert_int_equal(output.order.want, REPL_WANT_REPLICA);
	assert_int_equal(output.order.self, HB_REPLICA_NUMBER);
	assert_int_equal(output.order.active, B);
	assert_int_equal(output.order.copy_from, A);
	/* Alone, the active is the history: when it says so itself. */
	r = pair;
	r.version++;
	r.in_sync = 1 << A;
	beat(W, &r, (struct hb_ballot){6, A}, HB_WITNESS);
	assert_int_equal(output.order.active, HB_NOBODY);
	assert_string_equal(output.order.active_address, "");
	beat(A, &r, (struct hb_ballot){6, A}, HB_ACTIVE);
	assert_int_equal(output.order.active, A);
	/* An old word does not lead back. */
	beat(B, &pair, BALLOT, HB_STANDBY);
	assert_int_equal(output.order.active, A);
	/* While the role is moving nobody is followed. */
	r.version++;
	r.phase = HB_CLAIMED;
	r.active = B;
	r.in_sync = 3;
	beat(B, &r, (struct hb_ballot){7, B}, HB_PROMOTING);
	assert_int_equal(output.order.active, HB_NOBODY);
	assert_int_equal(output.order.copy_from, HB_NOBODY);
}

static void test_it_rests_when_its_source_is_silent(void **state)
{
	(void)state;
	make_following();
	pass(1900000, REPL_FOLLOWING, true);
	beat(A, &pair, BALLOT, HB_ACTIVE);
	assert_int_equal(output.order.active, B);
	pass(200000, REPL_FOLLOWING, true);
	assert_int_equal(output.order.active, HB_NOBODY);
	/* A restart knows whom to ask, and follows nobody by that. */
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	replica = node;
	report(REPL_IDLE, false);
	assert_int_equal(replica.known.members, 3);
	assert_int_equal(output.order.want, REPL_WANT_REPLICA);
	assert_int_equal(output.order.active, HB_NOBODY);
}

static void test_the_standbys_copy_comes_first(void **state)
{
	(void)state;
	make_following();
	beat(B, &pair, BALLOT, HB_SEEDING);
	assert_int_equal(output.order.copy_from, HB_NOBODY);
}

static void test_a_machine_of_before_is_not_heard(void **state)
{
	struct hb_record r;

	(void)state;
	make_following();
	r = pair;
	r.member[A].instance = 77;
	r.version = 50;
	beat(A, &r, (struct hb_ballot){99, A}, HB_ACTIVE); /* not the one that its own record names */
	assert_int_equal(replica.known.version, pair.version);
}

static const struct hb_verdict *say(const char *words)
{
	static char refused[LOCAL_REASON_BYTES];
	static struct hb_verdict no;
	struct hb_command c;
	struct hb_input in = {.kind = HB_IN_COMMAND, .command = &c};

	if (hb_replica_parse("r", words, &c, refused)) {
		memcpy(no.text, refused, sizeof(no.text));
		return &no;
	}
	c.id = 7;
	run(&in);
	return &output.verdict;
}

static void insist(const char *words, bool started, const char *text)
{
	const struct hb_verdict *v = say(words);

	if (v->started != started || !strstr(v->text, text))
		fail_msg("%s: %s", words, v->text);
}

static void test_it_is_promoted_when_the_pair_is_gone(void **state)
{
	(void)state;
	make_following();
	insist("force-promote b 9", false, "this machine is the replica r");
	insist("switchover", false, "is a replica and no member");
	insist("force-promote r 9", false, "a is heard, or was a moment ago");
	pass(3500000, REPL_IDLE, false);
	insist("force-promote r 8", false, "the record has changed");
	/* The witness hears one of them still. */
	beat(W, &pair, BALLOT, HB_WITNESS);
	replica.peer[W].facts.hears = 1 << B;
	insist("force-promote r 9", false, "w hears b");
	replica.peer[W].facts.hears = 0;
	report(REPL_IDLE, true);
	insist("force-promote r 9", false, "receives from the pair");
	report(REPL_SEEDING, false);
	insist("force-promote r 9", false, "no whole copy");
	report(REPL_IDLE, false);
	insist("may force-promote r 9", true, "begins a cluster of its own");
	assert_int_equal(replica.stand.version, 0);
	insist("force-promote r 9", true, "begins a cluster of its own");
	report(REPL_IDLE, false);
	assert_int_equal(output.order.want, REPL_WANT_STAND_IN);
	assert_false(replica.replica.promoted);
}

static void test_a_promotion_is_called_off(void **state)
{
	(void)state;
	make_following();
	pass(3500000, REPL_IDLE, false);
	insist("force-promote r 9", true, "");
	beat(B, &pair, BALLOT, HB_STANDBY);
	assert_int_equal(replica.stand.version, 0);
	assert_int_equal(output.order.want, REPL_WANT_REPLICA);
	assert_non_null(strstr(replica.reason, "was not promoted (attempt 1): b is heard"));
	report(REPL_DRAINED, false);
	assert_false(replica.replica.promoted);
}

static void test_a_promoted_one_begins_a_cluster_of_its_own(void **state)
{
	const struct hb_record *r = &replica.acceptor.reg.accepted;
	struct hb_input on_disk = {.kind = HB_IN_PERSISTED};
	struct hb_facts f;

	(void)state;
	make_following();
	pass(3500000, REPL_IDLE, false);
	insist("force-promote r 9", true, "");
	report(REPL_IDLE, false);
	report(REPL_DRAINED, false);
	assert_true(replica.replica.promoted);
	assert_true(output.persist);
	/* It is told when it is on disk: whoever hears it stops this daemon. */
	hb_replica_facts(&replica, now, &f);
	assert_int_equal(f.state, HB_REPLICA_STANDS_IN);
	on_disk.persisted = replica.acceptor.generation;
	on_disk.now_us = now;
	hb_node_step(&replica, &on_disk, &output);
	hb_replica_facts(&replica, now, &f);
	assert_int_equal(f.state, HB_REPLICA_PROMOTED);
	assert_true(hb_record_valid(r));
	assert_int_equal(r->members, 1);
	assert_int_equal(r->in_sync, 1);
	assert_string_equal(r->member[0].name, "r");
	assert_int_equal(r->token[0].byte[0], 0x55);
	assert_true(r->epoch > pair.epoch + 100);
	assert_true(hb_ballot_compare(replica.acceptor.reg.accepted_ballot, BALLOT) > 0);
	/* Until its configuration is that of a gateway it stays where it is, also after a restart, and hears nobody. */
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	replica = node;
	report(REPL_DRAINED, false);
	assert_int_equal(output.order.want, REPL_WANT_STAND_IN);
	beat(A, &pair, BALLOT, HB_ACTIVE);
	assert_string_equal(replica.known.member[0].name, "r");
	/* And then it is a gateway like any that stands alone. */
	replica.settings.replica = false;
	hb_node_start(&node, &replica.settings, &replica.acceptor.reg, 1, now);
	assert_int_equal(node.self, 0);
}

/* ---- the pair, when it is back */

static void give_up(uint64_t instance)
{
	struct hb_message m = {.type = HB_GIVEN_UP,
	    .from = HB_NOBODY,
	    .boot = 3,
	    .instance = 900,
	    .echo_boot = instance,
	    .epoch = 1004,
	    .member = {.name = "r"},
	    .facts = {.opened_at = {0, 1, 900}}};
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US};

	hb_node_step(&node, &in, &output);
}

static void test_who_was_given_up_answers_nothing_more(void **state)
{
	(void)state;
	make(A);
	node.acceptor.reg.instance = 100;
	give_up(77); /* of an earlier life of this machine: it has joined anew */
	assert_int_equal(node.given_up.epoch, 0);
	assert_int_not_equal(output.order.want, REPL_WANT_GIVEN_UP);
	node.gate_until_us = NOW_US + 300000;
	give_up(100);
	assert_int_equal(output.view.gate_until_us, 0);
	assert_int_equal(output.view.mode, ROLE_MODE_STALLED);
	assert_false(output.vip);
	assert_int_equal(output.order.want, REPL_WANT_GIVEN_UP);
	assert_int_equal(output.order.active_opened_at.seq, 900);
	assert_string_equal(output.order.member_name[0], "r");
	assert_non_null(strstr(node.reason, "given up: r was promoted at 0-1-900"));
	/* It is silent from then on, and has no vote for anybody. */
	for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
		struct hb_message m = {.type = type,
		    .from = B,
		    .boot = 1,
		    .instance = 101,
		    .ballot = {99, B},
		    .epoch = 4,
		    .has_record = 1,
		    .record = node.known};
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m, .now_us = NOW_US + 10000000};

		hb_node_step(&node, &in, &output);
		assert_int_equal(output.outbox.count, 0);
		assert_int_equal(output.view.gate_until_us, 0);
	}
	make(W);
	node.acceptor.reg.instance = 102;
	give_up(102);
	assert_int_equal(output.order.want, REPL_WANT_NOTHING);
	assert_int_equal(output.outbox.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_asks_the_seed_and_then_all_members),
	    cmocka_unit_test(test_it_never_votes),
	    cmocka_unit_test(test_members_let_it_decide_nothing),
	    cmocka_unit_test(test_a_member_answers_and_remembers),
	    cmocka_unit_test(test_in_sync_it_follows_the_standby),
	    cmocka_unit_test(test_it_rests_when_its_source_is_silent),
	    cmocka_unit_test(test_the_standbys_copy_comes_first),
	    cmocka_unit_test(test_a_machine_of_before_is_not_heard),
	    cmocka_unit_test(test_it_is_promoted_when_the_pair_is_gone),
	    cmocka_unit_test(test_a_promotion_is_called_off),
	    cmocka_unit_test(test_a_promoted_one_begins_a_cluster_of_its_own),
	    cmocka_unit_test(test_who_was_given_up_answers_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
