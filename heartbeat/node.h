/*
 * One member, whole: acceptor, proposer, lease and role put together. Everything that can happen is an input with its
 * time; everything the shell has to do is in the output. No socket, no clock, no disk, no allocation, no log.
 */
#ifndef HOLDFAST_HEARTBEAT_NODE_H
#define HOLDFAST_HEARTBEAT_NODE_H

#include "heartbeat/acceptor.h"
#include "heartbeat/command.h"
#include "heartbeat/deaths.h"
#include "heartbeat/lease.h"
#include "heartbeat/pace.h"
#include "heartbeat/proposer.h"
#include "heartbeat/role.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/transition.h"

struct hb_settings {
	uint64_t interval_us, lease_us;
	uint64_t peer_timeout_us; /* for a standby that does not acknowledge; see hb_silence_us */
	uint64_t
	    max_backlog_us; /* how long the standby may take to apply what it has received; 0: as long as it likes */
	struct ip address;  /* of this member */
	struct ip second_address; /* the same on a second network; none: it has none */
	uint16_t port;
	uint8_t witnesses; /* so many are admitted */
	bool observe_only; /* decides, says so, and does nothing */
	bool replica;	   /* none of the members: it asks them, and follows (heartbeat/node_replica.c) */
};

struct hb_peer {
	bool heard;
	uint64_t instance; /* whose messages these were: another one may have its place since */
	uint64_t boot;
	uint64_t life_us;   /* our clock: first message of its present life */
	uint64_t heard_us;  /* last message of any kind */
	uint64_t missed_us; /* of the time since then we were not there ourselves */
	uint64_t stamp_us;  /* its clock, to be echoed */
	/* Since when it holds, or has promised, what keeps it from accepting the chosen record; 0: not. */
	uint64_t lagging_us;
	struct hb_ballot accepted_ballot; /* of what its acceptor holds, as far as heard since */
	uint64_t accepted_us;
	struct hb_facts facts;
	uint64_t counts_version; /* of the record that it goes by, if it counts as a copy there; 0: it does not */
	struct hb_ballot says;	 /* to a replica: at which the record was chosen that it goes by */
};

struct hb_refused { /* the last that asked for admission and is refused: for show */
	struct hb_member who;
	uint8_t level;	   /* HB_LEVEL of its release */
	const char *why;   /* in words; NULL: none was refused */
	const char *older; /* a member, or the replica, of an older release, because of which; NULL: none */
	uint64_t at_us;
};

struct hb_watcher {		 /* the replica, as it told of itself last */
	struct hb_member member; /* name "": none was heard in this life of ours */
	uint64_t boot, stamp_us; /* of its */
	uint64_t heard_us;
	struct hb_facts facts;
};

struct hb_reading { /* answers to READ: while booting, or to end an amnesia */
	uint8_t answers;
	struct hb_ballot promised[HB_MEMBERS_MAX], accepted_ballot[HB_MEMBERS_MAX];
	struct hb_record accepted[HB_MEMBERS_MAX];
	uint64_t again_us, began_us;
};

struct hb_drain {	     /* C6, under way */
	uint64_t generation; /* 0: none */
	uint64_t began_us;
	uint8_t to;
	bool rests;    /* the ledger begins nothing and has answered what it had begun: the gate closes */
	bool maintain; /* this node goes into maintenance by it */
	bool passed;   /* all was shown, and our own acceptor is given the record */
};

struct hb_maintain { /* an operator's wish that the record does not say yet: bits by member */
	uint8_t on, off;
	uint64_t since_us;
};

struct hb_replace {	   /* an operator's word that a member is gone for good, in this life and epoch of ours only */
	uint64_t instance; /* of that member; 0: none */
	uint64_t epoch;
	uint64_t until_us;
	uint8_t target;
};

struct hb_force {	/* an operator's word, for this epoch only */
	uint64_t epoch; /* 0: none */
	uint64_t since_us;
};

struct hb_leak {	     /* R10 */
	uint64_t epoch;	     /* of ours; what follows is about it */
	struct gtid at;	     /* what semi-sync let through lies at or below; seq 0: nothing was */
	struct gtid settled; /* up to here it is on two disks, or one copy is what is promised */
	uint64_t since_us;   /* since when payments wait for that; 0: they do not */
};

struct hb_stand {	  /* an operator's word that this node shall be active, whatever is lost */
	uint64_t version; /* of the record that it was said about; 0: none */
	uint64_t since_us;
	unsigned words;	      /* that were taken, this one included */
	uint64_t why_version; /* of the record, when the last one was called off */
	char why[LOCAL_REASON_BYTES];
};

struct hb_node {
	struct hb_settings settings;
	struct hb_acceptor acceptor;
	struct hb_proposer proposer;
	struct hb_lease lease;
	struct hb_peer peer[HB_MEMBERS_MAX];
	struct hb_reading reading;
	uint8_t self; /* member number; HB_NOBODY until admitted */

