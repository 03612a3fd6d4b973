/*
 * The last resort: the only copy in in_sync is gone for ever, and an operator names another one, which lacks what was paid last.
 * This gateway decides, for it knows best what it has. Its database follows nobody any more, applies what it received and gets
 * a token; then the record is changed, by a majority, if it is still the one that the operator was shown. No promise and no
 * lease is passed over; but who is alone in in_sync answers without a lease, so one that lives and that nobody here hears is
 * the operator's to rule out.
 */
#include "heartbeat/node_parts.h"

#include <stdio.h>

#define QUIET_US 3000000  /* who was not heard for so long is silent */
#define STAND_US 60000000 /* a relay log that takes longer to apply needs another word */

static bool is_heard(const struct hb_node *n, uint8_t m, uint64_t within_us, uint64_t now_us)
{
	const struct hb_peer *p = &n->peer[m];

	return p->heard && now_us < p->heard_us + p->missed_us + within_us;
}

uint8_t hb_hears(const struct hb_node *n, uint64_t now_us)
{
	const struct hb_acceptor *a = &n->acceptor;
	uint8_t bits = 0;

	for (uint8_t i = 0; i < a->reg.accepted.members; i++)
		if (i != n->self && (now_us < a->silent_until_us || is_heard(n, i, QUIET_US, now_us) ||
					(a->promise_to == i && now_us < a->promise_until_us)))
			bits |= (uint8_t)(1u << i);
	return bits;
}

/* Whose copies would not count any more, and who may be serving. */
static bool is_given_up(const struct hb_node *n, uint8_t m)
{
	return m != n->self && (hb_in_sync(&n->known, m) || m == n->known.active);
}

/* Does nobody that is heard here hear any of those? */
static bool are_silent(const struct hb_node *n, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	uint8_t own = hb_hears(n, now_us);

	for (uint8_t m = 0; m < n->known.members; m++) {
		if (!is_given_up(n, m))
			continue;
		if (!GUARD(M43_FORCE_WHILE_HEARD, !(own >> m & 1))) {
			(void)snprintf(why, LOCAL_REASON_BYTES, "%s is heard, or was a moment ago: it is not gone",
			    hb_member_name(n, m));
			return false;
		}
		for (uint8_t i = 0; i < n->known.members; i++) {
			if (i == m || i == n->self || !is_heard(n, i, QUIET_US, now_us))
				continue;
			if (!n->peer[i].stamp_us || n->peer[i].facts.level < HB_LEVEL_FORCED) {
				(void)snprintf(why, LOCAL_REASON_BYTES,
				    "%s has not heard of %s that its release has force promote",
				    hb_member_name(n, n->self), hb_member_name(n, i));
				return false;
			}
			if (GUARD(M44_FORCE_WHILE_OTHERS_HEAR, !(n->peer[i].facts.hears >> m & 1)))
				continue;
			(void)snprintf(why, LOCAL_REASON_BYTES, "%s hears %s, or did a moment ago: it is not gone%s",
			    hb_member_name(n, i), hb_member_name(n, m),
			    now_us < n->peer[i].life_us + 2 * QUIET_US ? ", or that cannot say yet: try again" : "");
			return false;
		}
	}
	return true;
}

/* Why this copy cannot be the one that counts; NULL: it can. */
static const char *unable(const struct hb_node *n, uint64_t now_us)
{
	/* Nobody else can be named any more, and by itself it never opens. */
	if (hb_lacks_answered(n, now_us))
		return NULL;
	if (n->known.active == n->self && (hb_mine(n) || hb_token_good(n)))
		return "it is active already, as far as it has heard";
	if (hb_token_good(n) && n->settings.observe_only)
		return "it has every payment, and takes the role when observe-only is taken out of holdfast.conf";
	if (hb_token_good(n))
		return "it has every payment, and takes the role by itself as soon as it may";
	if (n->settings.observe_only)
		return "observe-only is set";
	if (now_us < n->acceptor.silent_until_us)
		return "it has just started: try again";
	if (!hb_repl_fresh(n, now_us))
		return "no word from replicationd: systemctl status holdfast-replicationd";
	if (!hb_ledger_fresh(n, now_us))
		return "no word from ledgerd: systemctl status holdfast-ledgerd";
	if (n->repl.state == REPL_SEEDING)
		return "it has no whole copy: it was fetching one";
	if (n->repl.state == REPL_FAILED)
		return n->repl.reason[0] ? n->repl.reason : "replication has failed";
	/* Not once it has begun: to end a connection to one that has gone silent takes seconds, without a look at the server. */
	if (n->stand.version)
		return NULL;
	/* One that nobody starts otherwise is started then: while another has claimed, or as long as only the one that is lost could
	 * say where a tail of ours begins. */
	if (!n->repl.db_up)
		return n->order.want == REPL_WANT_FOLLOW_OUT && !n->repl.dirty ? "its database does not run" : NULL;
	if (!n->repl.fit || !n->repl.applied.seq)
		return "its database does not work: journalctl -u mariadb";
	return NULL;
}

/* Do enough of them answer that the record can be changed? */
static bool can_be_changed(const struct hb_node *n, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	unsigned votes = 1;

	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && is_heard(n, i, n->settings.peer_timeout_us, now_us))
			votes++;
	if (votes >= hb_quorum(n->known.members))
		return true;
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s hears no majority, only %u of %u: the record cannot be changed",
	    hb_member_name(n, n->self), votes, (unsigned)n->known.members);
	return false;
}

