/*
 * The last resort of a replica: the pair is gone for ever, as an operator says and nothing that is heard here contradicts, and the replica
 * makes of itself the first gateway of a cluster of its own (heartbeat/node_replica.c).
 */
#include "heartbeat/node_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/replica.h"

#define QUIET_US HB_REPLICA_QUIET_US
#define STAND_US 60000000 /* node_stand.c */
#define BALLOTS 1000000	  /* of a register of its own, above all that it has heard of */

enum hb_replica_kin hb_replica_kin(const struct hb_node *n)
{
	if (n->repl.astray)
		return HB_REPLICA_ASTRAY;
	/* Without force nothing that a replica may have received is ever left out. */
	return n->known.forced_epoch > n->repl.compared_epoch ? HB_REPLICA_UNCOMPARED : HB_REPLICA_ONE;
}

struct gtid hb_replica_goes_on_at(const struct hb_node *n)
{
	enum hb_replica_kin kin = hb_replica_kin(n);

	if (kin == HB_REPLICA_ONE)
		return n->repl.applied;
	if (kin == HB_REPLICA_UNCOMPARED || n->repl.astray_seq <= GTID_ANYWHERE.seq)
		return GTID_ANYWHERE;
	return (struct gtid){.seq = n->repl.astray_seq};
}

/* Why there is nothing to be promoted; NULL: there is. */
static const char *unable(const struct hb_node *n, uint64_t now_us)
{
	if (!n->known.members)
		return "it has never heard of a pair";
	if (!hb_repl_fresh(n, now_us))
		return "no word from replicationd: systemctl status holdfast-replicationd";
	if (n->repl.state == REPL_SEEDING)
		return "it has no whole copy: it was fetching one";
	if (n->repl.state == REPL_FAILED && n->order.want == REPL_WANT_STAND_IN)
		return n->repl.reason[0] ? n->repl.reason : "replication has failed";
	if (!n->stand.version && (!n->repl.db_up || !n->repl.applied.seq))
		return "its database does not run: journalctl -u mariadb -u holdfast-replicationd";
	return NULL;
}

/* Is that gateway not there, as far as anybody knows who is heard here? */
static bool is_silent(const struct hb_node *n, uint8_t g, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	if (hb_replica_hears(n, g, QUIET_US, now_us)) {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s is heard, or was a moment ago: it is not gone (holdfastctl status, there)",
		    hb_member_name(n, g));
		return false;
	}
	for (uint8_t i = 0; i < n->known.members; i++) {
		if (i == g || !hb_replica_hears(n, i, QUIET_US, now_us) || !(n->peer[i].facts.hears >> g & 1))
			continue;
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s hears %s, or did a moment ago, or cannot say yet: it is not gone", hb_member_name(n, i),
		    hb_member_name(n, g));
		return false;
	}
	return true;
}

/* Nobody there whose words cannot be read, and who may be a part of the pair, or hear it? */
static bool is_nobody_foreign(const struct hb_node *n, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	for (uint8_t i = 0; i < n->known.members; i++) {
		enum hb_replica_sign sign = hb_replica_sign_of(n, i, now_us);

		if (sign == HB_SIGN_REFUSED) {
			(void)snprintf(why, LOCAL_REASON_BYTES,
			    "%s answers, and refuses this replica: it, or whom it hears, is not gone (holdfastctl "
			    "status)",
			    hb_member_name(n, i));
			return false;
		}
		if (sign != HB_SIGN_OTHER_KEY)
			continue;
		if (n->known.member[i].kind == HB_KIND_GATEWAY)
			(void)snprintf(why, LOCAL_REASON_BYTES,
			    "%s is not gone: it answers, with another key of the heartbeats. Join this replica anew",
			    hb_member_name(n, i));
		else
			(void)snprintf(why, LOCAL_REASON_BYTES,
			    "%s answers with another key: whom it hears is not known here. Stop it if both gateways "
			    "are gone",
			    hb_member_name(n, i));
		return false;
	}
	return true;
}

/* Is no gateway of the pair there, as far as anybody knows who is heard here? */
static bool are_silent(const struct hb_node *n, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	for (uint8_t g = 0; g < n->known.members; g++)
		if (n->known.member[g].kind == HB_KIND_GATEWAY && !is_silent(n, g, now_us, why))
			return false;
	if (!is_nobody_foreign(n, now_us, why))
		return false;
	if (n->repl.following) {
		(void)snprintf(
		    why, LOCAL_REASON_BYTES, "its database receives from the pair, or did 5 s ago: that is not gone");
		return false;
	}
	/* Who has just begun to listen has heard nobody. */
	if (now_us >= n->replica.since_us + QUIET_US)
		return true;
	(void)snprintf(why, LOCAL_REASON_BYTES, "heartbeatd has listened for less than 3 s: call it again in a moment");
	return false;
}

