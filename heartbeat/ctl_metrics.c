#include "config.h"

#include "heartbeat/ctl_metrics.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_status_parts.h"
#include "heartbeat/metrics.h"
#include "heartbeat/role.h"

static const char *const modes[] = {"SYNC", "SOLO", "STALLED"};

/* A value of one label. */
static void put(FILE *f, enum metrics_id id, const char *name, const char *value, double v)
{
	metrics_value(f, id, (struct metrics_label[]){{name, value}, {NULL, NULL}}, v);
}

/* A number as it is in a status, times unit; nothing when it is null. */
static void put_number(FILE *f, enum metrics_id id, const struct metrics_label *label, const json_t *value, double unit)
{
	if (json_is_number(value))
		metrics_value(f, id, label, json_number_value(value) * unit);
	else if (json_is_boolean(value))
		metrics_value(f, id, label, json_is_true(value));
}

/* A family with one value, left out with its head when there is none. */
static void put_single(FILE *f, enum metrics_id id, const json_t *value, double unit)
{
	if (!json_is_number(value) && !json_is_boolean(value))
		return;
	metrics_begin(f, id);
	put_number(f, id, NULL, value, unit);
}

/* "2026-01-01T00:00:00.000Z" as seconds since 1970; a negative number: it is none. */
static double moment(const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return end && (*end == '.' || *end == 'Z') ? (double)timegm(&tm) : -1;
}

static void put_info(FILE *f, const json_t *s)
{
	const struct metrics_label label[] = {{"cluster", ctl_text(s, "cluster")}, {"node", ctl_text(s, "node")},
	    {"version", PACKAGE_VERSION}, {NULL, NULL}};

	metrics_begin(f, METRICS_INFO);
	metrics_value(f, METRICS_INFO, label, 1);
}

static void put_mode(FILE *f, const json_t *s)
{
	metrics_begin(f, METRICS_MODE);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		put(f, METRICS_MODE, "mode", modes[i], strcmp(ctl_text(s, "mode"), modes[i]) == 0);
}

static bool is_gateway(const json_t *node)
{
	return strcmp(ctl_text(node, "kind"), "gateway") == 0;
}

static double in_sync(const json_t *s, const json_t *node)
{
	return ctl_array_has(json_object_get(s, "in_sync"), ctl_text(node, "name"));
}

static double is_active(const json_t *s, const json_t *node)
{
	return strcmp(ctl_text(s, "active"), ctl_text(node, "name")) == 0;
}

static double holds_address(const json_t *s, const json_t *node)
{
	return ctl_array_has(json_object_get(json_object_get(s, "vip"), "holders"), ctl_text(node, "name"));
}

static double is_reachable(const json_t *s, const json_t *node)
{
	(void)s;
	return json_is_true(json_object_get(node, "reachable"));
}

static double complains(const json_t *s, const json_t *node)
{
	(void)s;
	return ctl_text(node, "reason")[0] != '\0';
}

static double in_maintenance(const json_t *s, const json_t *node)
{
	(void)s;
	return json_is_true(json_object_get(node, "maintenance"));
}

/* What each node has: a value worked out, or a number of the status. */
static const struct {
	enum metrics_id id;
	bool gateways; /* only */
	double (*value)(const json_t *s, const json_t *node);
	const char *key;
	double unit;
} of_nodes[] = {
    {METRICS_IN_SYNC, true, in_sync, NULL, 0},
    {METRICS_ACTIVE, true, is_active, NULL, 0},
    {METRICS_ADDRESS_HELD, true, holds_address, NULL, 0},
    {METRICS_NODE_REACHABLE, false, is_reachable, NULL, 0},
    {METRICS_NODE_COMPLAINS, false, complains, NULL, 0},
    {METRICS_NODE_MAINTENANCE, false, in_maintenance, NULL, 0},
    {METRICS_NODE_LAG, true, NULL, "behind", 1},
    {METRICS_NODE_BACKLOG, true, NULL, "backlog_ms", 1e-3},
    {METRICS_LEASE, true, NULL, "lease_ms", 1e-3},
};

static void put_nodes(FILE *f, const json_t *s)
{
	const json_t *node;
	size_t at;

	for (size_t i = 0; i < sizeof(of_nodes) / sizeof(of_nodes[0]); i++) {
		metrics_begin(f, of_nodes[i].id);
		json_array_foreach(json_object_get(s, "nodes"), at, node)
		{
			const struct metrics_label label[] = {{"node", ctl_text(node, "name")}, {NULL, NULL}};

			if (of_nodes[i].gateways && !is_gateway(node))
				continue;
			if (of_nodes[i].value)
				metrics_value(f, of_nodes[i].id, label, of_nodes[i].value(s, node));
			else
				put_number(
				    f, of_nodes[i].id, label, json_object_get(node, of_nodes[i].key), of_nodes[i].unit);
		}
	}
}

