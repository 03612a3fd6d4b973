/*
 * Messages between heartbeatd and the other daemons of the same host: one fixed struct a packet on a SOCK_SEQPACKET
 * unix socket, /run/holdfast/heartbeatd.sock. Both ends come from one package; a packet of another version is refused.
 *
 * The daemons are told a wish, not a step: an order is complete, replaces the one before, and is sent again at every
 * (re)connection. Reports are complete too and are sent at least every 100 ms and at once when something changed.
 */
#ifndef HOLDFAST_HEARTBEAT_LOCAL_H
#define HOLDFAST_HEARTBEAT_LOCAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "heartbeat/gtid.h"

#define LOCAL_SOCKET "/run/holdfast/heartbeatd.sock"
#define LOCAL_VERSION 6
#define LOCAL_REASON_BYTES 120
#define LOCAL_TEXT_BYTES 8192

/* Data token (doc/protocol.md, "What is kept"): a random number beside the data; all zero: none. */
#define TOKEN_BYTES 16
struct token {
	uint8_t byte[TOKEN_BYTES];
};

enum local_type {
	LOCAL_HELLO = 1,   /* client -> heartbeatd, first packet: struct local_hello */
	LOCAL_REPLICATION, /* replicationd -> heartbeatd: struct repl_report */
	LOCAL_LEDGER,	   /* ledgerd -> heartbeatd: struct ledger_report */
	LOCAL_ORDER,	   /* heartbeatd -> replicationd: struct repl_order */
	LOCAL_GATE,	   /* heartbeatd -> ledgerd: struct ledger_gate; the role page has changed, read it */
	LOCAL_ASK,	   /* holdfastctl -> heartbeatd: struct local_text, a command such as "status" */
	LOCAL_ANSWER,	   /* heartbeatd -> holdfastctl: struct local_text, JSON, a packet each until `last` */
};

enum local_client { LOCAL_CLIENT_REPLICATIOND = 1, LOCAL_CLIENT_LEDGERD, LOCAL_CLIENT_WORKERD, LOCAL_CLIENT_CTL };

struct local_header {
	uint16_t version; /* LOCAL_VERSION */
	uint16_t type;	  /* enum local_type */
};

struct local_hello {
	struct local_header header;
	uint32_t client; /* enum local_client */
};

/* What heartbeatd wants the database of this node to be. */
enum repl_want {
	REPL_WANT_NOTHING,    /* the record is not known yet: change nothing, start nothing */
	REPL_WANT_DOWN,	      /* fenced: mariadbd is SIGKILLed (R7) and stays down */
	REPL_WANT_FOLLOW_OUT, /* outside in_sync, `active` is open: B1 (export tail, destroy token, SLAVE start if dirty or
				 down; re-seed when no prefix), then follow `active` */
	REPL_WANT_HOLD_IN, /* in in_sync, nobody to follow now: up as MASTER, read only, relay closed, nothing destroyed */
	REPL_WANT_FOLLOW_IN, /* in in_sync, token valid: B2 (MASTER start, salvage), then follow `active` */
	REPL_WANT_PROMOTE,  /* C1: start MASTER if down; relay closed, IO thread stopped, verified; relay applied to its
				 end; then report drained_epoch = epoch */
	REPL_WANT_OPEN,	    /* C2: semi-sync as `semi_sync` says; dirty (fsync); epoch row; read_only=0; then report
				 opened_epoch = epoch. Afterwards `semi_sync` may change at any time */
	REPL_WANT_DRAIN,    /* C6: open, the ledger at rest: read_only=1, semi-sync as it is; then report REPL_QUIET */
	REPL_WANT_STAND_IN, /* outside in_sync, the last resort: follows nobody, applies all that was received, makes it
			       durable, has a token; then report REPL_DRAINED */
	REPL_WANT_REPLICA, /* a replica beside the pair: up as SLAVE, read only, no token; follows `active` (its source, "" none:
			       it rests) once all of its history is found in that one's */
	REPL_WANT_GIVEN_UP, /* the cluster was given up for another history: what lies above active_opened_at is exported, the token
			       destroyed, and the database is down for good */
};

#define REPL_REPLICA 100 /* `self` of a replica, where a member has its number (heartbeat/replica.h) */

struct repl_order {
	struct local_header header;
	uint32_t want;		      /* enum repl_want */
	uint64_t generation;	      /* of the order: another one for each that differs, in this life of heartbeatd */
	uint64_t epoch;		      /* of the record */
	uint8_t self, active;	      /* member numbers; mariadb server_id = member number + 1 */
	uint8_t semi_sync;	      /* WANT_OPEN: rpl_semi_sync_master_enabled. R4: 0 only when known safe */
	uint8_t near;		      /* what we received is close to the end of the active's log, as last heard */
	uint8_t open;		      /* the record is open */
	uint8_t hurry;		      /* somebody waits for the next report: look often */
	uint8_t copy_from;	      /* WANT_REPLICA: member that may be asked for a fresh copy now; 255 nobody */
	char active_address[48];      /* numeric */
	struct gtid active_opened_at; /* gtid_binlog_pos of the active when it opened `epoch`, seq 0 unknown: our binlog
					 above it was never acknowledged (R11) */
	char member_name[5][16];      /* names of the members by number, "" none */
};