	bool booted; /* the record was read from a majority, or chosen by us, in this life */
	struct hb_ballot known_ballot;
	struct hb_record known; /* known chosen; members == 0: nothing known */

	enum hb_state state;
	enum hb_situation situation;
	uint64_t my_epoch; /* the epoch that this life of ours claimed or was handed; 0 none */
	bool opened;	   /* the database was open for my_epoch */
	bool serving;	   /* barrier passed, nothing forbids answers; the gate depends on the lease besides */
	uint64_t epoch_us; /* when my_epoch became ours */
	uint64_t
	    served_us; /* for show: when payments were last answered, by whomever the record named; 0: that is not known */
	uint64_t leased_us;    /* when it last had the lease of my_epoch */
	uint64_t row_waits_us; /* since when the epoch row waits; 0: it does not */
	uint64_t renewed_us; /* last lease request heard from the active; later by as long as we were not there since */
	uint64_t claim_us;   /* when we first tried to claim after that; before it: not yet */
	uint64_t unopened_us; /* since when the report no longer shows my_epoch opened; 0: it does */
	uint64_t claim_jitter_us;
	uint64_t stepped_us;	     /* last step */
	uint64_t woke_us, absent_us; /* end and length of the last time that we were not there; 0 none */
	uint64_t unchosen_us;	 /* since when payments wait for a change of ours that is not chosen; 0: they do not */
	uint64_t unwritten_us;	 /* when a write of the register was last seen to take FIT_REGISTER_SLOW_US */
	uint64_t unknown_us;	 /* since when the own acceptor holds what is not known to be chosen; 0: it does not */
	struct repl_order order; /* as told last */
	bool adding;		 /* semi-sync is on for a standby that is to be added */
	uint64_t follower_us;	 /* since when a standby that could be added follows; 0 none */
	uint64_t add_again_us;
	struct hb_pace pace;
	uint64_t catches_up_us; /* since when a standby that is to be added follows; 0: none, or it is in in_sync */
	struct gtid
	    add_above; /* our log when the last standby was lost: the next one must have that before we wait for it */
	uint64_t vip_grace_us;
	struct hb_moments moments;	  /* of my_epoch */
	struct hb_transition moved;	  /* the last opening by this node */
	uint8_t moved_from, moved_reason; /* of the epoch that is known */
	struct hb_maintain maintain;
	struct hb_replace replace;
	struct hb_force force;
	struct hb_stand stand;
	char stand_note
	    [LOCAL_REASON_BYTES];  /* what became of the last one that was called off, until the record changes */
	enum hb_change_kind would; /* observe-only: what it would do now; NONE: nothing */
	uint8_t would_reason;
	struct hb_drain drain;
	struct hb_leak leak;
	uint8_t confirmed; /* bits: copies that count, and go by a record in which they do */
	uint64_t counts_since
	    [HB_MEMBERS_MAX]; /* version of the first record of ours in which it counts without a break; 0: it does not */
	char drain_note[LOCAL_REASON_BYTES]; /* why the last one was called off, for a while */
	uint64_t drain_note_us;
	uint64_t handed_epoch;	 /* in which the record names another because we handed over, drained; 0 none */
	uint64_t vip_until_us;	 /* the address stays until then after that, for what waits to be answered */
	bool vip_waits;		 /* handed to us: the old one still answers by the address */
	struct hb_command asked; /* passed on to the active, not answered yet; id 0: none */
	uint8_t asked_of;
	uint64_t asked_until_us, asked_again_us;
	struct hb_verdict given[HB_VERDICTS]; /* the last ones given here */
	unsigned given_next;
	bool join_wanted;
	const char *join_refused; /* us: why, in words; NULL: it is not known that we are */
	uint64_t join_us;	  /* when the joiner asked last */
	struct hb_member joiner;
	struct hb_refused refused;
	uint64_t displaced_us; /* when a record was heard of last in which our place is another's; for show; 0: never */
	bool name_of_host;     /* set by the shell before a JOIN or a WATCH: a worker host has the name of who asks */
	struct hb_watcher watcher;
	struct {		/* this cluster was, for what a promoted replica has (heartbeat/node_given_up.c) */
		uint64_t epoch; /* of that one's; 0: it was not */
		struct gtid at; /* where its history goes on */
		char by[HB_NAME_BYTES];
		bool saved; /* nothing is here any more that replicationd has still to export */
	} given_up;
	struct { /* of a replica, about itself */
		uint64_t again_us;
		uint64_t since_us;		  /* it listens */
		uint64_t sign_us[HB_MEMBERS_MAX]; /* of that member something came last that cannot be read; 0: never */
		uint8_t sign[HB_MEMBERS_MAX];	  /* enum hb_replica_sign, of that */
		char refused[LOCAL_REASON_BYTES]; /* a member's word why it does not answer */
		uint64_t refused_us;
		bool promoted; /* its register is that of a cluster of its own by now */
	} replica;

