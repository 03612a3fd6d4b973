/* What the actor's loop and its steps share. Only the actor's thread touches it, but for what `lock` guards. */
#ifndef HOLDFAST_REPLICATION_ACTOR_PARTS_H
#define HOLDFAST_REPLICATION_ACTOR_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "replication/actor.h"
#include "replication/backlog.h"
#include "replication/database.h"
#include "replication/facts.h"
#include "replication/migrate.h"
#include "replication/server.h"
#include "replication/token.h"

#define ACTOR_DIR CONF_STATE_DIR "/replication"
#define ACTOR_TOKEN ACTOR_DIR "/token"
#define ACTOR_DIRTY ACTOR_DIR "/dirty"
#define ACTOR_PARTED ACTOR_DIR "/parted"
#define ACTOR_GIVEN_UP ACTOR_DIR "/given-up" /* what was saved when the cluster was given up, and for whom */
#define ACTOR_LINEAGE ACTOR_DIR "/lineage"   /* of a replica: what came of its last look at the pair's history */
#define ACTOR_SALVAGE ACTOR_DIR "/salvage"
#define ACTOR_COPY_FILE "holdfast-copy" /* in a data directory that is a fresh copy: its position */

struct actor {
	const struct conf *conf;
	const char *password;
	const struct relay *relay;
	struct database *db;
	struct database *source_db; /* of a replica: its source, to compare histories */
	struct database *row_db;    /* for the epoch row, whose COMMIT may wait for an acknowledgement */
	struct server *server;
	struct migrate *migrate;
	struct sight sight;
	struct backlog backlog;
	char boot_id[TOKEN_BOOT_ID_BYTES];
	unsigned life;		      /* of the server that the memory in sight is about */
	uint64_t started_us;	      /* when a start was asked for last */
	unsigned starts;	      /* how often, since it was up */
	char failure[ERR_TEXT_BYTES]; /* why the last step failed; "" it did not */
	enum plan_step last_step;
	uint64_t version_us; /* when the version of the data was looked at last */
	bool seed_failed;    /* the last fresh copy did */
	bool seed_cut;	     /* and it, or one before it, had begun */
	atomic_bool cancel;  /* programs that a step waits for give up */
	atomic_bool ending;
	pthread_t thread;
	int wake_fd, changed_fd;

	pthread_mutex_t lock; /* guards what follows */
	struct repl_order order;
	uint64_t compared_epoch; /* order under which the history of a replica was found in its source's; 0: none */
	uint8_t compared_source;
	struct repl_report report;
	uint32_t facts;
	bool looked;
	uint64_t looked_us;
};

/* Takes the step. 0: done, look again; -EAGAIN: not yet, look again soon; otherwise -errno with e filled. */
int step_take(struct actor *a, enum plan_step step, struct errbuf *e);

/* What is reported as the reason until the next look: of a step that takes long. */
void actor_say(struct actor *a, const char *text);

/* Forgets what was true of a life of the server that has ended. */
void step_forget(struct actor *a);

/* Takes the answer to the epoch row's COMMIT, if it has come. 0 or -errno with e filled: it will be sent again. */
int step_take_row(struct actor *a, int wait_ms, struct errbuf *e);

/* The tail of the own binary log that another copy may lack (tail.c). All: 0, -EAGAIN not yet, or -errno with e filled. */
int tail_begin(struct actor *a, struct errbuf *e);	     /* about to be opened for writing: the dirty mark */
int tail_keep(struct actor *a, struct errbuf *e);	     /* is to count, past whoever opened after us and is lost */
int tail_export(struct actor *a, struct errbuf *e);	     /* R11, before it goes */
int tail_export_parted(struct actor *a, struct errbuf *e);   /* the same of a replica, whose history is another */
int tail_export_received(struct actor *a, struct errbuf *e); /* what was received, and cannot be applied */
int tail_settle(struct actor *a, struct errbuf *e); /* after a SLAVE start, or a complete drain: not dirty any more */
int tail_is_gone(struct errbuf *e);		    /* the copy is a fresh one, or follows */

#endif
