/* holdfast-tickled inside: one thread, one sd-event loop; what it decides is in heartbeat/tickle_book.h. */
#ifndef HOLDFAST_HEARTBEAT_TICKLED_H
#define HOLDFAST_HEARTBEAT_TICKLED_H

#include <netinet/in.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/tickle_book.h"
#include "heartbeat/tickle_wire.h"

#define TICKLED_PEERS_MAX 8

struct tickled_peer {
	struct ip address;
	struct tickle_window window;
};

struct tickled {
	struct conf conf;
	const char *conf_path;
	const char *run_dir, *key_path;
	struct ip vip;
	unsigned interface; /* where it goes */
	sd_event *loop;
	sd_event_source *tick, *shot;
	struct tickle_book book;

	/* tickled_net.c */
	int udp;
	struct tickle_wire wire,
	    old_wire;		  /* with the key before this one, while it is changed on one member after the other */
	struct timespec key_time; /* of the file that the key is from */
	uint64_t start, sequence;
	struct tickled_peer peer[TICKLED_PEERS_MAX];
	unsigned peers;
	struct timespec members_time; /* of the file that peer[] is from */

	/* tickled_look.c */
	int diag;
	int look_error; /* the last one that was logged */
	int packets;	/* sees the begin and the end of connections to the virtual IP */
	sd_event_source *stir;
	bool stirred;	       /* there was one since the last look */
	uint64_t look_us;      /* no look before */
	uint64_t look_late_us; /* a look then, whether there was one or not */
	uint64_t keep_us;      /* housekeeping then */
	uint32_t status;       /* what systemd was told last */

	/* tickled_address.c */
	int route;

	/* tickled_shot.c */
	int raw;
	uint64_t sent, refused; /* since the address came */
	int refused_error;
};

/* Each opens its socket and, where it waits for something, enters it into the loop. 0, or -errno with e filled. */
int tickled_net_open(struct tickled *t, struct errbuf *e);
int tickled_look_open(struct tickled *t, struct errbuf *e);
int tickled_address_open(struct tickled *t, struct errbuf *e);
int tickled_shot_open(struct tickled *t, struct errbuf *e);

/* Reads the cluster key, if its file has changed. 0, or as clusterkey_load with e filled; then the key stays as it was. */
int tickled_net_find_key(struct tickled *t, struct errbuf *e);

/* Reads the other gateways from the list of members that heartbeatd writes, if it has changed. */
void tickled_net_find_peers(struct tickled *t);

/* Seals m and sends it to every other gateway. */
void tickled_net_send(struct tickled *t, struct tickle_message *m);

/* Sends all that changed since the last look. */
void tickled_net_tell(struct tickled *t);

/* Asks the kernel for the connections to the virtual IP and enters them into the book; sets the time of the next. */
void tickled_look(struct tickled *t);

/* Is the address here? Asks the kernel; what has changed goes to tickled_arrived or tickled_left. */
void tickled_address_check(struct tickled *t);

/* Has the timer `source` fire in so many microseconds. */
void tickled_set_timer(sd_event_source *source, uint64_t in_us);

void tickled_arrived(struct tickled *t);
void tickled_left(struct tickled *t);

/* Sends one tickle. */
void tickled_shoot(struct tickled *t, const struct tickle_key *key, bool probe);

#endif
