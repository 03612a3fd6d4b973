/* The rooms of heartbeat/node.c: not for anybody else. */
#ifndef HOLDFAST_HEARTBEAT_NODE_PARTS_H
#define HOLDFAST_HEARTBEAT_NODE_PARTS_H

#include "heartbeat/fitness.h"
#include "heartbeat/guard.h"
#include "heartbeat/node.h"
#include "heartbeat/since.h"

#define HB_CLAIM_JITTER_PART 8 /* of a lease: the longest pause before a claim */
#define HB_PEER(n, i) ((n)->acceptor.reg.accepted.member[i])

/* node_read.c: what is the record, and are we a member? */
void hb_read_tick(struct hb_node *n, uint64_t now_us, struct hb_outbox *out);
void hb_read_state(struct hb_node *n, const struct hb_message *m, uint64_t now_us);
void hb_read_join(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out);
void hb_read_answer(struct hb_node *n, uint8_t to, enum hb_refusal refusal, struct hb_outbox *out);

/* A record is known chosen at b: take it if it is newer. */
void hb_learn(struct hb_node *n, struct hb_ballot b, const struct hb_record *r, uint64_t now_us);

/* The role in this epoch is ours, claimed or handed to us: call before hb_learn() takes the record. */
void hb_named(struct hb_node *n, uint64_t epoch, uint64_t now_us);

/* node_time.c: were we there all the time? */
void hb_notice_absence(struct hb_node *n, uint64_t now_us);
/* The daemons of this host stood still with us, and may call unfit at first what did not answer meanwhile. */
bool hb_just_woke(const struct hb_node *n, uint64_t now_us);
/* The same moment, later by as long as we were not there since: for what a report says has lasted since then. 0 stays 0. */
uint64_t hb_since(const struct hb_node *n, uint64_t since_us);

/* node_role.c: what should be done about it? */
enum hb_situation hb_situation(const struct hb_node *n, uint64_t now_us);
void hb_wanted_change(struct hb_node *n, uint64_t now_us, struct hb_change *ret);
/* Named, and at the end of what it received, below what somebody answered? Then it does not open, but for an operator. */
bool hb_lacks_answered(const struct hb_node *n, uint64_t now_us);
void hb_adding(struct hb_node *n, uint64_t now_us);

/* Flow control: how long the ledger rests after each batch. */
void hb_pace_look(struct hb_node *n, uint64_t now_us);

/* Are payments slowed down for a standby that is to be added? Then it gets near. */
bool hb_is_slowed_for_solo(const struct hb_node *n, uint64_t now_us);
/* How many transactions a standby may lack now to be added, and for how long those that it has received may wait to be
 * applied. */
uint64_t hb_add_behind(const struct hb_node *n, uint64_t now_us);
#define ADD_BACKLOG_MS 500

/* What has to hold before a gateway that is not active claims the role, all of it: value, text. */
#define HB_CLAIM_CHECKS(X)                                                                                             \
	X(IN_SYNC, "it is in in_sync: holds every payment that was acknowledged")                                      \
	X(TOKEN, "its copy of the data is the one that the record trusts")                                             \
	X(AWAKE, "it has been up for longer than any lease")                                                           \
	X(PROMISED, "it has promised nobody else to keep still")                                                       \
	X(REPLICATIOND, "replicationd reports")                                                                        \
	X(LEDGERD, "ledgerd reports")                                                                                  \
	X(WHOLE, "replicationd can do its part")                                                                       \
	X(SILENCE, "the active has not asked for its lease for longer than that runs")                                 \
	X(FIT, "its database is up and works")
enum hb_claim_check {
#define X(id, text) HB_CLAIM_##id,
	HB_CLAIM_CHECKS(X)
#undef X
	    HB_CLAIM_CHECKS_COUNT
};
bool hb_claim_check(const struct hb_node *n, enum hb_claim_check which, uint64_t now_us);
/* When it claims, if the active is not heard again before. */
uint64_t hb_claim_from_us(const struct hb_node *n);

/* Has this node received nearly all that the active has, as far as it has heard? Less will do while the order says that it has. */
bool hb_is_near(const struct hb_node *n, uint64_t now_us);
bool hb_is_lost(const struct hb_node *n, uint8_t m, uint64_t now_us);

