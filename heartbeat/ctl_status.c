#include "heartbeat/ctl_status.h"

#include <string.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/local.h"

#define EXIT_NOT_SERVING 1
#define TAILS "unacknowledged_files"

#define ROW "%-15s %-8s %-15s %-12s %-14s %-16s %s\n"

/* What heartbeatd gives as its reason when the active member has refused admission for good. */
#define REFUSED_WORDS "belongs to another member"

/* A member of o as text; fallback when it is missing, no string or empty. */
static const char *text_of(const json_t *o, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text && *text ? text : fallback;
}

static bool is_serving(const json_t *status)
{
	const char *mode = text_of(status, "mode", "");

	return strcmp(mode, "SYNC") == 0 || strcmp(mode, "SOLO") == 0;
}

static bool is_unreachable(const json_t *status, const char *name)
{
	return json_is_false(json_object_get(ctl_node(status, name), "reachable"));
}

/* Does the active node hold the virtual IP, or does the one before it still pass on what comes by that? */
static bool is_addressed(const json_t *status)
{
	const json_t *vip = json_object_get(status, "vip");
	const char *holder = text_of(vip, "holder", "");

	return *holder &&
	       (strcmp(holder, text_of(status, "active", "")) == 0 || json_is_true(json_object_get(vip, "moving")));
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
	return is_serving(status) && is_addressed(status) && !*text_of(status, "waits_for", "") ? 0 : EXIT_NOT_SERVING;
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

static void print_node(FILE *f, const json_t *n)
{
	const char *gtid = text_of(n, "gtid_applied", text_of(n, "gtid_binlog", "-"));
	char time[64];

	take_time(n, time, sizeof(time));
	(void)fprintf(f, ROW, text_of(n, "name", "?"), text_of(n, "kind", "?"), text_of(n, "address", "?"),
	    text_of(n, "state", "?"), gtid, time, text_of(n, "reason", ""));
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
	(void)fprintf(f, "last move: %s -> %s at %s, %s, took %s, epoch %lld\n", text_of(t, "from", "?"),
	    text_of(t, "to", "?"), text_of(t, "at", "?"), text_of(t, "reason", "?"), took_text(t, took, sizeof(took)),
	    (long long)ctl_number(t, "epoch"));
}

/* Where the address is when nobody that is heard has it: a gateway that is not heard may. */
static const char *no_holder(const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");

	for (size_t i = 0; i < json_array_size(nodes) && !is_serving(status); i++) {
		const json_t *n = json_array_get(nodes, i);

		if (json_is_false(json_object_get(n, "reachable")) &&
		    strcmp(text_of(n, "kind", "gateway"), "gateway") == 0)
			return "unknown";
	}
	return "nobody";
}

static void print_head(FILE *f, const json_t *status)
{
	const json_t *vip = json_object_get(status, "vip"), *in_sync = json_object_get(status, "in_sync");
	const char *active = text_of(status, "active", ""), *node = text_of(status, "node", "?");
	const char *holder = text_of(vip, "holder", no_holder(status));
	const json_t *holders = json_object_get(vip, "holders");

	(void)fprintf(f, "cluster %s  mode %s%s", text_of(status, "cluster", "?"), text_of(status, "mode", "?"),
	    json_is_false(json_object_get(status, "observed")) ? " unobserved" : "");
	/* It may be this node that is cut off, and the cluster may serve. */
	if (!knows_active(status))
		(void)fprintf(f, " as seen from %s, which does not know yet who is active", node);
	else if (*active && is_unreachable(status, active))
		(void)fprintf(f, " as seen from %s", node);
	(void)fprintf(
	    f, "  epoch %lld  active %s  in sync", (long long)ctl_number(status, "epoch"), *active ? active : "nobody");
	for (size_t i = 0; i < json_array_size(in_sync); i++) {
		const char *name = json_string_value(json_array_get(in_sync, i));

		(void)fprintf(f, " %s", name ? name : "?");
	}
	if (!json_array_size(in_sync))
		(void)fprintf(f, " nobody");
	if (*text_of(vip, "address", ""))
		(void)fprintf(f, "  address %s on %s", text_of(vip, "address", ""), holder);
	else
		(void)fprintf(f, "  address on %s", holder);
	for (size_t i = 0; i < json_array_size(holders); i++)
		if (strcmp(json_string_value(json_array_get(holders, i)), holder) != 0)
			(void)fprintf(f, ", %s", json_string_value(json_array_get(holders, i)));
	(void)fputc('\n', f);
}

/* One network of two. */
static void print_silent_paths(FILE *f, const json_t *node)
{
	const json_t *paths = json_object_get(node, "paths");

	for (size_t i = 0; i < json_array_size(paths) && !json_is_false(json_object_get(node, "reachable")); i++)
		if (json_is_false(json_object_get(json_array_get(paths, i), "heard")))
			(void)fprintf(f, "%s is not heard from %s: is that network cut?\n", text_of(node, "name", "?"),
			    text_of(json_array_get(paths, i), "address", "?"));
}

/* A new key that cannot go on. */
static void print_key(FILE *f, const json_t *key)
{
	const json_t *names = json_object_get(key, "waiting_for");

	for (size_t i = 0; i < json_array_size(names); i++)
		(void)fprintf(
		    f, "the new key of the heartbeats waits for %s\n", json_string_value(json_array_get(names, i)));
}

/* "a, b"; cut where the text is full. */
static void add_name(char *text, size_t size, const char *name)
{
	size_t at = strlen(text);

	(void)snprintf(text + at, size - at, "%s%s", at ? ", " : "", name);
}

/* Those that are not heard, or those that are but this node. Returns how many. */
static unsigned name_others(const json_t *status, bool heard, char *text, size_t size)
{
	const json_t *nodes = json_object_get(status, "nodes");
	const char *self = text_of(status, "node", "");
	unsigned count = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const char *name = text_of(json_array_get(nodes, i), "name", "?");

		if (strcmp(name, self) == 0 ||
		    json_is_true(json_object_get(json_array_get(nodes, i), "reachable")) != heard)
			continue;
		add_name(text, size, name);
		count++;
	}
	return count;
}

