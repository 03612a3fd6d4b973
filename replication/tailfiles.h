/* The exports (replication/tail.c) that lie in their directory: is one of them this one? */
#ifndef HOLDFAST_REPLICATION_TAILFILES_H
#define HOLDFAST_REPLICATION_TAILFILES_H

#include <stdbool.h>
#include <stddef.h>

/* Is there another export whose name is that of `file` but for the time, which is whole (it has a .summary), and has the same bytes? A restart between
 * an export and the note that it is done makes it once more. The names are epoch-NUMBER-TIME and epoch-NUMBER-TIME-received. False also when that cannot
 * be read. ret: its path. */
bool tailfiles_has(const char *file, char *ret, size_t size);

#endif