/* node_fit.c: can this node do its work? Name; may it keep the role when nobody else is better; what it says. */
#define HB_ILLS(X)                                                                                                     \
	X(NONE, true, "")                                                                                              \
	X(REGISTER_STUCK, false, "the register cannot be written: look at the disk of /var/lib/holdfast/heartbeat")    \
	X(REPLICATION_SILENT, false, "no word from replicationd: systemctl status holdfast-replicationd")              \
	X(REPLICATION_DIES, false, "replicationd dies again and again: journalctl -u holdfast-replicationd")           \
	X(REPLICATION_FAILED, false, "replication has failed: journalctl -u holdfast-replicationd")                    \
	X(LEDGER_SILENT, false, "no word from ledgerd: systemctl status holdfast-ledgerd")                             \
	X(LEDGER_DIES, false, "ledgerd dies again and again: journalctl -u holdfast-ledgerd")                          \
	X(LEDGER_STUCK, false, "the ledger cannot use the database: journalctl -u holdfast-ledgerd")                   \
	X(DATABASE_DIES, false, "mariadbd dies again and again: journalctl -u mariadb")                                \
	X(DATABASE_MUTE, false, "mariadbd does not answer: systemctl status mariadb")                                  \
	X(COMMIT_STUCK, false, "a COMMIT does not return: look at the disk of the database")                           \
	X(OBSERVES, false, "observe-only is set: it follows and votes, and does not take the role")                    \
	X(LEAKED, true,                                                                                                \
	    "the other lacks a payment: who switched semi-sync off, or killed a query that waited for it?")            \
	X(EDGE_SILENT, true, "HAProxy does not answer: systemctl status haproxy")                                      \
	X(EDGE_DIES, true, "HAProxy dies again and again: journalctl -u haproxy")                                      \
	X(ADDRESS_MISSING, true, "serves, but the address is not here: systemctl status keepalived")                   \
	X(ADDRESS_DEAF, true, "keepalived does not listen: systemctl status keepalived")                               \
	X(ADDRESS_FAILED, true, "could not take the address less than 30 s ago: journalctl -u keepalived")
enum hb_ill {
#define X(id, keeps, text) HB_ILL_##id,
	HB_ILLS(X)
#undef X
	    HB_ILL_COUNT
};
enum hb_ill hb_ill(const struct hb_node *n, uint64_t now_us);
const char *hb_ill_text(unsigned ill);
bool hb_fit_to_renew(const struct hb_node *n, uint64_t now_us);
bool hb_is_sick(const struct hb_node *n, uint64_t now_us);

/* Could it do the work of the active? */
bool hb_is_fit(const struct hb_node *n, uint64_t now_us);
/* Could it be handed the role? Not while its ledger is away, be it for a moment, or told to end: nobody would answer meanwhile. */
bool hb_takes_over(const struct hb_node *n, uint64_t now_us);

/* Each step: asked: keepalived is told to hold the address here. */
void hb_address_look(struct hb_node *n, bool asked, uint64_t now_us);

/* A report, NULL: the daemon is gone. */
void hb_take_replication(struct hb_node *n, const struct repl_report *r, uint64_t now_us);
void hb_take_ledger(struct hb_node *n, const struct ledger_report *r, uint64_t now_us);

/* node_members.c */
/* Has anything come from m, another one, within that time? */
bool hb_heard(const struct hb_node *n, uint8_t m, uint64_t within_us, uint64_t now_us);
/* Does m answer now? It counts as lost only after the peer timeout, which may be a minute: nothing that an operator asks for is
 * begun with it meanwhile. */
bool hb_answers(const struct hb_node *n, uint8_t m, uint64_t now_us);
/* "nobody" for one who is none. */
const char *hb_member_name(const struct hb_node *n, uint8_t m);
/* false, and why: "NAME because". */
bool hb_refuse(const struct hb_node *n, uint8_t m, const char *because, char why[LOCAL_REASON_BYTES]);

/* The lowest HB_LEVEL of all members' releases, as far as it is known: 0 while one has not been heard in its present life. */
uint8_t hb_level(const struct hb_node *n);
/* The first member that is not known to be of that level or a later one; HB_NOBODY: all are. */
uint8_t hb_member_below(const struct hb_node *n, uint8_t level);

/* The first member, or the replica, that is known to be below that level; NULL: none is, as far as it is known. */
const char *hb_name_below(const struct hb_node *n, uint8_t level);

/* Is every member heard, within the peer timeout? What all have to accept is not begun otherwise. */
bool hb_all_are_heard(const struct hb_node *n, uint64_t now_us);
/* The first member, but that one, that is not heard; HB_NOBODY: all are. */
uint8_t hb_unheard(const struct hb_node *n, uint8_t but, uint64_t now_us);