enum repl_state {
	REPL_DOWN, /* mariadbd does not run */
	REPL_STARTING,
	REPL_SEEDING,
	REPL_IDLE, /* up, read only, follows nobody */
	REPL_SALVAGING,
	REPL_FOLLOWING, /* up, read only, follows order.active in order.epoch */
	REPL_PROMOTING,
	REPL_DRAINED, /* promotion steps done, read only still */
	REPL_OPEN,    /* read_only=0 for opened_epoch */
	REPL_FAILED,  /* reason says why; tried again when that makes sense */
	REPL_QUIET,   /* read_only=1 for a hand-over */
};

struct repl_report {
	struct local_header header;
	uint32_t state;	      /* enum repl_state */
	uint8_t fit;	      /* the database answers, its disk and threads work (R13); waiting for an ACK is fit */
	uint8_t db_up;	      /* mariadbd accepts connections */
	uint8_t dirty;	      /* protocol.md section 1: set before read_only=0, cleared by SLAVE start or re-seed */
	uint8_t semi_sync;    /* rpl_semi_sync_master_enabled as read back from the server */
	uint8_t semi_clients; /* Rpl_semi_sync_master_clients */
	uint8_t semi_waits;   /* a transaction waits for its acknowledgement: Rpl_semi_sync_master_wait_sessions > 0 */
	uint8_t row_waits;    /* the epoch row's COMMIT was sent and has not returned */
	uint8_t following;    /* IO thread connected through our relay and SQL thread running without error */
	/* CLOCK_BOOTTIME when the look at the server began that all of this is from: what it shows was true then, and may not be
	 * any more if the server hangs. */
	uint64_t looked_us;
	/* Of the order under which all of this was looked at. One thread takes orders, steps and looks, so nothing that an
	 * earlier order wanted can still happen after this report. */
	uint64_t order_generation;
	uint64_t cut_epoch; /* epoch of the PROMOTE under which the path of acknowledgements was found cut; 0 none */
	uint64_t drained_epoch; /* last epoch for which PROMOTE ended well; 0 none */
	uint64_t opened_epoch;	/* last epoch for which OPEN ended well in this life of mariadbd; 0 none */
	uint64_t follow_epoch;	/* epoch of the order under which the present IO connection was made; 0 none */
	struct token token;	/* beside the data now; zero: none */
	struct gtid binlog;	/* @@gtid_binlog_pos */
	struct gtid received;	/* Gtid_IO_Pos, from the same connection as follow_epoch; seq 0 unknown */
	struct gtid applied;	/* max of gtid_slave_pos and gtid_binlog_pos */
	struct gtid sync_mark;	/* R5: @@gtid_binlog_pos read after semi-sync was found on for opened_epoch; valid if
				   semi_sync and sync_marked */
	uint8_t sync_marked;
	uint8_t parted;	     /* its log has what that of the active of its time has not */
	uint8_t leaks;	     /* R10: semi-sync let something through just now; how far that reaches is not known yet */
	uint8_t stuck;	     /* of a replica: what it received it cannot apply; reason says why */
	uint8_t astray;	     /* of a replica: above astray_seq its history is not the pair's, as far as it has looked */
	uint32_t backlog_ms; /* received but not applied, as time */
	uint64_t astray_seq;
	uint64_t compared_epoch; /* of a replica: it looked last under an order of this epoch; 0: not at this copy */
	struct gtid leaked;	 /* R10: what semi-sync let through in opened_epoch lies at or below; seq 0: nothing */
	struct gtid opened_at;	 /* gtid_binlog_pos at the moment of opening opened_epoch, before the epoch row */
	char reason[LOCAL_REASON_BYTES]; /* why it is not where it should be; "" when it is */
	char notice[LOCAL_REASON_BYTES]; /* what an operator should know all the same; "" nothing */
};

#define LEDGER_LEAVES_US 3000000

struct ledger_report {
	struct local_header header;
	uint8_t fit;	   /* works; waiting for a COMMIT is fit */
	uint8_t ready;	   /* warm: connected to the database, waiting for the role */
	uint8_t edge_gone; /* edge_silent_us: it refused the connection; 0: it took it and said nothing */
	uint8_t leaves; /* it was told to end, and goes on until the role is elsewhere, for LEDGER_LEAVES_US at most */
	uint64_t barrier_epoch;		 /* opening barrier committed for this epoch (R6); 0 none */
	uint64_t gate_closed_generation; /* last ledger_gate.close_generation after which nothing was answered */
	uint64_t rest_generation; /* role_view.drain_generation under which no batch is under way, and none begins */
	uint64_t edge_silent_us;  /* since when HAProxy of this host does not answer; 0: it does */
	uint64_t commit_since_us; /* CLOCK_BOOTTIME when the COMMIT now in flight was sent; 0: none in flight */
	uint64_t answered_epoch;  /* high-water: epoch and GTID of the last batch that got COMMIT OK */
	struct gtid answered;
	uint64_t first_us; /* CLOCK_BOOTTIME of the first batch of payments in answered_epoch; 0: none yet */
	char reason[LOCAL_REASON_BYTES];
};

struct ledger_gate {
	struct local_header header;
	uint32_t reserved;
	uint64_t close_generation; /* when it grows: answer nothing more under the old view, confirm in the report */
};

struct local_text {
	struct local_header header;
	uint32_t last; /* 1: no packet follows */
	char text[LOCAL_TEXT_BYTES];
};

static inline bool token_is_none(const struct token *t)
{
	for (unsigned i = 0; i < TOKEN_BYTES; i++)
		if (t->byte[i])
			return false;
	return true;
}

static inline bool token_equal(const struct token *a, const struct token *b)
{
	return memcmp(a->byte, b->byte, TOKEN_BYTES) == 0;
}

#endif
