/* Where a member keeps its files: directories, the cluster key, certificates, the configuration, and what
 * follows from it. */
#ifndef HOLDFAST_HEARTBEAT_CTL_LAYOUT_H
#define HOLDFAST_HEARTBEAT_CTL_LAYOUT_H

#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_setup.h"

/* A step: makes all of them from s->conf, s->key and s->member; lists in s->undo what was not there. 0 or
 * -errno with e. */
int ctl_layout_make(struct ctl_setup *s, struct errbuf *e);

/* One file, and holdfast.conf from s->conf, each listed in s->undo if it was not there. Codes as above. */
int ctl_layout_write(
    struct ctl_setup *s, const char *path, const char *text, const struct ctl_owner *owner, struct errbuf *e);
int ctl_layout_write_conf(struct ctl_setup *s, struct errbuf *e);

#endif