static bool begin_stand(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	const char *no = unable(n, now_us);

	if (n->replica.promoted) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s is promoted already: goes on", n->acceptor.reg.name);
		return true;
	}
	if (no) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%.15s: %.96s", n->acceptor.reg.name, no);
		return false;
	}
	if (c->version != n->known.version) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "the record has changed since it was shown: look again");
		return false;
	}
	if (!are_silent(n, now_us, why))
		return false;
	n->stand = (struct hb_stand){.version = c->version, .since_us = now_us, .words = n->stand.words + 1};
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s applies what it received, and begins a cluster of its own",
	    n->acceptor.reg.name);
	return true;
}

int hb_replica_parse(const char *own, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES])
{
	static const char word[] = "force-promote ";
	bool look = strncmp(text, "may ", 4) == 0;
	size_t n = strlen(own);

	*ret = (struct hb_command){.target = HB_NOBODY, .kind = HB_COMMAND_FORCE_PROMOTE};
	ret->kind |= look ? HB_COMMAND_LOOK : 0;
	text += look ? 4 : 0;
	if (strncmp(text, word, strlen(word)) != 0) {
		struct hb_record none = {0};

		if (hb_command_parse(&none, text, ret, why) == -ENOENT)
			return -ENOENT;
		(void)snprintf(why, LOCAL_REASON_BYTES, "this machine is a replica and no member: ask a member");
		return -EINVAL;
	}
	text += strlen(word);
	if (strncmp(text, own, n) != 0 || text[n] != ' ') {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "this machine is the replica %s: from here nobody else can be "
		    "promoted",
		    own);
		return -EINVAL;
	}
	ret->version = hb_parse_number(text + n + 1);
	return 0;
}

void hb_replica_command(struct hb_node *n, const struct hb_command *c, uint64_t now_us, struct hb_verdict *ret)
{
	struct hb_node copy = *n;

	ret->id = c->id;
	ret->started = begin_stand(c->kind & HB_COMMAND_LOOK ? &copy : n, c, now_us, ret->text);
}

/* All that it has is applied and durable. The first record of a cluster of its own: nobody else is in it, and nobody of the old one can
 * decide anything in it, nor it in theirs. */
static void found(struct hb_node *n)
{
	struct hb_register *reg = &n->acceptor.reg;
	struct hb_record r = {.version = n->known.version + 1,
	    .epoch = n->known.epoch + HB_REPLICA_EPOCHS,
	    .phase = HB_OPEN,
	    .in_sync = 1,
	    .reason = HB_REASON_FORCED,
	    .members = 1,
	    .token[0] = n->repl.token};

	r.forced_epoch = r.epoch;
	memcpy(r.member[0].name, reg->name, sizeof(r.member[0].name));
	r.member[0].instance = reg->instance;
	r.member[0].address = n->settings.address;
	r.member[0].port = n->settings.port;
	r.member[0].second_address = n->settings.second_address;
	r.member[0].kind = HB_KIND_GATEWAY;
	reg->promised = reg->accepted_ballot = (struct hb_ballot){.counter = n->known_ballot.counter + BALLOTS};
	reg->accepted = r;
	reg->admitted = 1;
	reg->kind = HB_KIND_GATEWAY;
	n->acceptor.generation++;
	n->acceptor.identity_generation = n->acceptor.generation;
	n->stand.version = 0;
	n->replica.promoted = true;
}

void hb_replica_look_at_word(struct hb_node *n, uint64_t now_us)
{
	const struct repl_report *r = &n->repl;
	char text[LOCAL_REASON_BYTES] = "";
	const char *no = now_us <= n->stand.since_us + STAND_US ? unable(n, now_us)
			 : r->reason[0]				? r->reason
								: "not done after 60 s";

	if (!n->stand.version || n->replica.promoted)
		return;
	if (!no && n->known.version != n->stand.version)
		no = "the record has changed meanwhile: look again";
	if (!no && !are_silent(n, now_us, text))
		no = text;
	if (no) {
		n->stand.version = 0;
		(void)snprintf(n->stand.why, sizeof(n->stand.why), "%s", no);
		return;
	}
	if (n->order.want == REPL_WANT_STAND_IN && r->state == REPL_DRAINED &&
	    r->order_generation == n->order.generation && !token_is_none(&r->token))
		found(n);
}
