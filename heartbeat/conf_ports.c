#include "heartbeat/conf_ports.h"

#include <string.h>

#include "heartbeat/conf_value.h"
#include "heartbeat/ip_text.h"

/* 127.0.0.1 */
static const struct ip localhost = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};

void conf_ports(const struct conf *c, struct conf_port ret[static CONF_PORTS])
{
	struct ip at, own = ip_before_slash(c->address);
	uint32_t page = 0;
	bool has_page = value_is_endpoint(c->page_listen, &at, &page);
	unsigned where = !has_page		    ? 0u
			 : ip_same(&at, &own)	    ? CONF_ON_ADDRESS
			 : ip_same(&at, &localhost) ? CONF_ON_LOCALHOST
						    : 0u;
	const struct conf_port ports[CONF_PORTS] = {
	    {offsetof(struct conf, database_port), c->database_port, 1, CONF_ON_LOCALHOST | CONF_ON_ADDRESS},
	    {offsetof(struct conf, relay_port), c->relay_port, 1, CONF_ON_LOCALHOST},
	    {offsetof(struct conf, worker_port), c->worker_port, c->workers, CONF_ON_LOCALHOST},
	    {offsetof(struct conf, mesh_http_port), c->mesh_http_port, 1, CONF_ON_ADDRESS},
	    {offsetof(struct conf, mesh_ledger_port), c->mesh_ledger_port, 1, CONF_ON_ADDRESS},
	    {offsetof(struct conf, mesh_seed_port), c->mesh_seed_port, 1, CONF_ON_ADDRESS},
	    {offsetof(struct conf, page_listen), page, 1, where},
	};

	memcpy(ret, ports, sizeof(ports));
}
