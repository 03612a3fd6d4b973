#include "tests/simulation/mariadb.h"

#include <assert.h>
#include <string.h>

#include "heartbeat/proposer.h"

#define APPLIER_STALLS_ONE_IN 200

static uint64_t dice(struct mariadb *m, uint64_t below)
{
	return hb_dice(m->dice) % below;
}

static unsigned lower(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

uint64_t mariadb_chain(const struct mariadb *m, unsigned length)
{
	return length ? m->log[length - 1].chain : 0;
}

bool mariadb_holds(const struct mariadb *m, unsigned length, uint64_t chain)
{
	return length <= m->received && mariadb_chain(m, length) == chain;
}

static uint64_t chain_on(uint64_t chain, uint32_t id)
{
	chain = (chain ^ id) * 0x9e3779b97f4a7c15u;
	return chain ^ chain >> 29;
}

void mariadb_init(struct mariadb *m, uint8_t server, struct tx *log, uint32_t *placed, uint64_t *with)
{
	memset(m, 0, sizeof(*m));
	m->server = server;
	m->log = log;
	m->placed = placed;
	m->dice = with;
	m->strict = m->sync_relay_wanted = true;
}

void mariadb_start(struct mariadb *m, bool slave_role, uint64_t now_us)
{
	unsigned lost = m->length;

	assert(!m->process);
	m->process = true;
	m->life++;
	m->read_only = true;
	m->semi = m->io = m->sql = false;
	m->sync_data = true;
	m->sync_relay = m->sync_relay_wanted;
	m->io_errno = m->sql_errno = 0;
	m->no_tx = 0;
	m->up_at_us = now_us + 30000 + dice(m, 400000);
	if (!slave_role) {
		m->hardened |= m->length > m->engine;
		m->engine = m->flushed = m->synced = m->length;
		return;
	}
	/* Whatever InnoDB has not made durable is cut off the binary log; relay logs above a hole are worth nothing. */
	m->flushed += (unsigned)dice(m, m->engine - m->flushed + 1);
	m->length = m->engine = m->synced = m->flushed;
	if (m->length < lost)
		m->received = m->length;
	m->relay_synced = lower(m->relay_synced, m->received);
}

static void returned(struct session *s, enum mariadb_commit state)
{
	s->state = s->abandoned ? MARIADB_NO_COMMIT : state;
	s->abandoned = false;
}

static void lose_connections(struct mariadb *m, enum mariadb_end how)
{
	for (unsigned i = 0; i < MARIADB_CLIENTS; i++) {
		struct session *s = &m->session[i];

		if (s->state != MARIADB_NO_COMMIT)
			returned(s, how == MARIADB_POWER ? MARIADB_NO_COMMIT : MARIADB_GONE);
	}
}

static void write_binlog(struct mariadb *m, struct session *s)
{
	struct tx *t = &m->log[m->length];

	assert(m->length < MARIADB_LOG_MAX);
	*t = s->tx;
	t->server = m->server;
	t->seq = m->length ? m->log[m->length - 1].seq + 1 : 1;
	t->chain = chain_on(mariadb_chain(m, m->length), t->id);
	m->length++;
	m->received = m->length;
	m->relay_synced = lower(m->relay_synced, m->length);
	s->index = m->length;
	m->placed[t->id] = m->length;
}

/* Between two fsyncs it is open whether a transaction is in the log that the next start finds. */
static void tear_commit(struct mariadb *m)
{
	for (unsigned i = 0; i < MARIADB_CLIENTS; i++) {
		struct session *s = &m->session[i];

		if (s->state != MARIADB_SYNCING || m->length >= MARIADB_LOG_MAX || !dice(m, 2))
			continue;
		write_binlog(m, s);
		m->synced = m->length;
	}
}

static void cut_power(struct mariadb *m)
{
	unsigned had = m->length;

	/* How much the kernel had written back by itself nobody knows. */
	m->synced += (unsigned)dice(m, m->length - m->synced + 1);
	m->length = m->synced;
	m->flushed = lower(m->flushed, m->length);
	m->engine = lower(m->engine, m->length);
	if (m->length < had) {
		m->torn |= dice(m, 2);
		m->received = m->length;
	} else {
		if (m->relay_synced < m->length)
			m->relay_synced = m->length;
		m->relay_synced += (unsigned)dice(m, m->received - m->relay_synced + 1);
		m->received = m->relay_synced;
	}
	m->relay_synced = lower(m->relay_synced, m->received);
}

/* What waits, or is about to, becomes a transaction like any other. */
static void commit_waiting(struct mariadb *m)
{
	m->engine = m->length;
}

void mariadb_end(struct mariadb *m, enum mariadb_end how)
{
	if (!m->process && how != MARIADB_POWER)
		return;
	tear_commit(m);
	if (how == MARIADB_SIGTERM) {
		commit_waiting(m);
		m->flushed = m->engine;
	}
	if (how == MARIADB_POWER)
		cut_power(m);
	lose_connections(m, how);
	m->process = m->up = m->semi = m->io = m->sql = false;
	m->read_only = true;
	m->up_at_us = m->apply_at_us = 0;
}

bool mariadb_blocks(const struct mariadb *m, enum mariadb_client c)
{
	return m->session[c].state != MARIADB_NO_COMMIT && m->session[c].state < MARIADB_OK;
}

void mariadb_commit(struct mariadb *m, enum mariadb_client c, uint32_t id, uint16_t epoch, uint64_t expects)
{
	struct session *s = &m->session[c];

	assert(!mariadb_blocks(m, c));
	*s = (struct session){.state = MARIADB_QUEUED, .tx = {.id = id, .epoch = epoch}, .expects = expects};
}

enum mariadb_commit mariadb_take(struct mariadb *m, enum mariadb_client c)
{
	struct session *s = &m->session[c];
	enum mariadb_commit state = s->state;

	if (state >= MARIADB_OK && !s->abandoned)
		s->state = MARIADB_NO_COMMIT;
	return state;
}

void mariadb_hang_up(struct mariadb *m, enum mariadb_client c)
{
	struct session *s = &m->session[c];

	if (s->state == MARIADB_QUEUED || s->state >= MARIADB_OK)
		s->state = MARIADB_NO_COMMIT;
	s->abandoned = s->state != MARIADB_NO_COMMIT;
}

bool mariadb_waits(const struct mariadb *m)
{
	return m->semi && m->up && m->length > m->engine;
}

static void release(struct mariadb *m, enum mariadb_commit how)
{
	commit_waiting(m);
	for (unsigned i = 0; i < MARIADB_CLIENTS; i++)
		if (m->session[i].state == MARIADB_WAITING && m->session[i].index <= m->engine)
			returned(&m->session[i], how);
}

void mariadb_acknowledge(struct mariadb *m, unsigned upto)
{
	if (mariadb_waits(m) && upto >= m->length)
		release(m, MARIADB_OK);
}

void mariadb_kill_sessions(struct mariadb *m, bool query)
{
	if (!mariadb_waits(m))
		return;
	m->no_tx++;
	release(m, query ? MARIADB_OK : MARIADB_GONE);
}

void mariadb_set_semi(struct mariadb *m, bool on)
{
	if (m->semi && !on && mariadb_waits(m)) {
		m->no_tx++;
		release(m, MARIADB_OK);
	}
	m->semi = on;
}

static void begin_commit(struct mariadb *m, enum mariadb_client c, uint64_t now_us)
{
	struct session *s = &m->session[c];

	/* R12, and ON for the epoch row: it must be new. */
	if ((c == MARIADB_LEDGER && (m->read_only || s->expects != mariadb_chain(m, m->length))) ||
	    (c == MARIADB_ROW && s->tx.epoch <= mariadb_ledger_epoch(m)) || m->length >= MARIADB_LOG_MAX) {
		returned(s, MARIADB_ERROR);
		return;
	}
	s->state = MARIADB_SYNCING;
	s->until_us = now_us + 200 + dice(m, 2000) + (dice(m, 100) ? 0 : dice(m, 100000));
}

static void end_sync(struct mariadb *m, struct session *s)
{
	write_binlog(m, s);
	m->flushed = m->engine; /* the prepare wrote the redo log up to here */
	if (m->sync_data)
		m->synced = m->length;
	if (m->semi) {
		s->state = MARIADB_WAITING;
		return;
	}
	m->engine = m->length;
	returned(s, MARIADB_OK);
}

static void step_commits(struct mariadb *m, uint64_t now_us)
{
	bool locked = m->length > m->engine;

	for (unsigned i = 0; i < MARIADB_CLIENTS; i++) {
		struct session *s = &m->session[i];

		if (s->state == MARIADB_SYNCING && now_us >= s->until_us)
			end_sync(m, s);
		locked |= s->state == MARIADB_SYNCING || s->state == MARIADB_WAITING;
	}
	for (unsigned i = 0; i < MARIADB_CLIENTS && !locked; i++)
		if (m->session[i].state == MARIADB_QUEUED) {
			begin_commit(m, (enum mariadb_client)i, now_us);
			locked = m->session[i].state == MARIADB_SYNCING;
		}
}

bool mariadb_apply(struct mariadb *m, unsigned most)
{
	for (; most && m->length < m->received; most--) {
		struct tx *t = &m->log[m->length];

		if (m->length && m->strict && t->seq <= m->log[m->length - 1].seq)
			return false;
		t->chain = chain_on(mariadb_chain(m, m->length), t->id);
		m->length++;
		m->flushed = m->engine;
		m->engine = m->length;
	}
	if (m->sync_data)
		m->synced = m->length;
	return true;
}

static void step_applier(struct mariadb *m, uint64_t now_us)
{
	if (!m->sql || m->semi || m->stalled ||
	    m->length == m->received) { /* with semi-sync on it would wait for ever */
		m->apply_at_us = 0;
		return;
	}
	if (!m->apply_at_us)
		m->apply_at_us = now_us + 300 + dice(m, 3000) + (dice(m, APPLIER_STALLS_ONE_IN) ? 0 : dice(m, 1200000));
	if (now_us < m->apply_at_us)
		return;
	m->apply_at_us = 0;
	if (m->ill) {
		m->sql = false;
		m->sql_errno = MARIADB_ER_DISK_FULL;
		return;
	}
	if (!m->torn && mariadb_apply(m, 1 + (unsigned)dice(m, 30)))
		return;
	m->sql = false;
	m->sql_errno = MARIADB_ER_OUT_OF_ORDER;
}

uint64_t mariadb_next_us(const struct mariadb *m)
{
	uint64_t next = UINT64_MAX;
	bool locked = m->length > m->engine, queued = false;

	if (!m->process)
		return next;
	if (!m->up)
		return m->up_at_us;
	for (unsigned i = 0; i < MARIADB_CLIENTS; i++) {
		const struct session *s = &m->session[i];

		if (s->state == MARIADB_SYNCING && s->until_us < next)
			next = s->until_us;
		locked |= s->state == MARIADB_SYNCING || s->state == MARIADB_WAITING;
		queued |= s->state == MARIADB_QUEUED;
	}
	if (queued && !locked)
		next = 0;
	if (m->sql && !m->semi && !m->stalled && m->length < m->received && m->apply_at_us < next)
		next = m->apply_at_us;
	return next;
}

void mariadb_step(struct mariadb *m, uint64_t now_us)
{
	if (!m->process)
		return;
	if (!m->up)
		m->up = now_us >= m->up_at_us;
	if (!m->up)
		return;
	step_commits(m, now_us);
	step_applier(m, now_us);
}

void mariadb_stop_slave(struct mariadb *m, bool io, bool sql)
{
	m->io &= !io;
	m->sql &= !sql;
}

void mariadb_start_slave(struct mariadb *m, bool io, bool sql, uint64_t now_us)
{
	if (!m->io && !m->sql) { /* GTID mode: whatever was received and not applied is gone */
		m->received = m->length;
		m->relay_synced = lower(m->relay_synced, m->length);
		m->spoilt = false;
	}
	m->io |= io;
	m->sql |= sql;
	if (io)
		m->io_errno = 0;
	if (sql)
		m->sql_errno = 0;
	m->apply_at_us = now_us;
}

void mariadb_reset_slave(struct mariadb *m)
{
	m->slave = m->spoilt = false;
	m->received = m->length;
	m->relay_synced = lower(m->relay_synced, m->length);
	m->io_errno = m->sql_errno = 0;
}

void mariadb_flush(struct mariadb *m)
{
	m->synced = m->length;
	m->flushed = m->engine;
	m->relay_synced = m->received;
}

void mariadb_receive(struct mariadb *m, const struct tx *t, uint64_t now_us)
{
	assert(m->received < MARIADB_LOG_MAX);
	m->log[m->received++] = *t;
	if (m->sync_relay)
		m->relay_synced = m->received;
	if (!m->apply_at_us)
		m->apply_at_us = now_us;
}

void mariadb_copy(struct mariadb *m, const struct mariadb *of)
{
	assert(!m->process);
	memcpy(m->log, of->log, of->engine * sizeof(m->log[0]));
	m->length = m->received = m->synced = m->relay_synced = m->engine = m->flushed = of->engine;
	m->slave = m->torn = m->hardened = m->spoilt = false;
}
