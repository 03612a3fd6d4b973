#include "tests/unit/a_replica.h"

struct hb_node replica;
struct hb_record pair;
uint64_t now;

void run(struct hb_input *in)
{
	in->now_us = now;
	hb_node_step(&replica, in, &output);
}

void tick(void)
{
	struct hb_input in = {.kind = HB_IN_TICK};

	run(&in);
}

void beat(uint8_t from, const struct hb_record *r, struct hb_ballot ballot, enum hb_state state)
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

void report(enum repl_state state, bool following)
{
	struct repl_report r = {.state = state, .fit = 1, .db_up = 1, .following = following};
	struct hb_input in = {.kind = HB_IN_REPLICATION, .repl = &r};

	r.applied = r.binlog = (struct gtid){0, 1, 900};
	r.order_generation = replica.order.generation;
	if (state == REPL_DRAINED)
		r.token.byte[0] = 0x55;
	run(&in);
}

void pass(uint64_t us, enum repl_state state, bool following)
{
	for (uint64_t end = now + us; now < end;) {
		now += 50000;
		report(state, following);
	}
}

void make_replica(void)
{
	struct hb_settings s = {.interval_us = 50000,
	    .lease_us = 400000,
	    .peer_timeout_us = 1000000,
	    .address = ip_of_v4(0x0a000009),
	    .replica = true};
	struct hb_register reg = {.boot = 1, .kind = HB_KIND_REPLICA, .name = "r", .instance = 900};

	make(A);
	pair = node.known;
	now = NOW_US;
	hb_node_start(&replica, &s, &reg, 1, now);
}

void make_following(void)
{
	make_replica();
	beat(A, &pair, BALLOT, HB_ACTIVE);
	beat(B, &pair, BALLOT, HB_STANDBY);
	beat(W, &pair, BALLOT, HB_WITNESS);
	report(REPL_FOLLOWING, true);
}