/* Names of in_sync that are, or are not, reachable. */
static unsigned name_holders(const json_t *status, bool here, char *text, size_t size)
{
	const json_t *in_sync = json_object_get(status, "in_sync");
	unsigned count = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(in_sync); i++) {
		const char *name = json_string_value(json_array_get(in_sync, i));

		if (!name || is_unreachable(status, name) == here)
			continue;
		add_name(text, size, name);
		count++;
	}
	return count;
}

bool ctl_status_is_cut_off(const json_t *status, char *silent, size_t size)
{
	unsigned count = name_others(status, false, silent, size);

	return count && count >= (json_array_size(json_object_get(status, "nodes")) + 1) / 2;
}

/* One that is heard here and says that it hears name; NULL: nobody says so. */
static const char *hearer_of(const json_t *status, const char *name)
{
	const json_t *nodes = json_object_get(status, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i);
		const char *other = text_of(n, "name", "");

		if (strcmp(other, name) != 0 && strcmp(other, text_of(status, "node", "")) != 0 &&
		    json_is_true(json_object_get(n, "reachable")) && ctl_array_has(json_object_get(n, "hears"), name))
			return other;
	}
	return NULL;
}

/* Without a majority: what the others do is not known here. */
static void print_cut_off(FILE *f, const json_t *status, const char *silent)
{
	const char *node = text_of(status, "node", "this node");
	char names[96];
	unsigned count = name_holders(status, false, names, sizeof(names));

	(void)fprintf(f,
	    "%s hears nothing of %s: it is cut off, or they are dead. Ask them: holdfastctl status there\n", node,
	    silent);
	if (ctl_array_has(json_object_get(status, "in_sync"), node))
		(void)fprintf(
		    f, "if they are dead, bring one of them back: %s has every payment, as far as it knows\n", node);
	else if (count)
		(void)fprintf(f, "if they are dead, bring %s%s back first: %s every payment, as far as is known here\n",
		    count > 1 ? "one of " : "", names, count > 1 ? "they have" : "only it has");
}

