#include "heartbeat/ctl_status.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_hosts.h"
#include "heartbeat/ctl_paint.h"
#include "heartbeat/ctl_status_host.h"
#include "heartbeat/ctl_status_parts.h"
#include "heartbeat/local.h"

#define EXIT_NOT_SERVING 1

#define ROW "%-15s %-8s %-15s %s%-12s%s %-14s %-16s %s\n"

const char *ctl_text_of(const json_t *o, const char *key, const char *fallback)
{
	const char *text = ctl_text(o, key);

	return *text ? text : fallback;
}

bool ctl_is_serving(const json_t *status)
{
	const char *mode = ctl_text_of(status, "mode", "");

	return strcmp(mode, "SYNC") == 0 || strcmp(mode, "SOLO") == 0;
}

bool ctl_is_unreachable(const json_t *status, const char *name)
{
	return json_is_false(json_object_get(ctl_node(status, name), "reachable"));
}

bool ctl_is_addressed(const json_t *status)
{
	const json_t *vip = json_object_get(status, "vip");
	const char *holder = ctl_text_of(vip, "holder", "");

	return *holder &&
	       (strcmp(holder, ctl_text_of(status, "active", "")) == 0 || json_is_true(json_object_get(vip, "moving")));
}

/* One that has just started says null until it has asked a majority. */
static bool knows_active(const json_t *status)
{
	return !json_is_null(json_object_get(status, "active"));
}

int ctl_status_exit(const json_t *status)
{
	if (status && !knows_active(status))
		return EXIT_NO_ANSWER;
	return ctl_is_serving(status) && ctl_is_addressed(status) && !*ctl_text_of(status, "waits_for", "")
		   ? 0
		   : EXIT_NOT_SERVING;
}

void ctl_status_look(const json_t *status, const char *name, const char *address, struct ctl_look *ret)
{
	const json_t *nodes = json_object_get(status, "nodes"), *dropped = json_object_get(status, "dropped");

	*ret = (struct ctl_look){.answered = true, .serving = ctl_is_serving(status)};
	(void)snprintf(ret->mode, sizeof(ret->mode), "%s", ctl_text_of(status, "mode", ""));
	(void)snprintf(ret->state, sizeof(ret->state), "%s", ctl_text_of(status, "state", ""));
	(void)snprintf(ret->reason, sizeof(ret->reason), "%s", ctl_text_of(status, "reason", ""));
	ret->refused = json_is_true(json_object_get(status, "refused"));
	/* Not what is of another cluster: one that this machine was of before may still send to it. */
	ret->unread = (unsigned)ctl_number(dropped, "wrong-key");
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i);

		if (strcmp(ctl_text_of(n, "name", ""), name) == 0 &&
		    strcmp(ctl_text_of(n, "address", ""), address) == 0)
			ret->member = !ret->refused;
		else
			ret->heard = true;
	}
	ret->in_sync = ret->member && ctl_array_has(json_object_get(status, "in_sync"), name);
}

void ctl_status_ask(const char *name, const char *address, struct ctl_look *ret)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);

	*ret = (struct ctl_look){0};
	if (status)
		ctl_status_look(status, name, address, ret);
	json_decref(status);
}

/* For the active node what is left of its lease; for another how far behind it is, when that is known. */
static void take_time(const json_t *n, char *ret, size_t size)
{
	const json_t *lease = json_object_get(n, "lease_ms"), *behind = json_object_get(n, "behind");
	long long backlog_ms = ctl_number(n, "backlog_ms");

	if (json_is_integer(lease))
		(void)snprintf(ret, size, "lease %lld ms", (long long)json_integer_value(lease));
	else if (!json_is_integer(behind))
		(void)snprintf(ret, size, "-");
	else if (backlog_ms > 0)
		(void)snprintf(ret, size, "behind %lld, %lld ms", (long long)json_integer_value(behind), backlog_ms);
	else
		(void)snprintf(ret, size, "behind %lld", (long long)json_integer_value(behind));
}

