/* The shell around heartbeat/node.h: sockets, clock, disk and the other daemons of this host. */
#ifndef HOLDFAST_HEARTBEAT_DAEMON_H
#define HOLDFAST_HEARTBEAT_DAEMON_H

#include "heartbeat/address.h"
#include "heartbeat/conf.h"
#include "heartbeat/history.h"
#include "heartbeat/hostseen.h"
#include "heartbeat/ip_socket.h"
#include "heartbeat/keyring.h"
#include "heartbeat/loop.h"
#include "heartbeat/memberlist.h"
#include "heartbeat/node.h"
#include "heartbeat/pairfile.h"
#include "heartbeat/wire.h"

#define DAEMON_CLIENTS_MAX 64
#define DAEMON_HELD_MAX 128
#define DAEMON_VIP_PLACES 8

struct daemon;

struct daemon_client {
	struct daemon *daemon;
	int fd; /* -1: free */
	uint32_t uid;
	enum local_client kind; /* 0 until it said hello */
	uint64_t since_us;
	uint64_t command; /* id of the one that it waits for; 0: none */
};

struct daemon_store; /* the thread that writes the register (L8: the loop never waits for a disk) */

struct daemon {
	struct conf conf;
	char state_path[160], keys_path[160], run_dir[108];
	struct loop loop;
	int signals;
	bool stop;
	uint64_t due_us;    /* when the core is to be asked again */
	uint64_t ticked_us; /* the last look at what no message tells */
	int notify;	    /* -1: nobody wants to know */
	uint64_t alive_every_us, alive_us;
	struct wire wire;
	struct keyring_state keys;
	uint8_t box_public[HB_BOX_BYTES], box_secret[HB_BOX_BYTES]; /* of this life */
	uint64_t keys_told_us;					    /* last time that all were told */
	struct hb_node node;
	struct history history;
	uint64_t moved_epoch;		   /* of the last transition that was logged */
	uint64_t leak_us;		   /* leak.since_us when it was logged */
	uint64_t epoch;			   /* the record's, as known last */
	uint64_t epoch_us;		   /* since when: what a gateway told of itself before is not so any more */
	uint32_t lease_ms[HB_MEMBERS_MAX]; /* what each is configured with, as heard; 0: not heard yet */
	struct daemon_store *store;

	struct pairfile pair; /* that a promoted replica has followed (daemon_pair.c); no members: there is none */
	struct wire pair_wire;
	uint64_t pair_told_us;
	uint64_t strangers_us; /* when one whose letter could not be read was answered last */
	uint64_t outcast_since_us, outcast_heard_us, outcast_told_us; /* one that was a member before */
	bool pair_stored;
	bool persist_held; /* the register waits for the pair's file */
	uint64_t pair_again_us;

	struct hostseen hosts; /* the worker hosts, whose names are taken */
	uint64_t hosts_us;     /* when they were read */
	struct hb_refused refused_told;

	int udp[WIRE_PATHS];	/* bound to the address and the second address; -1: there is none */
	union ip_socket sender; /* of the datagram being worked on */
	socklen_t sender_length;
	struct wire_way sender_way;
	unsigned sender_path;
	struct ip seed;
	uint64_t heard_us[HB_MEMBERS_MAX][WIRE_PATHS]; /* last datagram from that member by that path; 0: none */
	struct hb_letter held[DAEMON_HELD_MAX];	       /* wait for the disk, or come back to us */
	unsigned held_count;

	int listener;
	struct daemon_client client[DAEMON_CLIENTS_MAX];
	uint32_t ledger_uid, worker_uid, page_uid;
	uint64_t displaced,
	    displaced_logged_us; /* clients for whom there was no place, since the last line about them */
	struct repl_order order; /* as told last */
	uint64_t close_generation;
	struct rolepage *page;
	struct role_view view;
	uint64_t members_version; /* of the record whose members were looked at last */
	char members_told[MEMBERLIST_BYTES];
	uint64_t members_again_us; /* when the list of members could not be written: not before this time */

	struct ip vip; /* none: this node has none */
	struct address address;
	int vrrp;			     /* as written last: 0 may hold the address, 1 FAULT, -1 not written yet */
	int vrrp_error;			     /* why it could not be written, as logged; 0: it could */
	int route;			     /* rtnetlink */
	bool route_known;		     /* it has told where the address was before */
	uint32_t vip_on[DAEMON_VIP_PLACES];  /* interfaces, 0 none */
	char alarm_text[LOCAL_REASON_BYTES]; /* what node.host_alarm may point to */
	int reads;			     /* inotify: keepalived reads */
};

