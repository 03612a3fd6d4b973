#include "heartbeat/conf_table.h"

#include "heartbeat/conf_value.h"

#define HEARTBEATD CONF_READER_HEARTBEATD
#define REPLICATIOND CONF_READER_REPLICATIOND
#define LEDGERD CONF_READER_LEDGERD
#define WORKERD CONF_READER_WORKERD
#define TICKLED CONF_READER_TICKLED
#define RENDERED CONF_READER_RENDERED
#define PAGED CONF_READER_PAGED

#define AT(member) offsetof(struct conf, member), sizeof(((struct conf *)0)->member)

/* clang-format off */
const struct conf_key conf_keys[] = {
	{ "cluster", "name", SHAPE_NAME, AT(cluster), 0, 0, "holdfast", "1 to 15 of a-z 0-9 -, beginning with a letter", "name of the cluster", HEARTBEATD | RENDERED, 0, true },
	{ "cluster", "vip", SHAPE_CIDR, AT(vip), 0, 0, "", "an IPv4 or IPv6 address with prefix length, such as 10.0.0.100/24 or 2001:db8::100/64", "virtual IP that clients use; none on a witness", HEARTBEATD | TICKLED | RENDERED, 0, true },
	{ "cluster", "join", SHAPE_ADDRESS, AT(seed_address), 0, 0, "", VALUE_ADDRESS_WANTED, "member to ask for admission; none on the first node", HEARTBEATD, 0, false },
	{ "node", "name", SHAPE_NAME, AT(name), 0, 0, "", "1 to 15 of a-z 0-9 -, beginning with a letter", "name of this node", 0, 0, false },
	{ "node", "kind", SHAPE_CHOICE, AT(kind), 0, 0, "gateway", "gateway, witness, replica or worker", "what this node is", 0, 0, false },
	{ "node", "address", SHAPE_ADDRESS, AT(address), 0, 0, "", VALUE_ADDRESS_WANTED, "address of this node, for the other members", HEARTBEATD | REPLICATIOND | TICKLED | RENDERED, 0, false },
	{ "node", "second-address", SHAPE_ADDRESS, AT(second_address), 0, 0, "", VALUE_ADDRESS_WANTED, "address of this node on a second network, for heartbeats", HEARTBEATD, 0, false },
	{ "node", "interface", SHAPE_WORD, AT(interface), 0, 0, "", "a network interface", "where the virtual IP goes; none on a witness", HEARTBEATD | TICKLED | RENDERED, 0, false },
	{ "heartbeat", "port", SHAPE_NUMBER, AT(heartbeat_port), 1, 65534, "7400", "1 to 65534", "UDP port of the heartbeats; the next one is tickled's", HEARTBEATD | TICKLED | RENDERED, 0, true },
	{ "heartbeat", "interval-ms", SHAPE_NUMBER, AT(interval_ms), 10, 500, "30", "10 to 500", "time between heartbeats", HEARTBEATD | RENDERED, 0, true },
	{ "heartbeat", "lease-ms", SHAPE_NUMBER, AT(lease_ms), 100, 1000, "150", "100 to 1000", "life of a lease; a dead active is noticed after it", HEARTBEATD, 0, false },
	{ "heartbeat", "peer-timeout-ms", SHAPE_NUMBER, AT(peer_timeout_ms), 100, 60000, "500", "100 to 60000", "a standby silent for so long is left behind (SOLO)", HEARTBEATD | REPLICATIOND | RENDERED, 0, true },
	{ "heartbeat", "observe-only", SHAPE_CHOICE, AT(observe_only), 0, 0, "no", "yes or no", "does this node only say what it would do?", HEARTBEATD, 0, false },
	{ "replication", "datadir", SHAPE_PATH, AT(datadir), 0, 0, "/var/lib/holdfast/mysql", "an absolute path", "data directory of MariaDB", REPLICATIOND | RENDERED, 0, false },
	{ "replication", "port", SHAPE_NUMBER, AT(database_port), 1, 65535, "3306", "1 to 65535", "TCP port of MariaDB on the node's address", REPLICATIOND | RENDERED, 0, true },
	{ "replication", "relay-port", SHAPE_NUMBER, AT(relay_port), 1, 65535, "4406", "1 to 65535", "TCP port of the replication relay on 127.0.0.1", REPLICATIOND | RENDERED, 0, false },
	{ "replication", "max-backlog-ms", SHAPE_NUMBER, AT(max_backlog_ms), 0, 10000, "200", "0 to 10000", "payments slow down when the standby needs longer to apply what it has; 0: never", HEARTBEATD | RENDERED, 0, true },
	{ "replication", "durability", SHAPE_CHOICE, AT(durability_received), 0, 0, "on-disk", "on-disk or received", "what the standby has done when it acknowledges", REPLICATIOND | RENDERED, 0, true },
	{ "replication", "buffer-pool-mb", SHAPE_NUMBER, AT(buffer_pool_mb), 64, 1048576, "256", "64 to 1048576", "memory in MiB that MariaDB keeps pages in", RENDERED, 0, false },
	{ "gateway", "workers", SHAPE_NUMBER, AT(workers), 1, 64, "2", "1 to 64", "worker processes on this node", RENDERED, 0, false },
	{ "gateway", "worker-port", SHAPE_NUMBER, AT(worker_port), 1, 65472, "8101", "1 to 65472", "TCP port of the first worker on 127.0.0.1, for the operator", WORKERD, 0, false },
	{ "gateway", "hold-timeout-ms", SHAPE_NUMBER, AT(hold_timeout_ms), 100, 20000, "5000", "100 to 20000", "how long a request waits for a takeover", WORKERD | RENDERED, WORKERD, true },
	{ "gateway", "in-flight-max", SHAPE_NUMBER, AT(in_flight_max), 1, 8192, "2048", "1 to 8192", "requests of one API key or session under way at a time", LEDGERD | RENDERED, LEDGERD, true },
	{ "gateway", "tickle", SHAPE_CHOICE, AT(tickle), 0, 0, "yes", "yes or no", "are clients of a gateway that died told to connect anew?", TICKLED | RENDERED, 0, true },
	{ "gateway", "access-log", SHAPE_CHOICE, AT(access_log), 0, 0, "errors", "off, on or errors", "which requests workers write a line about", WORKERD, WORKERD, false },
	{ "gateway", "edge-log", SHAPE_CHOICE, AT(edge_log), 0, 0, "errors", "off, on or errors", "which requests HAProxy writes a line about", RENDERED, 0, false },
	{ "gateway", "channels", SHAPE_LIST, AT(channels), 0, 0, "bank", "names of 1 to 32 of a-z 0-9 _ -, each once, separated by blanks", "channels of top-ups", WORKERD | RENDERED, WORKERD, true },
	{ "gateway", "mesh-http-port", SHAPE_NUMBER, AT(mesh_http_port), 1, 65535, "7443", "1 to 65535", "TCP port for the peer's HAProxy: workers", RENDERED, 0, true },
	{ "gateway", "mesh-ledger-port", SHAPE_NUMBER, AT(mesh_ledger_port), 1, 65535, "7444", "1 to 65535", "TCP port for the peer's workers: ledger", RENDERED, 0, true },
	{ "gateway", "mesh-seed-port", SHAPE_NUMBER, AT(mesh_seed_port), 1, 65535, "7445", "1 to 65535", "TCP port for the peer's replication: fresh copies", RENDERED, 0, true },
	{ "page", "listen", SHAPE_ENDPOINT, AT(page_listen), 0, 0, "", "an address of this machine and a port of 1024 to 65535, such as 10.0.0.1:8407 or [2001:db8::1]:8407", "where the status page is; nowhere unless set", PAGED, 0, false },
};
/* clang-format on */
const size_t conf_key_count = sizeof(conf_keys) / sizeof(conf_keys[0]);
_Static_assert(sizeof(conf_keys) / sizeof(conf_keys[0]) <= CONF_KEYS_MAX, "each has room");

const char *const conf_kind_words[CONF_KINDS] = {"gateway", "witness", "replica", "worker"};

const struct conf_choice conf_choices[] = {{"kind", {"gateway", "witness", "replica", "worker"}},
    {"durability", {"on-disk", "received"}}, {"tickle", {"no", "yes"}}, {"observe-only", {"no", "yes"}},
    {"access-log", {"off", "on", "errors"}}, {"edge-log", {"off", "on", "errors"}}};
const size_t conf_choice_count = sizeof(conf_choices) / sizeof(conf_choices[0]);