/* Every release understands that address: it is of IPv4, or none. */
bool hb_is_plain(const struct ip *address);

/* Do the releases of all members, and of the replica, understand a record with that address? Those before IPv6 cannot even pass one on. */
bool hb_may_tell_address(const struct hb_node *n, const struct ip *address);
/* What the record may say of that second address: none as long as a member would not understand it. */
struct ip hb_second_address_to_tell(const struct hb_node *n, const struct ip *its);

/* Does the record tell another second address than all members do? Then *c says for whom, and which. */
bool hb_wants_address(const struct hb_node *n, uint64_t now_us, struct hb_change *c);

/* The other gateway, or HB_NOBODY. */
uint8_t hb_other_gateway(const struct hb_node *n);

/* node_drain.c: C6. */
bool hb_drain_begin(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
/* Our ledger was told to end, by systemctl for one, and goes on for a while: as if an operator had asked for it, again and again. */
void hb_drain_for_ledger(struct hb_node *n, uint64_t now_us);
/* Each step: takes note of what has been reached, calls it off when that will not be. */
void hb_drain_look(struct hb_node *n, uint64_t now_us);
/* Before hb_learn() takes the record. */
void hb_drain_learn(struct hb_node *n, const struct hb_record *r, uint64_t now_us);
/* May our own acceptor be given the record that names another? */
bool hb_drain_passes(struct hb_node *n, uint64_t now_us);
/* Is one under way, and nothing known against it? */
bool hb_drain_stands(const struct hb_node *n, uint64_t now_us);
/* Does the address stay here while the role is handed over? */
bool hb_drain_keeps_address(const struct hb_node *n, uint64_t now_us);

/* What it waits for, in words. */
const char *hb_drain_waits(const struct hb_node *n, uint64_t now_us);

/* Why this node does not take a wish that changes the role or in_sync now; NULL: it does. */
const char *hb_drain_not_now(const struct hb_node *n, uint64_t now_us);

/* node_replace.c. Whose place the joiner may take now, HB_NOBODY: nobody's. */
bool hb_replace_begin(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
uint8_t hb_replaces(const struct hb_node *n, const struct hb_member *joiner, uint64_t now_us);

/* node_maintain.c: members that are out of service at an operator's word. */
bool hb_maintain_on(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
bool hb_maintain_off(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
/* Each step: forgets what is done, and what could not be done for long. */
void hb_maintain_look(struct hb_node *n, uint64_t now_us);
bool hb_wants_maintain(const struct hb_node *n, struct hb_change *c);
/* Is another in in_sync that is in maintenance? */
bool hb_maintain_drops(const struct hb_node *n);

/* node_confirm.c: whose acknowledgement is one (C4). */
/* Each step: takes note of who has learned that its copy counts. */
void hb_confirmed_look(struct hb_node *n);
/* Has every other copy that counts? */
bool hb_is_confirmed(const struct hb_node *n);

/* node_leak.c: what semi-sync let through (R10). */
/* Each step: takes note of what was reported, and of what the other has received since. */
void hb_leak_look(struct hb_node *n, uint64_t now_us);
/* Is there something in the database that counts as acknowledged, and that the other is not known to have? */
bool hb_leaks(const struct hb_node *n);

/* node_force.c: what an operator forces, once. */
bool hb_force_solo(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
/* Each step: forgets what is done, and what could not be done for long. */
void hb_force_look(struct hb_node *n, uint64_t now_us);
/* Shall the active write SOLO at an operator's word? */
bool hb_wants_solo(const struct hb_node *n);

/* node_stand.c: the last resort, at the gateway that is to be active. */
bool hb_stand_in(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
/* Each step: called off when what it rests on is gone. */
void hb_stand_look(struct hb_node *n, uint64_t now_us);
/* Has the database to keep what the record may be about to trust? */
bool hb_stands_in(const struct hb_node *n, uint64_t now_us);
/* Is all ready for FORCE? Then *c is what it needs. */
bool hb_wants_force(const struct hb_node *n, uint64_t now_us, struct hb_change *c);
/* Bit n: this member has heard member n lately, or cannot say. */
uint8_t hb_hears(const struct hb_node *n, uint64_t now_us);

/* node_command.c: operators. */
void hb_command_take(struct hb_node *n, const struct hb_command *c, uint64_t now_us, struct hb_output *out);
void hb_command_message(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out);
void hb_command_answered(struct hb_node *n, const struct hb_message *m, struct hb_output *out);
void hb_command_tick(struct hb_node *n, uint64_t now_us, struct hb_output *out);

/* node_replica.c: a replica, whole. Nothing of the core is in it but what it hears: no acceptor, no proposer, no lease. */
void hb_replica_start(struct hb_node *n, uint64_t now_us);
void hb_replica_step(struct hb_node *n, const struct hb_input *in, struct hb_output *out);
#define HB_REPLICA_QUIET_US 3000000 /* who was not heard for so long is silent (node_stand.c) */
bool hb_replica_hears(const struct hb_node *n, uint8_t m, uint64_t within_us, uint64_t now_us);

/* node_replica_stand.c: its promotion, at an operator's word. */
void hb_replica_command(struct hb_node *n, const struct hb_command *c, uint64_t now_us, struct hb_verdict *ret);
void hb_replica_look_at_word(struct hb_node *n, uint64_t now_us);

/* What may follow the word of a command; digits only, 0: it is no number. */
uint64_t hb_parse_number(const char *text);

/* node_given_up.c: the end of a member whose cluster was given up. */
void hb_given_up_take(struct hb_node *n, const struct hb_message *m);
void hb_given_up_step(struct hb_node *n, const struct hb_input *in, struct hb_output *out);

/* node_watcher.c: what a member makes of one. */
void hb_watcher_take(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out);

/* node_out.c: what is everybody told? */
void hb_count_order(
    struct hb_node *n, uint64_t now_us, struct repl_order *o); /* gives it its generation, and keeps it */
struct hb_message *hb_beat(struct hb_node *n, uint8_t to, uint64_t now_us, struct hb_outbox *out);
void hb_tell_members(struct hb_node *n, uint64_t now_us, struct hb_outbox *out);
void hb_tell_host(struct hb_node *n, uint64_t now_us, struct hb_output *out);

static inline bool hb_mine(const struct hb_node *n)
{
	return n->known.members && n->known.active == n->self && n->my_epoch == n->known.epoch;
}

/* Does our own acceptor name us? If not, as with a hand-over that nobody else has accepted yet, no lease is possible. */
static inline bool hb_has_own_vote(const struct hb_node *n)
{
	const struct hb_record *mine = &n->acceptor.reg.accepted;

	return mine->active == n->self && mine->epoch == n->my_epoch;
}

static inline bool hb_is_draining(const struct hb_node *n)
{
	return n->drain.generation != 0;
}

/* Is the round under way that of a planned hand-over? Then its gate closes when the ledger rests, not before. */
static inline bool hb_drain_owns(const struct hb_node *n)
{
	const struct hb_proposer *p = &n->proposer;

	return p->step == HB_STEP_CLOSE_GATE && p->applied && p->change.kind == HB_CHANGE_HAND && p->change.keep;
}

static inline bool hb_repl_fresh(const struct hb_node *n, uint64_t now_us)
{
	return n->repl_us && now_us - n->repl_us < FIT_REPORT_US;
}

static inline bool hb_ledger_fresh(const struct hb_node *n, uint64_t now_us)
{
	return n->ledger_us && now_us - n->ledger_us < FIT_REPORT_US;
}

/* The same of a report at at_us, not counting the time since then in which we were not there to hear of another. */
static inline bool hb_is_known(uint64_t at_us, uint64_t missed_us, uint64_t now_us)
{
	return at_us && now_us - at_us - missed_us < FIT_REPORT_US;
}

/* The union rule (S4): must a commit be acknowledged by another, under any record that is or may become chosen? */
static inline bool hb_must_be_acknowledged(const struct hb_node *n)
{
	uint8_t known = n->known.in_sync, accepted = n->acceptor.reg.accepted.in_sync;
	uint8_t pending = n->proposer.pending ? n->proposer.pending_in_sync : 0;
	uint8_t in_sync =
	    GUARDED(M05_RELEASE_BEFORE_CHOSEN, known, 0) | GUARDED(M06_UNION_IGNORED, accepted | pending, 0);

	return in_sync != (uint8_t)(1u << n->self);
}

static inline bool hb_token_good(const struct hb_node *n)
{
	return hb_in_sync(&n->known, n->self) &&
	       GUARD(M15_TOKEN_IGNORED_IN_CLAIM, token_equal(&n->known.token[n->self], &n->repl.token));
}

#endif