/* What passes by itself, or was asked for, is for care; what does not is bad. */
static enum ctl_paint paint_of(const char *word)
{
	static const struct {
		const char *word;
		enum ctl_paint colour;
	} words[] = {{"active", PAINT_GOOD}, {"standby", PAINT_GOOD}, {"witness", PAINT_GOOD},
	    {"following", PAINT_GOOD}, {"up", PAINT_GOOD}, {"SYNC", PAINT_GOOD}, {"fault", PAINT_BAD},
	    {"unreachable", PAINT_BAD}, {"down", PAINT_BAD}, {"STALLED", PAINT_BAD}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].colour;
	return PAINT_CARE;
}

static void print_node(FILE *f, const json_t *n)
{
	const char *state = ctl_text_of(n, "state", "?");
	const char *gtid = ctl_text_of(n, "gtid_applied", ctl_text_of(n, "gtid_binlog", "-"));
	char time[64];

	take_time(n, time, sizeof(time));
	(void)fprintf(f, ROW, ctl_text_of(n, "name", "?"), ctl_text_of(n, "kind", "?"), ctl_text_of(n, "address", "?"),
	    ctl_paint(f, paint_of(state)), state, ctl_paint(f, PAINT_NONE), gtid, time, ctl_text_of(n, "reason", ""));
}

/* "-": since when nobody served before, is not known, as at a start. */
static const char *took_text(const json_t *t, char *text, size_t size)
{
	const json_t *took = json_object_get(t, "took_ms");

	if (json_is_integer(took))
		(void)snprintf(text, size, "%lld ms", (long long)json_integer_value(took));
	else
		(void)snprintf(text, size, "-");
	return text;
}

static void print_transition(FILE *f, const json_t *t)
{
	char took[32];

	if (!json_is_object(t))
		return;
	(void)fprintf(f, "last move: %s -> %s at %s, %s, took %s, epoch %lld\n", ctl_text_of(t, "from", "?"),
	    ctl_text_of(t, "to", "?"), ctl_text_of(t, "at", "?"), ctl_text_of(t, "reason", "?"),
	    took_text(t, took, sizeof(took)), (long long)ctl_number(t, "epoch"));
}

/* Where the address is when nobody that is heard has it: a gateway that is not heard may. */
static const char *no_holder(const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");

	for (size_t i = 0; i < json_array_size(nodes) && !ctl_is_serving(status); i++) {
		const json_t *n = json_array_get(nodes, i);

		if (json_is_false(json_object_get(n, "reachable")) &&
		    strcmp(ctl_text_of(n, "kind", "gateway"), "gateway") == 0)
			return "unknown";
	}
	return "nobody";
}

static void print_head(FILE *f, const json_t *status)
{
	const json_t *vip = json_object_get(status, "vip"), *in_sync = json_object_get(status, "in_sync");
	const char *active = ctl_text_of(status, "active", ""), *node = ctl_text_of(status, "node", "?");
	const char *holder = ctl_text_of(vip, "holder", no_holder(status)), *mode = ctl_text_of(status, "mode", "?");
	const json_t *holders = json_object_get(vip, "holders");

	(void)fprintf(f, "cluster %s  mode %s%s%s%s", ctl_text_of(status, "cluster", "?"), ctl_paint(f, paint_of(mode)),
	    mode, ctl_paint(f, PAINT_NONE), json_is_false(json_object_get(status, "observed")) ? " unobserved" : "");
	/* It may be this node that is cut off, and the cluster may serve. */
	if (!knows_active(status))
		(void)fprintf(f, " as seen from %s, which does not know yet who is active", node);
	else if (*active && ctl_is_unreachable(status, active))
		(void)fprintf(f, " as seen from %s", node);
	(void)fprintf(
	    f, "  epoch %lld  active %s  in sync", (long long)ctl_number(status, "epoch"), *active ? active : "nobody");
	for (size_t i = 0; i < json_array_size(in_sync); i++) {
		const char *name = json_string_value(json_array_get(in_sync, i));

		(void)fprintf(f, " %s", name ? name : "?");
	}
	if (!json_array_size(in_sync))
		(void)fprintf(f, " nobody");
	if (*ctl_text_of(vip, "address", ""))
		(void)fprintf(f, "  address %s on %s", ctl_text_of(vip, "address", ""), holder);
	else
		(void)fprintf(f, "  address on %s", holder);
	for (size_t i = 0; i < json_array_size(holders); i++)
		if (strcmp(json_string_value(json_array_get(holders, i)), holder) != 0)
			(void)fprintf(f, ", %s", json_string_value(json_array_get(holders, i)));
	(void)fputc('\n', f);
}

