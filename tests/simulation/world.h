/* The members, their network, clocks and disks in virtual time. Time goes from event to event; nothing polls. */
#ifndef HOLDFAST_TESTS_SIMULATION_WORLD_H
#define HOLDFAST_TESTS_SIMULATION_WORLD_H

#include "heartbeat/node.h"
#include "tests/simulation/database.h"
#include "tests/simulation/fault.h"
#include "tests/simulation/moment.h"
#include "tests/simulation/mutant.h"
#include "tests/simulation/network.h"
#include "tests/simulation/promises.h"

#define WORLD_NODES HB_MEMBERS_MAX
#define WORLD_GATEWAYS 2 /* numbers 0 and 1 */
#define WORLD_HELD 32

struct member {
	bool up, frozen, hung, slow_disk, slow_cut, observes;
	uint64_t stuck_us;     /* by its clock: since then its register is not written; 0: it is */
	uint64_t storing_us;   /* the write that store_at_us ends began then, by its clock */
	uint64_t vip_deaf_us;  /* since when keepalived is dead, by its clock; 0: it is not */
	uint32_t hold_letters; /* mask of types that are held up (late 0: lost) until then */
	uint64_t hold_until_us, hold_late_us;
	struct seen seen;
	struct hb_node node;
	struct hb_register disk; /* what survives a loss of power */
	uint64_t store_at_us;	 /* a write of the register under way ends then; 0: none */
	struct hb_register storing, older;
	uint64_t storing_generation;
	struct hb_letter held[WORLD_HELD]; /* not sent before the register they depend on is on disk */
	unsigned held_count;
	uint64_t clock_offset_us;
	int64_t rate_ppm;
	uint64_t tick_us, start_at_us; /* true time; start 0: none */
	uint64_t poked_us;	       /* what heartbeatd tells the others has changed, and is seen then */
	struct role_view view;
	bool meddled; /* root has let commits through, and heartbeatd has not heard of it yet */
	uint64_t epoch_seen;
	uint64_t second_us; /* begin of the second in which `chosen` records became known */
	unsigned chosen;
	struct database db;
};

extern const char *const world_name[WORLD_NODES];

struct world {
	bool calm;		     /* no new faults of the database */
	uint64_t seed, dice, now_us; /* true time */
	bool trace;
	unsigned nodes; /* 3 or 5 */
	uint64_t interval_us, lease_us, disk_us, delay_us,
	    pace_us;	   /* disk, delay: a letter or a write takes up to so long, as a rule */
	int64_t clock_ppm; /* clocks run wrong by at most so much; negative: by just so much */
	bool mixed_leases; /* members start with leases of different length */
	struct member member[WORLD_NODES];
	struct network net;
	uint8_t sender;			    /* of the letter being delivered */
	bool cut[WORLD_NODES][WORLD_NODES]; /* from, to */
	unsigned loss_percent;
	bool replication_cut;
	struct faults faults;
	uint64_t fault_us; /* the next of them ends then */
	struct promises promises;
	struct ambushes ambushes;
	struct hb_ballot newest_ballot; /* of all that any member ever knew to be chosen */
	struct hb_record newest;
	struct hb_verdict verdict; /* the last one */
	uint64_t shown_version;	   /* of the record, to the operator who forces */
	uint8_t given_up;	   /* members whose copies were given up by it, until they have a fresh one */
	bool solo_seen;		   /* somebody learned of a record that trusts one copy only */
	unsigned failovers, switchovers, handed, maintained, reseeds; /* handed: in peace, from SYNC to SYNC */
	unsigned violations;
	char broken[200]; /* the first broken promise */
	struct book book;
	struct tx log[WORLD_GATEWAYS][MARIADB_LOG_MAX];
};

/* From nothing: the first member is initialised, the others join. */
void world_start(struct world *w, uint64_t seed, unsigned nodes, bool trace);

/* From a world that was made before: the same state with other dice. */
void world_continue(struct world *w, const struct world *from, uint64_t seed, bool trace);

void world_run(struct world *w, uint64_t us);

/* Faults. */
void world_power_off(struct world *w, unsigned at, uint64_t for_us);
void world_restart_heartbeat(struct world *w, unsigned at);
/* An operator speaks to a member; w->verdict.id is 0 until it has answered. */
void world_command(struct world *w, unsigned at, enum hb_command_kind kind, uint8_t target);

uint64_t world_dice(struct world *w, uint64_t below);
uint64_t world_clock(const struct world *w, unsigned at);
bool world_linked(const struct world *w, unsigned a, unsigned b);    /* both ways, both running */
bool world_connected(const struct world *w, unsigned a, unsigned b); /* the same for replication */

int64_t world_some_rate(struct world *w);
void world_lease(struct world *w, uint64_t lease_us); /* as if all were configured so, with its sixth as the interval */
void world_set_clock(struct world *w, unsigned at, int64_t rate_ppm); /* from now on */
/* A promise is broken: noted, and with a trace the state of all is printed. world_broken.c. */
void world_broken(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A report reaches heartbeatd. */
void world_input(struct world *w, unsigned at, struct hb_input *in);

/* May this gateway answer now? */
bool world_answers(const struct world *w, unsigned at);

/* Is anybody serving, and in which mode? */
enum role_mode world_mode(const struct world *w);

#endif
