#include "tests/unit/an_invite.h"

#include "heartbeat/conf.h"

struct invite an_invite(void)
{
	struct invite v = {
	    .cluster = "pay",
	    .vip = "10.0.0.100/24",
	    .heartbeat_port = 7400,
	    .interval_ms = 50,
	    .lease_ms = 400,
	    .peer_timeout_ms = 500,
	    .database_port = 3306,
	    .mesh_http_port = 7443,
	    .mesh_ledger_port = 7444,
	    .mesh_seed_port = 7445,
	    .members = 2,
	    .member = {{"a", "10.0.0.1", CONF_KIND_GATEWAY}, {"w", "10.0.0.3", CONF_KIND_WITNESS}},
	};

	for (unsigned i = 0; i < INVITE_KEY_BYTES; i++)
		v.key[i] = (uint8_t)(i * 7);
	return v;
}
