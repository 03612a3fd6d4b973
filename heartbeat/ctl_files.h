/* Files and directories that holdfastctl makes, and a list of them by which they are taken back. */
#ifndef HOLDFAST_HEARTBEAT_CTL_FILES_H
#define HOLDFAST_HEARTBEAT_CTL_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "heartbeat/err.h"

#define CTL_UNDO_MAX 40
#define CTL_PATH_BYTES 160

struct ctl_owner {
	const char *user, *group; /* NULL: root */
	mode_t mode;
};

/* What was not there before, in the order in which it came. */
struct ctl_undo {
	struct {
		char path[CTL_PATH_BYTES];
		bool existed; /* a directory that was there, empty: only what came into it goes */
	} entry[CTL_UNDO_MAX];
	unsigned entries;
};

/* Writes text to a new file and renames it to path, durably: at every moment path is whole or not there. 0 or
 * -errno with e. */
int ctl_file_write(const char *path, const char *text, const struct ctl_owner *owner, struct errbuf *e);

/* Makes the directory, or leaves one that is there; sets its owner and mode either way. 0 or -errno with e.
 */
int ctl_dir_make(const char *path, const struct ctl_owner *owner, struct errbuf *e);

/* How many entries it has whose names do not begin with a dot; 0 also where it is not there; or -errno. */
int ctl_dir_count(const char *path);

/* The same, but those that are called the same up to their first dot are one. */
int ctl_dir_count_sets(const char *path);

/* Sets owner and mode of what is there. 0 or -errno with e. */
int ctl_owner_set(const char *path, const struct ctl_owner *owner, struct errbuf *e);

/* Notes that path is about to be made, by us or by a program that we run. If it is not there now, it goes
 * with all that is in it; an empty directory will be empty again; anything else stays as it is. */
void ctl_undo_expect(struct ctl_undo *u, const char *path);

/* Removes what is listed, the last first. Says on stderr what it could not remove, and returns how many that
 * are. */
unsigned ctl_undo_run(struct ctl_undo *u);

#endif