/* Does our own acceptor hold a forced claim of ours that may still become chosen? */
static bool may_be_chosen(const struct hb_node *n)
{
	const struct hb_proposer *p = &n->proposer;
	const struct hb_record *r = &n->acceptor.reg.accepted;

	return (p->pending && p->applied && p->change.kind == HB_CHANGE_FORCE) ||
	       (r->active == n->self && r->forced_epoch && r->forced_epoch == r->epoch &&
		   hb_ballot_compare(n->acceptor.reg.accepted_ballot, n->known_ballot) > 0);
}

bool hb_stand_in(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES])
{
	const char *no = unable(n, now_us);

	if (n->stand.version) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s is at it already", hb_member_name(n, n->self));
		return n->stand.version == c->version;
	}
	/* Whatever is true by now, to refuse would be to say that it does not happen. */
	if (c->version == n->known.version && may_be_chosen(n)) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s has begun before, and may be promoted yet",
		    hb_member_name(n, n->self));
		return true;
	}
	if (no) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s: %.96s", hb_member_name(n, n->self), no);
		return false;
	}
	if (!GUARD(M42_FORCE_UNSEEN, c->version == n->known.version)) {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "the record has changed since it was shown, version %llu to %llu: look again",
		    (unsigned long long)c->version, (unsigned long long)n->known.version);
		return false;
	}
	if (!are_silent(n, now_us, why))
		return false;
	/* Heartbeats may be lost where payments are not, as by a rule of a firewall. */
	if (GUARDED(M48_FORCE_WHILE_RECEIVING, n->repl.following, false)) {
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s is connected to the database of %s, or was 5 s ago: it is not gone", hb_member_name(n, n->self),
		    hb_member_name(n, n->known.active));
		return false;
	}
	if (!can_be_changed(n, now_us, why))
		return false;
	n->stand = (struct hb_stand){.version = c->version, .since_us = now_us, .words = n->stand.words + 1};
	if (n->known.active == n->self)
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s serves without what it lacks", hb_member_name(n, n->self));
	else
		(void)snprintf(why, LOCAL_REASON_BYTES,
		    "%s applies what it received, and takes the role; what only %s has is given up",
		    hb_member_name(n, n->self), hb_member_name(n, n->known.active));
	return true;
}

/* Whether what the word rests on is gone, before it was carried out. */
static void look_at_word(struct hb_node *n, uint64_t now_us)
{
	char text[LOCAL_REASON_BYTES] = "";
	const char *no;

	if (n->known.active == n->self && n->known.version != n->stand.version) {
		n->stand.version = 0;
		return;
	}
	if (!GUARD(M42_FORCE_UNSEEN, n->known.version == n->stand.version))
		no = "the record has changed meanwhile: look again";
	else if (now_us <= n->stand.since_us + STAND_US)
		no = unable(n, now_us);
	else if (n->repl.state == REPL_DRAINED)
		no = "no majority has agreed to it in 60 s";
	else
		no = n->repl.reason[0] ? n->repl.reason : "not done after 60 s";
	if (!no && !are_silent(n, now_us, text))
		no = text;
	if (!no)
		return;
	n->stand.version = 0;
	n->stand.why_version = n->known.version;
	(void)snprintf(n->stand.why, sizeof(n->stand.why), "%s", no);
}

void hb_stand_look(struct hb_node *n, uint64_t now_us)
{
	if (n->known.version != n->stand.why_version)
		n->stand.why[0] = '\0';
	if (n->stand.version)
		look_at_word(n, now_us);
	n->stand_note[0] = '\0';
	if (hb_lacks_answered(n, now_us))
		(void)snprintf(n->stand_note, sizeof(n->stand_note),
		    "lacks payments that were answered: bring %s back (last resort: holdfastctl force promote)",
		    hb_member_name(n, hb_other_gateway(n)));
	/* The number tells the end of this one from that of one before. */
	if (n->stand.why[0])
		(void)snprintf(n->stand_note, sizeof(n->stand_note), "%s (attempt %u): %.80s",
		    may_be_chosen(n) ? "may be promoted yet" : "was not promoted", n->stand.words, n->stand.why);
}

/* Nor is it of use without its token. */
static bool is_pending(const struct hb_node *n, uint64_t now_us)
{
	return may_be_chosen(n) && (!hb_repl_fresh(n, now_us) || n->acceptor.reg.accepted.active != n->self ||
				       token_equal(&n->acceptor.reg.accepted.token[n->self], &n->repl.token));
}

bool hb_stands_in(const struct hb_node *n, uint64_t now_us)
{
	return n->stand.version || GUARDED(M46_FORCED_TOKEN_LET_GO, is_pending(n, now_us), false);
}

bool hb_wants_force(const struct hb_node *n, uint64_t now_us, struct hb_change *c)
{
	const struct repl_report *r = &n->repl;
	bool named = hb_lacks_answered(n, now_us) && hb_token_good(n);
	bool stood_in = n->order.want == REPL_WANT_STAND_IN && r->state == REPL_DRAINED &&
			r->order_generation == n->order.generation && !token_is_none(&r->token);

	if (!n->stand.version || !(named || stood_in))
		return false;
	c->version = n->stand.version;
	c->token = r->token;
	return true;
}
