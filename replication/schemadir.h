/* The schema's files as they are installed, and the script of all of them for a database that is being made. */
#ifndef HOLDFAST_REPLICATION_SCHEMADIR_H
#define HOLDFAST_REPLICATION_SCHEMADIR_H

#include "replication/schema.h"

#define SCHEMADIR HOLDFAST_DATADIR "/schema"

/* Reads every *.sql of the directory. 0; with e filled and nothing to free: -ENOENT there is none, -EINVAL one has no good name, a
 * number that another one has, or no good text, -EFBIG, -ENOMEM or another -errno. */
int schemadir_load(const char *directory, struct schema *ret, struct errbuf *e);

void schemadir_free(struct schema *s);

/* Writes the script that takes any database, an empty one too, to the newest version: one statement up to a ";" at the end of a line.
 * 0 or -EIO with e filled. */
int schemadir_write_script(const struct schema *s, int fd, struct errbuf *e);

#endif
