#include "tests/simulation/stream.h"

#include "tests/simulation/mutant.h"
#include "tests/simulation/world.h"

#define CONNECT_RETRY_US 1000000
#define DARK_US 3000000 /* TCP_USER_TIMEOUT of the relay */
#define AGAIN_US 20000	/* a retransmission */
#define BATCH_MAX 60

void stream_cut(struct stream *s, uint64_t now_us)
{
	s->connected = false;
	s->batch_at_us = 0;
	s->connect_at_us = now_us + 1000;
}

static uint64_t latency(struct world *w)
{
	return 150 + world_dice(w, 1200) + (world_dice(w, 80) ? 0 : world_dice(w, 60000));
}

static void acknowledge(struct world *w, unsigned at)
{
	struct stream *s = &w->member[at].db.stream;
	struct mariadb *m = &w->member[s->master].db.server;

	if (!s->ack_at_us || w->now_us < s->ack_at_us)
		return;
	if (w->member[s->master].frozen || (s->connected && w->cut[at][s->master])) {
		s->ack_at_us = w->now_us + AGAIN_US;
		return;
	}
	s->ack_at_us = 0;
	if (w->member[s->master].up && !w->cut[at][s->master] && m->up && m->life == s->ack_life)
		mariadb_acknowledge(m, s->ack_upto);
}

static void send_ack(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct stream *s = &d->stream;

	d->server.acknowledged = d->server.received;
	d->server.acknowledged_chain = mariadb_chain(&d->server, d->server.received);
	s->ack_upto = s->next;
	s->ack_life = s->master_life;
	s->ack_at_us = w->now_us + latency(w);
	if (d->repl.relay_ordered != s->epoch && !d->repl.cut_us)
		world_broken(w, "%c acknowledges epoch %llu without an order to follow it", "ab"[at],
		    (unsigned long long)s -> epoch);
}

/* From which of the master's transactions on? False: error 1236, the master's log does not have the last of ours. */
static bool find_position(const struct mariadb *d, const struct mariadb *m, unsigned *next)
{
	unsigned have = d->received;
	const struct tx *last = have ? &d->log[have - 1] : NULL;
	uint32_t newest = 0;

	if (mutant_on(M29_OLD_SLAVE_POS) && last && last->server == d->server)
		while (have && (have > m->length || m->log[have - 1].chain != d->log[have - 1].chain))
			have--;
	*next = have;
	if (!have || (have <= m->length && m->log[have - 1].seq == d->log[have - 1].seq &&
			 m->log[have - 1].server == d->log[have - 1].server))
		return true;
	if (d->strict)
		return false;
	for (unsigned i = 0; i < m->length; i++)
		if (m->log[i].server == last->server)
			newest = m->log[i].seq;
	for (*next = 0; *next < m->length && m->log[*next].seq <= last->seq;)
		++*next;
	return newest >= last->seq;
}

static void connect_to(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct stream *s = &d->stream;
	unsigned to = d->repl.relay_active;
	struct mariadb *m = &w->member[to].db.server;

	if (w->now_us < s->connect_at_us)
		return;
	s->connect_at_us = w->now_us + CONNECT_RETRY_US;
	if (!d->repl.relay_epoch || to > 1 || to == at || !world_connected(w, at, to) || !m->up)
		return;
	if (!find_position(&d->server, m, &s->next)) {
		d->server.io = false;
		d->server.io_errno = MARIADB_ER_FATAL_READING_BINLOG;
		return;
	}
	s->connected = true;
	s->master = (uint8_t)to;
	s->master_life = m->life;
	s->epoch = d->repl.relay_epoch;
	s->dark_since_us = 0;
	/* Whether the position that a dump begins at counts as acknowledged depends on what the files look like. */
	if (world_dice(w, 2))
		send_ack(w, at);
}

/* False: the connection is gone. */
static bool check_path(struct world *w, unsigned at)
{
	struct stream *s = &w->member[at].db.stream;
	struct mariadb *m = &w->member[s->master].db.server;

	if (world_connected(w, at, s->master)) {
		s->dark_since_us = 0;
		if (m->life == s->master_life && m->process)
			return true;
		stream_cut(s, w->now_us);
		return false;
	}
	if (!s->dark_since_us)
		s->dark_since_us = w->now_us;
	if (w->now_us >= s->dark_since_us + DARK_US)
		stream_cut(s, w->now_us);
	return false;
}

static void receive(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct stream *s = &d->stream;
	struct mariadb *m = &w->member[s->master].db.server;

	for (; s->next < s->batch_upto && s->next < m->length && d->server.received < MARIADB_LOG_MAX; s->next++)
		mariadb_receive(&d->server, &m->log[s->next], w->now_us);
	s->batch_at_us = 0;
	send_ack(w, at);
}

void stream_step(struct world *w, unsigned at)
{
	struct database *d = &w->member[at].db;
	struct stream *s = &d->stream;
	struct mariadb *m;

	acknowledge(w, at);
	if (!d->server.up || !d->server.io) {
		if (s->connected)
			stream_cut(s, w->now_us);
		return;
	}
	if (!s->connected)
		connect_to(w, at);
	if (!s->connected || !check_path(w, at))
		return;
	m = &w->member[s->master].db.server;
	if (s->batch_at_us && w->now_us >= s->batch_at_us)
		receive(w, at);
	if (!s->batch_at_us && m->length > s->next) {
		s->batch_upto = m->length < s->next + BATCH_MAX ? m->length : s->next + BATCH_MAX;
		s->batch_at_us = w->now_us + latency(w);
	}
}

uint64_t stream_next_us(const struct world *w, unsigned at)
{
	const struct database *d = &w->member[at].db;
	const struct stream *s = &d->stream;
	uint64_t next = s->ack_at_us ? s->ack_at_us : UINT64_MAX;

	if (!d->server.up || !d->server.io)
		return s->connected ? 0 : next;
	if (!s->connected)
		return d->repl.relay_epoch && s->connect_at_us < next ? s->connect_at_us : next;
	if (!world_connected(w, at, s->master))
		return !s->dark_since_us ? 0 : s->dark_since_us + DARK_US < next ? s->dark_since_us + DARK_US : next;
	if (s->dark_since_us)
		return 0;
	if (w->member[s->master].db.server.life != s->master_life ||
	    (!s->batch_at_us && w->member[s->master].db.server.length > s->next))
		return 0;
	return s->batch_at_us && s->batch_at_us < next ? s->batch_at_us : next;
}
