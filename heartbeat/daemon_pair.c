/*
 * What a replica remembers of the pair that it follows, in a file beside its register: when it was promoted, and is a gateway of a cluster
 * of its own, it tells those machines once a second that they were given up (heartbeat/node_given_up.c).
 */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "heartbeat/log.h"
#include "heartbeat/replica.h"
#include "heartbeat/wallclock.h"

#define AGAIN_US 1000000 /* what could not be written is tried again */
#define TELL_US 200000	 /* an old member that starts anew opens after a second or so without a word */

static void path_of(const struct daemon *d, char path[static 200])
{
	(void)snprintf(path, 200, "%s-pair", d->state_path);
}

/* Only here may the loop wait for the disk: nobody holds a lease. */
static int store(struct daemon *d)
{
	const struct hb_node *n = &d->node;
	struct pairfile p = {.at = hb_replica_goes_on_at(n),
	    .epoch = n->acceptor.reg.accepted.epoch,
	    .has_ring = true,
	    .ring = d->keys.disk,
	    .members = n->known.members};
	char path[200], text[PAIRFILE_BYTES];
	struct errbuf e;
	int code;

	p.when_ms = wallclock_ms();
	memcpy(p.member, n->known.member, sizeof(p.member));
	path_of(d, path);
	pairfile_format(&p, text);
	code = durable_write(path, text, &e);
	if (code)
		LOG(LOG_ERR, "pair.unwritten", KV_S("why", e.text));
	sodium_memzero(text, sizeof(text));
	sodium_memzero(&p, sizeof(p));
	return code;
}

bool daemon_pair_note(struct daemon *d, uint64_t now_us)
{
	if (!d->node.settings.replica || !d->node.replica.promoted || d->pair_stored || !d->node.known.members)
		return true;
	if (now_us < d->pair_again_us)
		return false;
	d->pair_again_us = now_us + AGAIN_US;
	d->pair_stored = store(d) == 0;
	return d->pair_stored;
}

/* With the keys that they had, whatever has become of those of the own cluster since. They are only written with. */
static void use_old_keys(struct daemon *d)
{
	d->pair_wire = d->wire;
	if (d->pair.has_ring)
		daemon_keys_enter(&d->pair_wire, &d->pair.ring);
}

/* `history` tells it as what it was, also after a restart. */
static void enter_history(struct daemon *d)
{
	const struct hb_transition t = {.epoch = d->pair.epoch, .at_ms = d->pair.when_ms, .reason = HB_REASON_FORCED};

	(void)history_note(&d->history, &t);
}

int daemon_pair_open(struct daemon *d, struct errbuf *e)
{
	char path[200], text[PAIRFILE_BYTES];
	int code;

	path_of(d, path);
	d->pair_stored = d->node.replica.promoted;
	if (d->conf.kind != CONF_KIND_GATEWAY || access(path, F_OK))
		return 0;
	code = durable_read(path, text, sizeof(text), e);
	if (!code && pairfile_parse(text, &d->pair))
		code = err_set(e, -EBADMSG, "%s: damaged: 'at' and a GTID expected, and keys that are whole", path);
	sodium_memzero(text, sizeof(text));
	if (!code)
		enter_history(d);
	return code;
}

static void tell(struct daemon *d, const struct hb_member *to)
{
	struct hb_message m = {.type = HB_GIVEN_UP,
	    .from = HB_NOBODY,
	    .boot = d->node.acceptor.reg.boot,
	    .instance = d->node.acceptor.reg.instance,
	    .echo_boot = to->instance,
	    .epoch = d->node.known.epoch,
	    .facts.opened_at = d->pair.at};

	memcpy(m.member.name, d->conf.name, sizeof(m.member.name));
	for (unsigned i = 0; i < WIRE_KEYS; i++)
		if (d->pair_wire.key[i].there)
			daemon_net_tell(d, &d->pair_wire, d->pair_wire.key[i].number, to, &m);
}

void daemon_pair_look(struct daemon *d, uint64_t now_us)
{
	if (!d->pair.members || now_us < d->pair_told_us + TELL_US || !d->node.known.members)
		return;
	d->pair_told_us = now_us;
	use_old_keys(d);
	for (unsigned i = 0; i < d->pair.members; i++)
		tell(d, &d->pair.member[i]);
}