/* Nobody serves, and a majority is heard: who could, and why does it not? */
static void print_stalled(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");
	const char *active = text_of(status, "active", "");
	const char *hearer = is_unreachable(status, active) ? hearer_of(status, active) : NULL;
	char names[96], heard[96];
	unsigned silent = name_holders(status, false, names, sizeof(names));

	if (hearer) {
		(void)fprintf(f, "%s hears %s, or did a moment ago: it may serve. Ask %s: holdfastctl status there\n",
		    hearer, active, hearer);
		return;
	}
	if (silent && silent == json_array_size(json_object_get(status, "in_sync")) &&
	    name_others(status, true, heard, sizeof(heard)))
		(void)fprintf(f,
		    "only %s %s every acknowledged payment: if %s too hears nothing of %s, bring %s back\n", names,
		    silent > 1 ? "have" : "has", heard, silent > 1 ? "them" : "it", silent > 1 ? "one" : names);
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i);
		const char *name = text_of(n, "name", "?"), *reason = text_of(n, "reason", "");

		if (strcmp(name, active) != 0 && *reason && json_is_true(json_object_get(n, "reachable")) &&
		    ctl_array_has(json_object_get(status, "in_sync"), name))
			(void)fprintf(
			    f, "%s has every acknowledged payment, and does not take over: %s\n", name, reason);
	}
}

/* What one that hears too little sees is not what the others do: they may serve. */
static void print_silence(FILE *f, const json_t *status)
{
	char silent[96];

	if (strcmp(text_of(status, "mode", ""), "STALLED") != 0)
		return;
	if (ctl_status_is_cut_off(status, silent, sizeof(silent)))
		print_cut_off(f, status, silent);
	else if (*text_of(status, "active", ""))
		print_stalled(f, status);
}

/* It serves, with less to fall back on than it should have. */
static void print_absent(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");
	bool solo = strcmp(text_of(status, "mode", ""), "SOLO") == 0;

	for (size_t i = 0; i < json_array_size(nodes) && is_serving(status); i++) {
		const json_t *n = json_array_get(nodes, i);
		const char *name = text_of(n, "name", "?"), *kind = text_of(n, "kind", "");

		if (!json_is_false(json_object_get(n, "reachable")) || json_is_true(json_object_get(n, "maintenance")))
			continue;
		if (strcmp(kind, "witness") == 0 && hearer_of(status, name))
			(void)fprintf(f,
			    "%s hears %s, or did a moment ago, and %s does not: is the way between them cut?\n",
			    hearer_of(status, name), name, text_of(status, "node", "?"));
		else if (strcmp(kind, "witness") == 0)
			(void)fprintf(f, "bring %s back: nothing is heard from it, and the next loss %s payments\n",
			    name, solo ? "may stop" : "stops");
		else if (strcmp(kind, "gateway") == 0 && solo)
			(void)fprintf(f, "bring %s back: nothing is heard from it, and only %s has every payment\n",
			    name, text_of(status, "active", "?"));
	}
}

/* Heard here, but not by another one that is heard, too. */
static void print_deaf(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i), *hears = json_object_get(n, "hears");
		const char *name = text_of(n, "name", "?");

		if (!json_is_array(hears) || strcmp(name, text_of(status, "node", "")) == 0)
			continue;
		for (size_t k = 0; k < json_array_size(nodes); k++) {
			const json_t *m = json_array_get(nodes, k);
			const char *other = text_of(m, "name", "?");

			if (k != i && json_is_true(json_object_get(m, "reachable")) && !ctl_array_has(hears, other))
				(void)fprintf(f, "%s does not hear %s: is the way from %s to %s cut?\n", name, other,
				    other, name);
		}
	}
}

