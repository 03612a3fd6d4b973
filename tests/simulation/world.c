#include "tests/simulation/world.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DRAIN_LIMIT_US 2100000
#define SLOW_DISK_US 600000
#define SCHEDULE (WORLD_NODES + 1) /* whose turn it is: neither a member's nor a letter's */

const char *const world_name[WORLD_NODES] = {"a", "b", "w", "x", "y"};

uint64_t world_dice(struct world *w, uint64_t below)
{
	return hb_dice(&w->dice) % below;
}

uint64_t world_clock(const struct world *w, unsigned at)
{
	const struct member *m = &w->member[at];

	return m->clock_offset_us + w->now_us + (uint64_t)((int64_t)w->now_us * m->rate_ppm / 1000000); /* never back */
}

bool world_linked(const struct world *w, unsigned a, unsigned b)
{
	return w->member[a].up && w->member[b].up && !w->member[a].frozen && !w->member[b].frozen && !w->cut[a][b] &&
	       !w->cut[b][a];
}

bool world_connected(const struct world *w, unsigned a, unsigned b)
{
	return world_linked(w, a, b) && !w->replication_cut;
}

/* Most things take their usual time; one in a few dozen takes ten to a hundred times as long. */
static uint64_t takes_us(struct world *w, uint64_t usual_us, uint64_t rare_us)
{
	return usual_us / 8 + world_dice(w, usual_us) + (world_dice(w, 50) ? 0 : world_dice(w, rare_us));
}

static void post(struct world *w, unsigned from, const struct hb_letter *l)
{
	const struct member *m = &w->member[from];
	bool held = w->now_us < m->hold_until_us && (m->hold_letters >> l->message.type & 1);
	unsigned to = l->to;

	if (to == HB_TO_SEED)
		to = from == 0;
	if (to == HB_TO_SENDER)
		to = w->sender;
	for (unsigned copies = 1 + (world_dice(w, 200) == 0); copies; copies--) {
		uint64_t late_us = takes_us(w, w->delay_us, w->lease_us) + (held ? m->hold_late_us : 0);

		if (to >= w->nodes || w->cut[from][to] || (held && !m->hold_late_us))
			continue;
		if (w->loss_percent && world_dice(w, 100) < w->loss_percent)
			continue;
		network_send(&w->net, (uint8_t)from, (uint8_t)to, &l->message, w->now_us + late_us);
	}
}

static void look_at(struct world *w, unsigned at, const struct hb_output *out)
{
	struct member *m = &w->member[at];
	const struct hb_record *r = &m->node.known;

	if (w->trace && out->chosen)
		printf("%9.3f %s record v%llu e%llu active=%s %s in_sync=%x %s\n", (double)w->now_us / 1000,
		    world_name[at], (unsigned long long)r->version, (unsigned long long)r->epoch,
		    r->member[r->active].name, r->phase == HB_OPEN ? "open" : "claimed", r->in_sync,
		    hb_reason_text(r->reason));
	if (out->chosen)
		promises_chosen(w, at);
	if (w->trace && out->verdict.id)
		printf("%9.3f %s verdict: %s: %s\n", (double)w->now_us / 1000, world_name[at],
		    out->verdict.started ? "started" : "refused", out->verdict.text);
	if (out->verdict.id)
		w->verdict = out->verdict;
	/* Requests wait meanwhile: called off in time, unless its outcome is not known. */
	if (m->node.drain.generation && !m->node.proposer.pending &&
	    world_clock(w, at) > m->node.drain.began_us + DRAIN_LIMIT_US)
		world_broken(w, "%s: a hand-over comes to no end", world_name[at]);
	if (out->chosen && r->reason == HB_REASON_SWITCHOVER && r->active == at)
		w->switchovers++;
	if (out->chosen && hb_ballot_compare(m->node.known_ballot, w->newest_ballot) > 0) {
		w->newest_ballot = m->node.known_ballot;
		w->newest = *r;
	}
	if (w->trace && out->moved)
		printf("%9.3f %s %s -> %s on %s\n", (double)w->now_us / 1000, world_name[at],
		    hb_state_text(out->moved_from), hb_state_text(out->moved->to), hb_situation_text(out->moved->on));
	if (out->moved && out->moved->to == HB_ACTIVE)
		w->failovers++;
	if (r->epoch < m->epoch_seen)
		world_broken(w, "%s: the epoch went back", world_name[at]);
	m->epoch_seen = r->epoch;
}

