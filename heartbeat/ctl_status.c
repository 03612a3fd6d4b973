#include "heartbeat/ctl_status.h"

#include <string.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/local.h"

#define EXIT_NOT_SERVING 1
#define EXIT_NO_ANSWER 2

/* What heartbeatd gives as its reason when the active member has refused admission for good. */
#define REFUSED_WORDS "belongs to another member"

/* A member of o as text; fallback when it is missing, no string or empty. */
static const char *text_of(const json_t *o, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && *text ? text : fallback;
}

static bool array_has(const json_t *array, const char *name)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

static bool is_serving(const json_t *status)
{
	const char *mode = text_of(status, "mode", "");

	return strcmp(mode, "SYNC") == 0 || strcmp(mode, "SOLO") == 0;
}

void ctl_status_look(const json_t *status, const char *name, const char *address, struct ctl_look *ret)
{
	const json_t *nodes = json_object_get(status, "nodes");

	*ret = (struct ctl_look){.answered = true, .serving = is_serving(status)};
	(void)snprintf(ret->mode, sizeof(ret->mode), "%s", text_of(status, "mode", ""));
	(void)snprintf(ret->state, sizeof(ret->state), "%s", text_of(status, "state", ""));
	(void)snprintf(ret->reason, sizeof(ret->reason), "%s", text_of(status, "reason", ""));
	ret->refused = strstr(ret->reason, REFUSED_WORDS);
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i);

		if (strcmp(text_of(n, "name", ""), name) == 0 && strcmp(text_of(n, "address", ""), address) == 0)
			ret->member = !ret->refused;
		else
			ret->heard = true;
	}
	ret->in_sync = ret->member && array_has(json_object_get(status, "in_sync"), name);
}

void ctl_status_ask(const char *name, const char *address, struct ctl_look *ret)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);

	*ret = (struct ctl_look){0};
	if (status)
		ctl_status_look(status, name, address, ret);
	json_decref(status);
}

static void print_node(FILE *f, const json_t *n)
{
	const json_t *lease = json_object_get(n, "lease_ms"), *backlog = json_object_get(n, "backlog_ms");
	const char *gtid = text_of(n, "gtid_applied", text_of(n, "gtid_binlog", "-"));
	char time[40] = "-";

	if (json_is_integer(lease))
		(void)snprintf(time, sizeof(time), "lease %lld ms", (long long)json_integer_value(lease));
	else if (json_is_integer(backlog))
		(void)snprintf(time, sizeof(time), "behind %lld ms", (long long)json_integer_value(backlog));
	(void)fprintf(f, "%-15s %-8s %-15s %-12s %-14s %-14s %s\n", text_of(n, "name", "?"), text_of(n, "kind", "?"),
	    text_of(n, "address", "?"), text_of(n, "state", "?"), gtid, time, text_of(n, "reason", ""));
}

static void print_transition(FILE *f, const json_t *t)
{
	if (!json_is_object(t))
		return;
	(void)fprintf(f, "last move: %s -> %s at %s, %s, took %lld ms, epoch %lld\n", text_of(t, "from", "?"),
	    text_of(t, "to", "?"), text_of(t, "at", "?"), text_of(t, "reason", "?"),
	    (long long)json_integer_value(json_object_get(t, "took_ms")),
	    (long long)json_integer_value(json_object_get(t, "epoch")));
}

void ctl_status_print(FILE *f, const json_t *status)
{
	const json_t *vip = json_object_get(status, "vip"), *nodes = json_object_get(status, "nodes");
	bool unobserved = json_is_false(json_object_get(status, "observed"));

	(void)fprintf(f, "cluster %s  mode %s%s  epoch %lld  active %s", text_of(status, "cluster", "?"),
	    text_of(status, "mode", "?"), unobserved ? " unobserved" : "",
	    (long long)json_integer_value(json_object_get(status, "epoch")), text_of(status, "active", "nobody"));
	if (*text_of(vip, "address", ""))
		(void)fprintf(f, "  address %s on %s", text_of(vip, "address", ""), text_of(vip, "holder", "nobody"));
	else
		(void)fprintf(f, "  address on %s", text_of(vip, "holder", "nobody"));
	(void)fprintf(f, "\n%-15s %-8s %-15s %-12s %-14s %-14s %s\n", "NODE", "KIND", "ADDRESS", "STATE", "GTID",
	    "TIME", "REASON");
	for (size_t i = 0; i < json_array_size(nodes); i++)
		print_node(f, json_array_get(nodes, i));
	if (!json_array_size(nodes))
		(void)fprintf(f, "no member is known yet: %s\n", text_of(status, "reason", "no reason given"));
	print_transition(f, json_object_get(status, "last_transition"));
}

int ctl_status(const struct ctl_options *o)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	bool serving = is_serving(status);

	if (!status) {
		if (access(CONF_PATH, F_OK))
			(void)fprintf(stderr,
			    "holdfastctl: status: this machine belongs to no cluster: there is no %s\n", CONF_PATH);
		else
			(void)fprintf(stderr, "holdfastctl: status: %s\n", e.text);
		return EXIT_NO_ANSWER;
	}
	if (o->json) {
		(void)json_dumpf(status, stdout, JSON_COMPACT);
		(void)putchar('\n');
	} else {
		ctl_status_print(stdout, status);
	}
	json_decref(status);
	if (fflush(stdout)) {
		perror("holdfastctl: status: standard output");
		return EXIT_NO_ANSWER;
	}
	return serving ? 0 : EXIT_NOT_SERVING;
}
