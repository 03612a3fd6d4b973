#include "heartbeat/conf_ports.h"

#include <string.h>

#include "heartbeat/conf_value.h"

void conf_ports(const struct conf *c, struct conf_port ret[static CONF_PORTS])
{
	char address[VALUE_IPV4_BYTES] = "";
	uint32_t page = 0;
	bool has_page = value_is_endpoint(c->page_listen, address, &page);
	unsigned where = !has_page			     ? 0u
			 : strcmp(address, c->address) == 0  ? CONF_ON_ADDRESS
			 : strcmp(address, "127.0.0.1") == 0 ? CONF_ON_LOCALHOST
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

bool conf_page_is_vip(const struct conf *c)
{
	size_t n = strcspn(c->vip, "/");

	return n && strncmp(c->page_listen, c->vip, n) == 0 && c->page_listen[n] == ':';
}