static void dispatch(struct world *w, unsigned at, const struct hb_letter *l);

static void hold(struct member *m, const struct hb_letter *l)
{
	if (m->held_count == WORLD_HELD) {
		memmove(m->held, m->held + 1, (WORLD_HELD - 1) * sizeof(m->held[0]));
		m->held_count--;
	}
	m->held[m->held_count++] = *l;
}

static bool is_on_disk(const struct member *m, const struct hb_letter *l)
{
	return l->need_generation <= m->node.persisted || mutant_on(M16_ANSWER_BEFORE_FSYNC);
}

/* What the ledger is told of by LOCAL_GATE; the rest it reads off the page when it answers. */
static bool is_news(const struct role_view *before, const struct role_view *now)
{
	return before->version != now->version || before->writable_epoch != now->writable_epoch ||
	       !before->gate_until_us != !now->gate_until_us || before->active != now->active;
}

/* As the daemon's timer: never early, whatever the rate of the clock, and a little late. */
static uint64_t due_in_us(const struct hb_node *n, uint64_t now_us)
{
	uint64_t in_us = hb_node_due_us(n, now_us) - now_us;

	return in_us + in_us / 128 + 50;
}

static void store(struct world *w, struct member *m, uint64_t clock_us)
{
	m->storing = m->node.acceptor.reg;
	m->storing_generation = m->node.acceptor.generation;
	if (m->store_at_us)
		return;
	m->storing_us = clock_us;
	m->store_at_us = w->now_us + takes_us(w, m->slow_disk ? SLOW_DISK_US : w->disk_us, 200000);
}

static void step(struct world *w, unsigned at, struct hb_input *in)
{
	struct member *m = &w->member[at];
	struct hb_output out;

	in->now_us = world_clock(w, at);
	m->node.storing_since_us = m->stuck_us ? m->stuck_us : m->store_at_us ? m->storing_us : 0;
	hb_node_step(&m->node, in, &out);
	fault_tell_address(w, at, out.vip);
	m->tick_us = w->now_us + due_in_us(&m->node, in->now_us); /* any step does what a tick does */
	if (out.persist)
		store(w, m, in->now_us);
	if ((m->db.told.generation != out.order.generation || is_news(&m->view, &out.view)) &&
	    m->poked_us == UINT64_MAX)
		m->poked_us = w->now_us + world_dice(w, 1000);
	if (m->db.told.generation != out.order.generation)
		m->db.told = out.order;
	m->view = out.view;
	w->promises.stale |= out.persist;
	look_at(w, at, &out);
	moment_look(w, at);
	for (unsigned i = 0; i < out.outbox.count; i++)
		if (is_on_disk(m, &out.outbox.letter[i]))
			dispatch(w, at, &out.outbox.letter[i]);
		else
			hold(m, &out.outbox.letter[i]);
}

static void dispatch(struct world *w, unsigned at, const struct hb_letter *l)
{
	struct hb_input own = {.kind = HB_IN_MESSAGE, .message = &l->message};

	if (l->to == w->member[at].node.self)
		step(w, at, &own);
	else
		post(w, at, l);
}

void world_input(struct world *w, unsigned at, struct hb_input *in)
{
	struct member *m = &w->member[at];

	step(w, at, in);
	for (unsigned i = 0; i < m->held_count;) {
		struct hb_letter l = m->held[i];

		if (!is_on_disk(m, &l)) {
			i++;
			continue;
		}
		memmove(&m->held[i], &m->held[i + 1], (m->held_count - i - 1) * sizeof(m->held[0]));
		m->held_count--;
		dispatch(w, at, &l);
		i = 0;
	}
}

void world_set_clock(struct world *w, unsigned at, int64_t rate_ppm)
{
	struct member *m = &w->member[at];
	uint64_t clock_us = world_clock(w, at);

	m->rate_ppm = rate_ppm;
	m->clock_offset_us += clock_us - world_clock(w, at);
}

int64_t world_some_rate(struct world *w)
{
	if (w->clock_ppm < 0)
		return world_dice(w, 2) ? w->clock_ppm : -w->clock_ppm;
	return (int64_t)world_dice(w, (uint64_t)w->clock_ppm * 2 + 1) - w->clock_ppm;
}

void world_lease(struct world *w, uint64_t lease_us)
{
	w->lease_us = lease_us;
	w->interval_us = lease_us / 6;
	for (unsigned i = 0; i < w->nodes; i++) {
		w->member[i].node.settings.lease_us = lease_us;
		w->member[i].node.settings.interval_us = w->interval_us;
	}
}

