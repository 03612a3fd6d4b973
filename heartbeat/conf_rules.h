/* What the keys of a configuration have to be to each other, each good by itself. Pure. */
#ifndef HOLDFAST_HEARTBEAT_CONF_RULES_H
#define HOLDFAST_HEARTBEAT_CONF_RULES_H

#include "heartbeat/conf.h"

#define CONF_RULES_MAX 12

/* Which rules c breaks, in words: texts that are not to be freed. Returns how many. Of TCP ports see heartbeat/conf_ports.h. */
unsigned conf_rules_broken(const struct conf *c, const char *ret[static CONF_RULES_MAX]);

#endif
