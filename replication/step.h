/* Steps of the plan that have files of their own; step_take() of replication/actor_parts.h takes any. Each returns what it does. */
#ifndef HOLDFAST_REPLICATION_STEP_H
#define HOLDFAST_REPLICATION_STEP_H

#include "replication/actor_parts.h"

/* replication/step.c */
int step_kill(struct actor *a, struct errbuf *e);

/* replication/step_seed.c */
int step_seed(struct actor *a, struct errbuf *e);
int step_enter_position(struct actor *a, struct errbuf *e);

/* replication/step_replica.c */
int step_compare(struct actor *a, struct errbuf *e);

/* replication/step_token.c */
int step_destroy_token(struct actor *a, struct errbuf *e);
int step_relax(struct actor *a, struct errbuf *e);
int step_sync(struct actor *a, struct errbuf *e);
int step_new_token(struct actor *a, struct errbuf *e);
/* No step: what was written to log and tables is on disk. 0 or -errno with e filled. */
int step_sync_all(struct actor *a, struct errbuf *e);
/* No step: tells the token whether a cut of power may from now on take away what it speaks of. 0 or -errno with e filled. */
int step_set_token_survives(struct actor *a, bool survives, struct errbuf *e);

/* replication/mend.c: no step; after each look. */
void mend_variables(struct actor *a);

/* replication/step_open.c */
int step_set_semi(struct actor *a, struct errbuf *e);
int step_mark(struct actor *a, struct errbuf *e);
int step_set_dirty(struct actor *a, struct errbuf *e);
int step_send_row(struct actor *a, struct errbuf *e);
int step_writable(struct actor *a, struct errbuf *e);
int step_read_only(struct actor *a, struct errbuf *e);

#endif