static void boot(struct world *w, unsigned at, bool machine)
{
	struct member *m = &w->member[at];
	struct hb_settings s = {.interval_us = w->interval_us,
	    .lease_us = w->lease_us,
	    .peer_timeout_us = 500000,
	    .witnesses = WORLD_NODES - WORLD_GATEWAYS,
	    .address = ip_of_v4(at + 1),
	    .port = 1,
	    .observe_only = m->observes};

	if (w->mixed_leases)
		s.lease_us = 200000 + world_dice(w, HB_LEASE_MAX_US - 200000);
	m->up = true;
	m->frozen = false;
	m->start_at_us = 0;
	w->promises.stale = true;
	m->seen = (struct seen){0};
	m->disk.boot++;
	m->held_count = 0;
	m->store_at_us = 0;
	m->tick_us = m->poked_us = w->now_us + world_dice(w, 10000);
	if (machine) {
		m->clock_offset_us = 1000000 + world_dice(w, 1000000000);
		m->rate_ppm = 0;
		world_set_clock(w, at, world_some_rate(w));
	}
	m->epoch_seen = 0;
	memset(&m->view, 0, sizeof(m->view));
	m->view.active = m->view.self = ROLEPAGE_NO_NODE;
	database_reconnect(&m->db);
	hb_node_start(&m->node, &s, &m->disk, world_dice(w, UINT64_MAX), world_clock(w, at));
}

void world_power_off(struct world *w, unsigned at, uint64_t for_us)
{
	struct member *m = &w->member[at];

	/* A write that is under way has happened, or has not: rename is atomic. */
	if (m->up && m->store_at_us && world_dice(w, 2))
		m->disk = m->storing;
	if (mutant_on(M16_REGISTER_LOST) && m->up && world_dice(w, 2))
		m->disk = m->older;
	m->up = m->frozen = false;
	w->promises.stale = true;
	m->start_at_us = w->now_us + for_us;
	if (at < WORLD_GATEWAYS)
		database_power_off(&m->db);
	network_forget(&w->net, (uint8_t)at);
}

/* The machine and its clock go on. */
void world_restart_heartbeat(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	bool frozen = m->frozen;

	if (!m->up)
		return;
	if (m->store_at_us && world_dice(w, 2))
		m->disk = m->storing;
	boot(w, at, false);
	m->frozen = frozen;
}

void world_command(struct world *w, unsigned at, enum hb_command_kind kind, uint8_t target)
{
	struct hb_command c = {.id = 1 + world_dice(w, UINT64_MAX - 1),
	    .kind = (uint8_t)kind,
	    .target = target,
	    .version = w->shown_version};
	struct hb_input in = {.kind = HB_IN_COMMAND, .command = &c};

	w->verdict = (struct hb_verdict){0};
	if (w->member[at].up && !w->member[at].frozen)
		world_input(w, at, &in);
}

bool world_answers(const struct world *w, unsigned at)
{
	const struct member *m = &w->member[at];

	return m->up && !m->frozen && m->view.active == m->view.self && m->view.open &&
	       world_clock(w, at) < m->view.gate_until_us;
}

static void deliver(struct world *w)
{
	const struct network_letter *l = &w->net.letter[w->net.heap[0].letter];
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &l->message};

	if (w->member[l->to].frozen) {
		network_put_off(&w->net, w->now_us + 50000);
		return;
	}
	l = network_take(&w->net);
	w->sender = l->from;
	if (w->member[l->to].up)
		world_input(w, l->to, &in);
}

static uint64_t wakes_us(const struct world *w, unsigned at)
{
	const struct member *m = &w->member[at];
	uint64_t at_us = m->tick_us, db_us;

	if (!m->up)
		return m->start_at_us ? m->start_at_us : UINT64_MAX;
	if (m->frozen)
		return UINT64_MAX;
	if (m->store_at_us && !m->stuck_us && m->store_at_us < at_us)
		at_us = m->store_at_us;
	if (at >= WORLD_GATEWAYS || m->hung)
		return at_us;
	db_us = database_next_us(w, at);
	if (m->poked_us < at_us)
		at_us = m->poked_us;
	return db_us < at_us ? db_us : at_us;
}

