/* Which TCP ports of a gateway the configuration gives away, and where. */
#ifndef HOLDFAST_HEARTBEAT_CONF_PORTS_H
#define HOLDFAST_HEARTBEAT_CONF_PORTS_H

#include <stddef.h>

#include "heartbeat/conf.h"

enum conf_where { CONF_ON_LOCALHOST = 1, CONF_ON_ADDRESS = 2 };

struct conf_port {
	size_t at; /* of its key in struct conf */
	uint32_t first, count;
	unsigned where; /* enum conf_where */
};

#define CONF_PORTS 7

void conf_ports(const struct conf *c, struct conf_port ret[static CONF_PORTS]);

#endif
