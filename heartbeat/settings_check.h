/* Whether HAProxy, keepalived or MariaDB would take a file that is made for it: the program itself is asked. */
#ifndef HOLDFAST_HEARTBEAT_SETTINGS_CHECK_H
#define HOLDFAST_HEARTBEAT_SETTINGS_CHECK_H

#include <stdbool.h>

#include "heartbeat/err.h"
#include "heartbeat/settings.h"

/* Is there a program that says whether it would take what is written to target? */
bool settings_check_has(const char *target);

/* As check of struct settings_place: 0 also where there is no such program. */
int settings_check_file(const char *target, const char *path, struct errbuf *e);

/* The same by place->check of a text in a file without a name, which nobody else sees and which is gone with this program, however that ends. */
int settings_check_text(const struct settings_place *place, const char *target, const char *text, struct errbuf *e);

#endif