static void wake(struct world *w, unsigned at)
{
	struct member *m = &w->member[at];
	struct hb_input tick = {.kind = HB_IN_TICK};

	if (!m->up) {
		boot(w, at, true);
		return;
	}
	if (m->store_at_us && !m->stuck_us && w->now_us >= m->store_at_us) {
		struct hb_input stored = {.kind = HB_IN_PERSISTED, .persisted = m->storing_generation};

		m->older = m->disk;
		m->disk = m->storing;
		m->store_at_us = 0;
		world_input(w, at, &stored);
	}
	if (at < WORLD_GATEWAYS && !m->hung) {
		if (w->now_us >= m->poked_us)
			m->poked_us = UINT64_MAX;
		database_step(w, at);
	}
	if (m->up && w->now_us >= m->tick_us)
		world_input(w, at, &tick);
}

/* Faults begin and end. */
static void fate(struct world *w)
{
	moment_strike(w);
	w->fault_us = fault_expire(w);
}

void world_run(struct world *w, uint64_t us)
{
	for (uint64_t end_us = w->now_us + us; !w->violations;) {
		uint64_t next_us = network_next_us(&w->net);
		unsigned who = WORLD_NODES;

		for (unsigned i = 0; i < w->nodes; i++) {
			uint64_t at_us = wakes_us(w, i);

			if (at_us < next_us) {
				next_us = at_us;
				who = i;
			}
		}
		if (w->ambushes.due_us <= next_us || w->fault_us <= next_us) {
			next_us = w->ambushes.due_us < w->fault_us ? w->ambushes.due_us : w->fault_us;
			who = SCHEDULE;
		}
		if (next_us >= end_us) {
			w->now_us = end_us;
			return;
		}
		if (next_us > w->now_us)
			w->now_us = next_us;
		if (who == SCHEDULE)
			fate(w);
		else if (who == WORLD_NODES)
			deliver(w);
		else
			wake(w, who);
		promises_check(w);
	}
}

void world_start(struct world *w, uint64_t seed, unsigned nodes, bool trace)
{
	memset(w, 0, offsetof(struct world, net));
	memset(w->cut, 0, sizeof(*w) - offsetof(struct world, cut));
	network_clear(&w->net);
	w->seed = seed;
	w->dice = seed * 0x9e3779b97f4a7c15u + 1;
	w->nodes = nodes;
	w->trace = trace;
	book_init(&w->book);
	w->lease_us = 400000;
	w->interval_us = 50000;
	w->disk_us = 4000;
	w->delay_us = 1500;
	w->pace_us = 30000;
	w->clock_ppm = 3000;
	w->fault_us = w->ambushes.due_us = UINT64_MAX;
	w->promises.stale = true;
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++)
		database_init(w, i);
	for (unsigned i = 0; i < nodes; i++) {
		struct hb_register *r = &w->member[i].disk;

		r->kind = i < WORLD_GATEWAYS ? HB_KIND_GATEWAY : HB_KIND_WITNESS;
		r->name[0] = world_name[i][0];
		r->instance = 100 + i;
		w->member[i].start_at_us =
		    1 + i * 1500000; /* one after the other: its number as a member is its number here */
		if (i)
			continue;
		r->admitted = 1;
		r->promised = r->accepted_ballot = (struct hb_ballot){1, 0};
		r->accepted =
		    (struct hb_record){.version = 1, .epoch = 1, .phase = HB_OPEN, .in_sync = 1, .members = 1};
		r->accepted.member[0] =
		    (struct hb_member){.name = "a", .instance = 100, .address = ip_of_v4(1), .port = 1};
		r->accepted.token[0] = w->member[0].db.token.token;
	}
}

void world_continue(struct world *w, const struct world *from, uint64_t seed, bool trace)
{
	memcpy(w, from, offsetof(struct world, net));
	network_copy(&w->net, &from->net);
	memcpy(&w->sender, &from->sender, offsetof(struct world, book) - offsetof(struct world, sender));
	w->seed = seed;
	w->dice = seed * 0x9e3779b97f4a7c15u + 1;
	w->trace = trace;
	w->failovers = 0;
	database_continue(w, from);
	for (unsigned i = 0; i < w->nodes; i++)
		w->member[i].node.proposer.dice = world_dice(w, UINT64_MAX);
}

enum role_mode world_mode(const struct world *w)
{
	for (unsigned i = 0; i < WORLD_GATEWAYS; i++)
		if (world_answers(w, i))
			return w->member[i].view.mode;
	return ROLE_MODE_STALLED;
}