	struct repl_report repl;
	uint64_t repl_us;			   /* 0: not connected */
	uint64_t repl_missed_us, ledger_missed_us; /* as struct hb_peer.missed_us */
	struct ledger_report ledger;
	uint64_t ledger_us;
	bool repl_away, ledger_away; /* it hung up, and has not come back */
	struct hb_deaths replication_deaths, ledger_deaths, database_deaths, edge_deaths;
	uint64_t high_water_epoch;
	struct gtid high_water;

	uint64_t gate_until_us;
	uint64_t close_generation;
	uint64_t closing_until_us; /* the last gate deadline given out before it was closed */

	bool holds_vip;		/* set by the shell */
	bool vip_watched;	/* the same: it is known where the address is; false: holds_vip says nothing */
	uint64_t vip_deaf_us;	/* the same: since when keepalived has not read our word; 0: it has */
	const char *host_alarm; /* the same: what is wrong with the address on this host; NULL or "": nothing */
	/* The same: since when a write of the register has not ended; 0: none waits. */
	uint64_t storing_since_us;
	uint64_t no_vip_us;	/* since when it serves without the address that it asks for; 0: it does not */
	uint64_t vip_failed_us; /* when it last did so for too long with a keepalived that listens; 0: not since */
	unsigned vip_failures;	/* so often, without having had it in between */
	uint64_t persisted;	/* generation of the register that is on disk */
	uint64_t beat_us;
	bool beat_now;
	uint64_t granted_us, granted_for_us; /* when this member granted a lease to another, for how long; 0: never */
	char reason[LOCAL_REASON_BYTES];
};

enum hb_input_kind {
	HB_IN_TICK, /* at hb_node_due_us(), if nothing else came before */
	HB_IN_MESSAGE,
	HB_IN_PERSISTED,
	HB_IN_REPLICATION, /* a report; NULL: replicationd is gone */
	HB_IN_LEDGER,	   /* the same of ledgerd */
	HB_IN_COMMAND,	   /* of an operator; its answer is a verdict of this output or a later one */
};

struct hb_input {
	enum hb_input_kind kind;
	uint64_t now_us;  /* CLOCK_BOOTTIME */
	uint64_t wall_ms; /* CLOCK_REALTIME, for show only */
	union {
		const struct hb_message *message;
		uint64_t persisted;
		const struct repl_report *repl;
		const struct ledger_report *ledger;
		const struct hb_command *command;
	};
};

struct hb_output {
	struct hb_outbox outbox;
	bool persist;		 /* node->acceptor.reg at node->acceptor.generation has to go to disk */
	struct repl_order order; /* what replicationd is to be told now; compare with what it was told last */
	struct role_view view;	 /* for the role page */
	uint64_t close_generation;
	bool vip;		     /* this node should hold the address */
	const struct hb_rule *moved; /* NULL: the state did not change */
	enum hb_state moved_from;
	bool chosen;		   /* a record became known; node->known */
	bool observed;		   /* observe-only: it would do something since now; node->would */
	struct hb_verdict verdict; /* id 0: none */
};

/* reg: from disk. seed: for back-off. A member whose register is not admitted asks for admission. */
void hb_node_start(
    struct hb_node *n, const struct hb_settings *s, const struct hb_register *reg, uint64_t seed, uint64_t now_us);

void hb_node_step(struct hb_node *n, const struct hb_input *in, struct hb_output *out);

/* When the next step must be, if no input comes before: later than now_us, and not by more than an interval or 50 ms. */
uint64_t hb_node_due_us(const struct hb_node *n, uint64_t now_us);

/* How long a standby may be silent before the active goes on alone (C3): three fifths of peer_timeout_us, and three heartbeats at
 * least. A commit that is not acknowledged tells less, as TCP alone repeats what was lost only after 0.2 s and then 0.4, and so
 * has all of it. */
uint64_t hb_silence_us(const struct hb_settings *s);

/* LEASE and SOLE of protocol.md section 1. */
bool hb_node_has_lease(const struct hb_node *n, uint64_t now_us);
bool hb_node_is_sole(const struct hb_node *n);

/* For show: the record that is told has another in our place, or none is told: since our start the members answer us as they answer a stranger
 * (heartbeat/daemon_net.c), and in their record our place is another's, or at another address. */
bool hb_is_stranger(const struct hb_node *n, uint64_t now_us);

/* What this member tells the others about itself. */
void hb_node_facts(const struct hb_node *n, uint64_t now_us, struct hb_facts *ret);

#endif
