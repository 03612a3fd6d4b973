#include "tests/simulation/fault.h"

#include <string.h>

#include "tests/simulation/world.h"

#define NEVER_US 3600000000u
#define BACK_US 1000000
#define ANOTHER 1000 /* from an instance to the next one in its place */

static const char *const words[] = {
#define X(id, word, text) word,
    FAULTS(X)
#undef X
};

static void cut(struct world *w, unsigned from, unsigned to, bool on)
{
	if (from != to)
		w->cut[from][to] = on;
}

/* What is to be written stays unwritten until it is over. */
static void stick_disk(struct world *w, unsigned at, bool on)
{
	struct member *m = &w->member[at];

	if (m->stuck_us && !on && m->store_at_us)
		m->store_at_us = w->now_us + w->disk_us;
	m->stuck_us = on ? world_clock(w, at) : 0;
}

/* Cuts that overlap end together: the first to end ends both. */
static void set(struct world *w, enum fault fault, unsigned at, unsigned peer, bool on)
{
	for (unsigned i = 0; i < w->nodes; i++) {
		if (fault == FAULT_ISOLATE || fault == FAULT_DEAF)
			cut(w, i, at, on);
		if (fault == FAULT_ISOLATE || fault == FAULT_MUTE)
			cut(w, at, i, on);
	}
	if (fault == FAULT_CUT || fault == FAULT_CUT_ONE_WAY)
		cut(w, at, peer, on);
	if (fault == FAULT_CUT)
		cut(w, peer, at, on);
	if (fault == FAULT_LOSS)
		w->loss_percent = on ? 10 + (unsigned)world_dice(w, 50) : 0;
	if (fault == FAULT_CUT_REPLICATION)
		w->replication_cut = on;
	if (fault == FAULT_SLOW_DISK)
		w->member[at].slow_disk = on;
	if (fault == FAULT_FREEZE)
		w->member[at].frozen = on;
	if (fault == FAULT_HANG_DATABASE)
		w->member[at].hung = on;
	if (fault == FAULT_STALL_APPLIER)
		w->member[at].db.server.stalled = on;
	if (fault == FAULT_FAIL_APPLIER)
		w->member[at].db.server.ill = on;
	if (fault == FAULT_STUCK_DISK)
		stick_disk(w, at, on);
	if (fault == FAULT_KILL_KEEPALIVED)
		w->member[at].vip_deaf_us = on ? world_clock(w, at) : 0;
	if (fault == FAULT_SLOW_CUT)
		w->member[at].slow_cut = on;
	if (fault == FAULT_OBSERVE && w->member[at].observes != on) {
		w->member[at].observes = on;
		world_restart_heartbeat(w, at);
	}
	/* One that has just started shows nothing. */
	if (fault == FAULT_FORCE_PROMOTE && on && w->member[at].node.known.version)
		w->shown_version = w->member[at].node.known.version;
	else if (fault == FAULT_FORCE_PROMOTE)
		world_command(w, at, HB_COMMAND_FORCE_PROMOTE, (uint8_t)at);
	if (fault == FAULT_MAINTENANCE)
		world_command(w, at, on ? HB_COMMAND_MAINTENANCE_ON : HB_COMMAND_MAINTENANCE_OFF, (uint8_t)at);
}

static void end_later(struct world *w, enum fault fault, unsigned at, unsigned peer, uint64_t for_us)
{
	struct faults *f = &w->faults;

	if (!for_us)
		return;
	if (w->now_us + for_us < w->fault_us)
		w->fault_us = w->now_us + for_us;
	if (f->count == FAULT_PENDING)
		set(w, fault, at, peer, false);
	else
		f->undo[f->count++] =
		    (struct fault_undo){w->now_us + for_us, (uint8_t)fault, (uint8_t)at, (uint8_t)peer};
}

/* Would a copy that counts be left, whatever happens next? With the only one gone for good it takes an operator, and payments are lost. */
static bool is_spare(const struct world *w, unsigned at)
{
	const struct database *d = at < WORLD_GATEWAYS ? &w->member[1 - at].db : NULL;

	return !d || (hb_in_sync(&w->newest, (uint8_t)(1 - at)) && database_has_token(d) && !d->durability_received &&
			 token_equal(&d->token.token, &w->newest.token[1 - at]));
}

static void wipe(struct world *w, unsigned at, bool another)
{
	struct hb_register *r = &w->member[at].disk,
			   fresh = {.instance = r->instance, .kind = r->kind, .boot = r->boot};

	/* One memory may be lost while all the others are there; with two gone nobody can know what was promised. */
	for (unsigned i = 0; i < w->nodes; i++)
		if (i != at &&
		    (!w->member[i].disk.admitted || (w->member[i].up && !w->member[i].node.acceptor.reg.admitted)))
			return;
	if (another && !is_spare(w, at))
		return;
	memcpy(fresh.name, r->name, sizeof(fresh.name));
	if (another) {
		fresh.instance += ANOTHER;
		fresh.boot = 0;
	}
	*r = fresh;
}