static void put_state(FILE *f, const char *node, const char *is, const char *state)
{
	const struct metrics_label label[] = {{"node", node}, {"state", state}, {NULL, NULL}};

	metrics_value(f, METRICS_NODE_STATE, label, strcmp(is, state) == 0);
}

static void put_states(FILE *f, const json_t *s)
{
	const json_t *node;
	size_t at;

	metrics_begin(f, METRICS_NODE_STATE);
	json_array_foreach(json_object_get(s, "nodes"), at, node)
	{
		for (unsigned i = 0; i < HB_STATE_COUNT; i++)
			put_state(f, ctl_text(node, "name"), ctl_text(node, "state"), hb_state_text(i));
		put_state(f, ctl_text(node, "name"), ctl_text(node, "state"), "unreachable");
	}
}

static void put_replicas(FILE *f, const json_t *s)
{
	static const struct {
		enum metrics_id id;
		const char *key;
		double unit;
	} of[] = {{METRICS_REPLICA_HEARD, "heard_ms", 1e-3}, {METRICS_REPLICA_LAG, "behind", 1}};
	const json_t *replicas = json_object_get(s, "replicas"), *r;
	size_t at;

	for (size_t i = 0; json_array_size(replicas) && i < sizeof(of) / sizeof(of[0]); i++) {
		metrics_begin(f, of[i].id);
		json_array_foreach(replicas, at, r)
		{
			const struct metrics_label label[] = {{"replica", ctl_text(r, "name")}, {NULL, NULL}};

			put_number(f, of[i].id, label, json_object_get(r, of[i].key), of[i].unit);
		}
	}
}

static void put_hosts(FILE *f, const json_t *s)
{
	const json_t *hosts = json_object_get(s, WORKER_HOSTS);

	if (!json_array_size(hosts))
		return;
	metrics_begin(f, METRICS_WORKER_HOST_UP);
	for (size_t i = 0; i < json_array_size(hosts); i++) {
		const json_t *one = json_array_get(hosts, i);
		const struct metrics_label label[] = {{"worker_host", ctl_text(one, "name")}, {NULL, NULL}};

		if (strcmp(ctl_text(one, "state"), "unknown") != 0)
			metrics_value(f, METRICS_WORKER_HOST_UP, label, strcmp(ctl_text(one, "state"), "up") == 0);
	}
}

/* A value for each member of o, which is its label. */
static void put_members(FILE *f, enum metrics_id id, const char *label, json_t *o, double unit)
{
	metrics_begin(f, id);
	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
		put(f, id, label, json_object_iter_key(i), json_number_value(json_object_iter_value(i)) * unit);
}

static void put_move(FILE *f, const json_t *s)
{
	const json_t *t = json_object_get(s, "last_transition");
	double at_s = moment(ctl_text(t, "at"));

	if (at_s < 0)
		return;
	metrics_single(f, METRICS_MOVED_AT, at_s);
	put_single(f, METRICS_MOVE_TOOK, json_object_get(t, "took_ms"), 1e-3);
	put_members(f, METRICS_MOVE_STAGE, "stage", json_object_get(t, "stages_ms"), 1e-3);
}

static void put_local(FILE *f, const json_t *s)
{
	const json_t *verify = json_object_get(s, VERIFY), *backup = json_object_get(s, BACKUP);

	put_single(f, METRICS_EXPORTS, json_object_get(s, TAIL_EXPORTS), 1);
	if (json_is_object(verify))
		metrics_single(f, METRICS_VERIFY_RIGHT, strcmp(ctl_text(verify, "result"), "right") == 0);
	put_single(f, METRICS_VERIFY_FINDINGS, json_object_get(verify, "findings"), 1);
	put_single(f, METRICS_VERIFIED_AT, json_object_get(verify, "at_unix"), 1);
	put_single(f, METRICS_BACKED_UP_AT, json_object_get(backup, "at_unix"), 1);
}

void ctl_metrics_print(FILE *f, const json_t *s)
{
	const json_t *key = json_object_get(s, "key"), *waits_for = json_object_get(s, "waits_for");

	metrics_single(f, METRICS_UP, s != NULL);
	if (!s)
		return;
	put_info(f, s);
	put_single(f, METRICS_EPOCH, json_object_get(s, "epoch"), 1);
	put_mode(f, s);
	put_single(f, METRICS_WITNESS_HEARD, json_object_get(s, "observed"), 1);
	metrics_single(f, METRICS_PAYMENTS_WAIT, json_is_string(waits_for));
	put_nodes(f, s);
	put_states(f, s);
	put_replicas(f, s);
	put_move(f, s);
	put_members(f, METRICS_DROPPED, "cause", json_object_get(s, "dropped"), 1);
	put_single(f, METRICS_KEY_NUMBER, json_object_get(key, "number"), 1);
	put_single(f, METRICS_KEY_ROTATING, json_object_get(key, "rotating"), 1);
	put_local(f, s);
	put_members(f, METRICS_CERTIFICATE_END, "certificate", json_object_get(s, CERTIFICATES), 1);
	put_hosts(f, s);
}
