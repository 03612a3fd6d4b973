/* The commands of holdfastctl. Each returns the exit status: 0 done, 1 failed (one line on stderr says why),
 * 2 used wrongly. */
#ifndef HOLDFAST_HEARTBEAT_CTL_COMMANDS_H
#define HOLDFAST_HEARTBEAT_CTL_COMMANDS_H

#include "heartbeat/ctl_options.h"

int ctl_check(const struct ctl_options *o); /* 1: something is wrong */
int ctl_init(const struct ctl_options *o);
int ctl_restore(const struct ctl_options *o);
int ctl_join(const struct ctl_options *o);
int ctl_token(const struct ctl_options *o);
int ctl_status(const struct ctl_options *o); /* 0 serving at its address, 1 not, 2 heartbeatd does not answer */
int ctl_watch(const struct ctl_options *o);  /* 0 it was interrupted; 2: standard output is gone */
int ctl_completion(const struct ctl_options *o);
int ctl_key_rotate(const struct ctl_options *o);
int ctl_key_status(const struct ctl_options *o);
int ctl_history(const struct ctl_options *o); /* 2: heartbeatd does not answer */
int ctl_events(const struct ctl_options *o);  /* 2: the journal cannot be read */
int ctl_explain(const struct ctl_options *o); /* 2: heartbeatd does not answer */
int ctl_doctor(const struct ctl_options *o);  /* 1: something is wrong; 2: it could not look */
int ctl_metrics(const struct ctl_options *o);
int ctl_page_password(const struct ctl_options *o);
int ctl_fsm(const struct ctl_options *o);
int ctl_switchover(const struct ctl_options *o);
int ctl_maintenance_on(const struct ctl_options *o);
int ctl_maintenance_off(const struct ctl_options *o);
int ctl_replace(const struct ctl_options *o);
int ctl_force_solo(const struct ctl_options *o);
int ctl_force_promote(const struct ctl_options *o);
int ctl_worker_add(const struct ctl_options *o);
int ctl_worker_remove(const struct ctl_options *o);
int ctl_worker_list(const struct ctl_options *o);
int ctl_worker_sync(const struct ctl_options *o);
int ctl_reconfigure(const struct ctl_options *o);
int ctl_api_key(const struct ctl_options *o);
int ctl_backup(const struct ctl_options *o);
int ctl_verify(const struct ctl_options *o);

/* Was this machine a replica, and is its register that of a cluster of its own, with nobody else in it? */
bool ctl_replica_is_promoted(void);
/* Was it begun to make a gateway of it, and not ended? */
bool ctl_replica_is_unfinished(void);

struct conf;
/* "force promote" on a replica, whose configuration conf is; name is its own, or it is refused. */
int ctl_replica_promote(const struct conf *conf, const char *name, bool yes);

#endif