/* What is answered now was acknowledged by nobody, and no daemon can know before it looks. */
static void meddle(struct world *w, enum fault fault, unsigned at)
{
	struct mariadb *m = &w->member[at].db.server;

	if (at >= WORLD_GATEWAYS || !m->up || !m->semi || (fault == FAULT_ROOT_KILL_QUERY && !mariadb_waits(m)))
		return;
	w->member[at].meddled = true;
	m->hardened = true; /* what is let through is in the engine, whatever the other has */
	if (fault == FAULT_ROOT_SEMI_OFF)
		mariadb_set_semi(m, false);
	else
		mariadb_kill_sessions(m, true);
}

void fault_strike(struct world *w, enum fault fault, unsigned at, unsigned peer, uint32_t letters, uint64_t for_us)
{
	struct member *m = &w->member[at];

	switch (fault) {
	case FAULT_NONE: return;
	case FAULT_POWER_OFF:
	case FAULT_WIPE:
		world_power_off(w, at, for_us ? for_us : NEVER_US);
		if (fault == FAULT_WIPE)
			wipe(w, at, false);
		return;
	case FAULT_REPLACE:
		world_power_off(w, at, for_us ? for_us : NEVER_US);
		wipe(w, at, true);
		return;
	case FAULT_SWITCHOVER: world_command(w, at, HB_COMMAND_SWITCHOVER, HB_NOBODY); return;
	case FAULT_FORCE_SOLO: world_command(w, at, HB_COMMAND_FORCE_SOLO, HB_NOBODY); return;
	case FAULT_RESTART: world_restart_heartbeat(w, at); return;
	case FAULT_KILL_DATABASE:
		if (at < WORLD_GATEWAYS && m->up)
			database_kill(&m->db);
		return;
	case FAULT_KILL_REPLICATION:
		if (at < WORLD_GATEWAYS && m->up)
			replicationd_kill(w, at, for_us);
		return;
	case FAULT_ROOT_SEMI_OFF:
	case FAULT_ROOT_KILL_QUERY: meddle(w, fault, at); return;
	case FAULT_STALL_STEP: m->db.repl.turn_us += for_us; return;
	case FAULT_SPOIL_RELAY_LOG: m->db.server.spoilt = true; return;
	case FAULT_HOLD:
	case FAULT_LOSE:
		m->hold_letters = letters;
		m->hold_until_us = w->now_us + (for_us ? for_us : NEVER_US);
		m->hold_late_us = fault == FAULT_LOSE ? 0 : w->lease_us * (60 + world_dice(w, 120)) / 100;
		return;
	default: break;
	}
	set(w, fault, at, peer, true);
	if (fault == FAULT_FORCE_PROMOTE && !for_us)
		set(w, fault, at, peer, false);
	end_later(w, fault, at, peer, for_us);
}

uint64_t fault_expire(struct world *w)
{
	struct faults *f = &w->faults;
	uint64_t next_us = UINT64_MAX;

	for (unsigned i = 0; i < f->count;) {
		struct fault_undo u = f->undo[i];

		if (u.at_us > w->now_us) {
			next_us = u.at_us < next_us ? u.at_us : next_us;
			i++;
			continue;
		}
		f->undo[i] = f->undo[--f->count];
		set(w, u.fault, u.at, u.peer, false);
	}
	return next_us;
}

void fault_heal(struct world *w)
{
	w->faults.count = 0;
	memset(w->cut, 0, sizeof(w->cut));
	w->loss_percent = 0;
	w->replication_cut = false;
	for (unsigned i = 0; i < w->nodes; i++) {
		struct member *m = &w->member[i];

		m->frozen = m->hung = m->slow_disk = m->slow_cut = false;
		m->db.server.stalled = m->db.server.ill = false;
		stick_disk(w, i, false);
		m->vip_deaf_us = 0;
		m->hold_letters = 0;
		m->hold_until_us = 0;
		set(w, FAULT_OBSERVE, i, i, false);
		if (!m->up && m->start_at_us > w->now_us + BACK_US)
			m->start_at_us = w->now_us + BACK_US;
	}
}

void fault_tell_address(struct world *w, unsigned at, bool wanted)
{
	struct member *m = &w->member[at];

	m->node.vip_watched = at < WORLD_GATEWAYS;
	m->node.vip_deaf_us = m->vip_deaf_us;
	m->node.holds_vip = wanted && !m->vip_deaf_us;
}

const char *fault_word(unsigned fault)
{
	return fault < FAULT_COUNT ? words[fault] : "?";
}