/* One input to the core, and everything that follows from it. */
void daemon_step(struct daemon *d, struct hb_input *in);

/* daemon_notify.c */
int daemon_notify_open(struct daemon *d, struct errbuf *e);
void daemon_notify_ready(const struct daemon *d);
/* To be called at every turn of the loop; says it as often as systemd wants to hear it. */
void daemon_notify_alive(struct daemon *d, uint64_t now_us);

/* daemon_net.c: 0 or -errno with *e filled. */
int daemon_net_open(struct daemon *d, struct errbuf *e);
void daemon_net_send(struct daemon *d, const struct hb_letter *l);

/* The same to one that is no member of ours, by the first path, sealed with that key of w's. */
void daemon_net_tell(
    struct daemon *d, struct wire *w, uint8_t key, const struct hb_member *to, const struct hb_message *m);

/* daemon_pair.c */
int daemon_pair_open(struct daemon *d, struct errbuf *e); /* 0 or -errno with *e filled */
/* After each step. False: the register must not go to disk yet, for it says that the pair was given up, and whom to tell so is not on disk. */
bool daemon_pair_note(struct daemon *d, uint64_t now_us);
void daemon_pair_look(struct daemon *d, uint64_t now_us);

/* daemon_store.c */
int daemon_store_open(struct daemon *d, struct errbuf *e);
void daemon_store_write(struct daemon *d, const struct hb_register *reg, uint64_t generation);
/* Tells the core since when a write has not ended, and tries the disk now and then: a register that is seldom written would
 * be found out of order only when it is needed. */
void daemon_store_look(struct daemon *d, uint64_t now_us);

void daemon_store_keys(struct daemon *d, const struct keyring *ring, uint64_t generation);

/* daemon_keys.c: which keys the heartbeats are sealed with. cluster_key is still the caller's. 0 or -errno with *e filled. */
int daemon_keys_open(struct daemon *d, const uint8_t *cluster_key, struct errbuf *e);
/* These are the keys that w has, and it writes with the one that the ring says. */
void daemon_keys_enter(struct wire *w, const struct keyring *ring);
void daemon_keys_hear(struct daemon *d, const struct hb_message *m);
void daemon_keys_stored(struct daemon *d, uint64_t generation);
void daemon_keys_look(struct daemon *d, uint64_t now_us);
/* Asked for a new key. 0; -EALREADY: one is under way. */
int daemon_keys_ask(struct daemon *d);

/* daemon_command.c. False: text is no command. Otherwise the client is answered, now or with a later output. */
bool daemon_command_take(struct daemon_client *c, const char *text);
void daemon_command_tell(struct daemon *d, const struct hb_verdict *v);

/* daemon_local.c */
int daemon_local_open(struct daemon *d, struct errbuf *e);
void daemon_local_tell(struct daemon *d, const struct hb_output *out);
/* Hangs up on those who have not said who they are. */
void daemon_local_look(struct daemon *d, uint64_t now_us);

/* daemon_host.c: the role page, the members file. */
int daemon_host_open(struct daemon *d, struct errbuf *e);
/* A file of /run, anew: not by way of stdio, which allocates. 0 or -errno. */
int daemon_host_write(const char *path, const char *text, size_t n);

/* daemon_history.c. What an earlier life knew is read; it is never an error. */
int daemon_history_open(struct daemon *d, struct errbuf *e);
/* Ours and what the others tell of theirs; written when it is news. */
void daemon_history_note(struct daemon *d);
void daemon_host_tell(struct daemon *d, const struct hb_output *out);

/* daemon_address.c: nothing of it on a member without an address. */
int daemon_address_open(struct daemon *d, struct errbuf *e);
void daemon_address_tell(struct daemon *d, bool wanted, uint64_t now_us);
void daemon_address_look(struct daemon *d, uint64_t now_us);

/* status.c: to be called once, before the first answer. */
void status_open(void);

/* The JSON of `holdfastctl status --json`, and of what else is asked; good until the next call, never NULL. */
const char *status_answer(const struct daemon *d, const char *question, uint64_t now_us);

#endif