/* The active waits for one that is in sync and silent, or does not acknowledge. */
static void print_waiting(FILE *f, const json_t *status)
{
	const char *name = text_of(status, "waits_for", "");

	if (is_serving(status) && *name)
		(void)fprintf(
		    f, "payments wait for %s, until peer-timeout-ms is over; at once: holdfastctl force solo\n", name);
}

/* Leases of one length are what all the times are reckoned with. */
static void print_leases(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");
	const json_t *own = json_object_get(ctl_node(status, text_of(status, "node", "")), "lease_setting_ms");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i), *ms = json_object_get(n, "lease_setting_ms");

		if (json_is_integer(ms) && json_is_integer(own) && json_integer_value(ms) != json_integer_value(own))
			(void)fprintf(f,
			    "lease-ms is %lld on %s, and %lld on %s: make it the same in holdfast.conf of all "
			    "members\n",
			    (long long)json_integer_value(ms), text_of(n, "name", "?"),
			    (long long)json_integer_value(own), text_of(status, "node", "?"));
	}
}

static void print_address(FILE *f, const json_t *status)
{
	const char *holder = text_of(json_object_get(status, "vip"), "holder", ""),
		   *active = text_of(status, "active", "?");

	if (!is_serving(status) || is_addressed(status))
		return;
	if (*holder)
		(void)fprintf(f,
		    "the address is on %s, and must not be: its reason says why, or systemctl status keepalived "
		    "there\n",
		    holder);
	else
		(void)fprintf(f, "the address is on nobody: systemctl status keepalived haproxy on %s%s\n", active,
		    strcmp(text_of(status, "mode", ""), "SYNC") == 0 ? "; until then: holdfastctl switchover" : "");
}

/* Of this machine, and no other knows of it. */
static void print_tails(FILE *f, const json_t *status)
{
	json_int_t files = ctl_number(status, TAILS);

	if (files > 0)
		(void)fprintf(f,
		    CONF_TAILS_DIR " has %lld file%s: what this machine wrote and gave up. Compare the ids there with "
				   "what clients complain about, then move all of it away\n",
		    (long long)files, files == 1 ? "" : "s");
}

/* What to do about it. */
static void print_advice(FILE *f, const json_t *status)
{
	print_silence(f, status);
	print_waiting(f, status);
	print_absent(f, status);
	print_deaf(f, status);
	print_leases(f, status);
	for (size_t i = 0; i < json_array_size(json_object_get(status, "nodes")); i++)
		print_silent_paths(f, json_array_get(json_object_get(status, "nodes"), i));
	print_key(f, json_object_get(status, "key"));
	print_address(f, status);
	print_tails(f, status);
}

void ctl_status_print(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");

	print_head(f, status);
	(void)fprintf(f, ROW, "NODE", "KIND", "ADDRESS", "STATE", "GTID", "TIME", "REASON");
	for (size_t i = 0; i < json_array_size(nodes); i++)
		print_node(f, json_array_get(nodes, i));
	if (!json_array_size(nodes))
		(void)fprintf(f, "no member is known yet: %s\n", text_of(status, "reason", "no reason given"));
	print_transition(f, json_object_get(status, "last_transition"));
	print_advice(f, status);
}

int ctl_status(const struct ctl_options *o)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	int code = ctl_status_exit(status), files = ctl_dir_count(CONF_TAILS_DIR);

	if (!status) {
		if (access(CONF_PATH, F_OK))
			(void)fprintf(stderr,
			    "holdfastctl: status: this machine belongs to no cluster: there is no %s\n", CONF_PATH);
		else
			(void)fprintf(stderr, "holdfastctl: status: %s\n", e.text);
		return EXIT_NO_ANSWER;
	}
	/* heartbeatd may not look there. */
	(void)json_object_set_new(status, TAILS, files < 0 ? json_null() : json_integer(files));
	if (ctl_show("status", status, o->json, ctl_status_print))
		code = EXIT_NO_ANSWER;
	json_decref(status);
	return code;
}