void ctl_status_print(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes"), *replicas = json_object_get(status, "replicas");
	const json_t *hosts = json_object_get(status, WORKER_HOSTS);

	print_head(f, status);
	(void)fprintf(f, ROW, "NODE", "KIND", "ADDRESS", "", "STATE", "", "GTID", "TIME", "REASON");
	for (size_t i = 0; i < json_array_size(nodes); i++)
		print_node(f, json_array_get(nodes, i));
	for (size_t i = 0; i < json_array_size(replicas); i++)
		print_node(f, json_array_get(replicas, i));
	for (size_t i = 0; i < json_array_size(hosts); i++)
		print_node(f, json_array_get(hosts, i));
	if (!json_array_size(nodes))
		(void)fprintf(f, "no member is known yet: %s\n", ctl_text_of(status, "reason", "no reason given"));
	print_transition(f, json_object_get(status, "last_transition"));
	ctl_advice_print(f, status);
}

static void set_count(json_t *status, const char *key, int count)
{
	(void)json_object_set_new(status, key, count < 0 ? json_null() : json_integer(count));
}

/* Null also for a file that is no JSON: nobody writes one but our programs. */
static json_t *left_in(const char *path)
{
	json_t *o = json_load_file(path, 0, NULL);

	return o ? o : json_null();
}

static json_t *ends_of_certificates(void)
{
	json_t *ends = json_object();
	struct errbuf ignored;
	int64_t end_s;

	for (size_t i = 0; i < certificates_count; i++)
		if (certificate_end(certificates[i].path, &end_s, &ignored) == 0)
			(void)json_object_set_new(ends, certificates[i].name, json_integer(end_s));
	return ends;
}

/* Of this machine, as the members have it. */
static bool is_gateway(const json_t *status)
{
	const json_t *own = ctl_node(status, ctl_text_of(status, "node", ""));

	return strcmp(ctl_text_of(own, "kind", ""), "gateway") == 0;
}

json_t *ctl_status_whole(struct errbuf *e)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", e);

	if (!status) {
		if (ctl_replica_is_unfinished())
			(void)err_set(e, -ENOENT,
			    "the promotion of this replica was cut short: holdfastctl force promote NAME --accept-loss "
			    "ends it");
		return NULL;
	}
	set_count(status, TAIL_FILES, ctl_dir_count(CONF_TAILS_DIR));
	set_count(status, TAIL_EXPORTS, ctl_dir_count_sets(CONF_TAILS_DIR));
	(void)json_object_set_new(status, VERIFY, left_in(CONF_VERIFY_PATH));
	(void)json_object_set_new(status, BACKUP, left_in(CONF_BACKUP_PATH));
	(void)json_object_set_new(status, CERTIFICATES, ends_of_certificates());
	if (ctl_replica_is_unfinished())
		(void)json_object_set_new(status, PROMOTION, json_true());
	if (is_gateway(status))
		(void)json_object_set_new(status, WORKER_HOSTS, ctl_hosts());
	return status;
}

int ctl_status(const struct ctl_options *o)
{
	struct errbuf e = {""};
	struct conf conf;
	json_t *status;
	int code;

	if (ctl_conf_take(&conf) && conf.kind == CONF_KIND_WORKER)
		return ctl_host_status(&conf, o->json);
	status = ctl_status_whole(&e);
	code = ctl_status_exit(status);
	if (!status) {
		(void)ctl_command_refuse("status", e.text);
		return EXIT_NO_ANSWER;
	}
	if (ctl_show("status", status, o->json, ctl_status_print))
		code = EXIT_NO_ANSWER;
	json_decref(status);
	return code;
}
