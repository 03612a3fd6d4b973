/* What is to be done about what a status shows. */
#include "heartbeat/ctl_status_parts.h"

#include <string.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_status.h"

/* One network of two. */
static void print_silent_paths(FILE *f, const json_t *node)
{
	const json_t *paths = json_object_get(node, "paths");

	for (size_t i = 0; i < json_array_size(paths) && !json_is_false(json_object_get(node, "reachable")); i++)
		if (json_is_false(json_object_get(json_array_get(paths, i), "heard")))
			(void)fprintf(f, "%s is not heard from %s: is that network cut?\n",
			    ctl_text_of(node, "name", "?"), ctl_text_of(json_array_get(paths, i), "address", "?"));
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
	const char *self = ctl_text_of(status, "node", "");
	unsigned count = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const char *name = ctl_text_of(json_array_get(nodes, i), "name", "?");

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

		if (!name || ctl_is_unreachable(status, name) == here)
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
		const char *other = ctl_text_of(n, "name", "");

		if (strcmp(other, name) != 0 && strcmp(other, ctl_text_of(status, "node", "")) != 0 &&
		    json_is_true(json_object_get(n, "reachable")) && ctl_array_has(json_object_get(n, "hears"), name))
			return other;
	}
	return NULL;
}

/* Without a majority: what the others do is not known here. */
static void print_cut_off(FILE *f, const json_t *status, const char *silent)
{
	const char *node = ctl_text_of(status, "node", "this node");
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

/* The one copy that counts is there, and cannot be opened: the operator alone can say that it is gone for ever. */
static void print_fault(FILE *f, const json_t *status, const char *active)
{
	const json_t *node = ctl_node(status, active);

	if (strcmp(ctl_text_of(node, "state", ""), "fault") == 0 && !ctl_is_unreachable(status, active) &&
	    json_array_size(json_object_get(status, "in_sync")) == 1)
		(void)fprintf(f,
		    "only %s has every acknowledged payment, and it cannot open: %s\n"
		    "if its data are gone for ever: doc/operations.md, \"The only copy in sync is gone for ever\"\n",
		    active, ctl_text_of(node, "reason", "?"));
}

/* Nobody serves, and a majority is heard: who could, and why does it not? */
static void print_stalled(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");
	const char *active = ctl_text_of(status, "active", "");
	const char *hearer = ctl_is_unreachable(status, active) ? hearer_of(status, active) : NULL;
	char names[96], heard[96];
	unsigned silent = name_holders(status, false, names, sizeof(names));

	if (hearer) {
		(void)fprintf(f,
		    "%s hears %s, or did a moment ago: it may serve. Ask %s: holdfastctl status there, or here again "
		    "in 3 s\n",
		    hearer, active, hearer);
		return;
	}
	if (silent && silent == json_array_size(json_object_get(status, "in_sync")) &&
	    name_others(status, true, heard, sizeof(heard)))
		(void)fprintf(f,
		    "only %s %s every acknowledged payment: if %s too hears nothing of %s, bring %s back\n", names,
		    silent > 1 ? "have" : "has", heard, silent > 1 ? "them" : "it", silent > 1 ? "one" : names);
	print_fault(f, status, active);
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i);
		const char *name = ctl_text_of(n, "name", "?"), *reason = ctl_text_of(n, "reason", "");

		if (strcmp(name, active) != 0 && *reason && json_is_true(json_object_get(n, "reachable")) &&
		    ctl_array_has(json_object_get(status, "in_sync"), name))
			(void)fprintf(f, "%s is in sync by the record, and does not take over: %s\n", name, reason);
	}
}

/* What one that hears too little sees is not what the others do: they may serve. */
static void print_silence(FILE *f, const json_t *status)
{
	char silent[96];

	if (strcmp(ctl_text_of(status, "mode", ""), "STALLED") != 0)
		return;
	if (ctl_status_is_cut_off(status, silent, sizeof(silent)))
		print_cut_off(f, status, silent);
	else if (*ctl_text_of(status, "active", ""))
		print_stalled(f, status);
}

/* It serves, with less to fall back on than it should have. */
static void print_absent(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");
	bool solo = strcmp(ctl_text_of(status, "mode", ""), "SOLO") == 0;

	for (size_t i = 0; i < json_array_size(nodes) && ctl_is_serving(status); i++) {
		const json_t *n = json_array_get(nodes, i);
		const char *name = ctl_text_of(n, "name", "?"), *kind = ctl_text_of(n, "kind", "");
		const char *hearer = hearer_of(status, name);

		if (!json_is_false(json_object_get(n, "reachable")) || json_is_true(json_object_get(n, "maintenance")))
			continue;
		if (strcmp(kind, "witness") == 0 && hearer)
			(void)fprintf(f,
			    "%s hears %s, or did a moment ago, and %s does not: is the way between them cut?\n", hearer,
			    name, ctl_text_of(status, "node", "?"));
		else if (strcmp(kind, "witness") == 0)
			(void)fprintf(f, "bring %s back: nothing is heard from it, and the next loss %s payments\n",
			    name, solo ? "may stop" : "stops");
		else if (strcmp(kind, "gateway") == 0 && solo)
			(void)fprintf(f, "bring %s back: nothing is heard from it, and only %s has every payment\n",
			    name, ctl_text_of(status, "active", "?"));
	}
}

/* Heard here, but not by another one that is heard, too. */
static void print_deaf(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i), *hears = json_object_get(n, "hears");
		const char *name = ctl_text_of(n, "name", "?");

		if (!json_is_array(hears) || strcmp(name, ctl_text_of(status, "node", "")) == 0)
			continue;
		for (size_t k = 0; k < json_array_size(nodes); k++) {
			const json_t *m = json_array_get(nodes, k);
			const char *other = ctl_text_of(m, "name", "?");

			if (k != i && json_is_true(json_object_get(m, "reachable")) && !ctl_array_has(hears, other))
				(void)fprintf(f, "%s does not hear %s: is the way from %s to %s cut?\n", name, other,
				    other, name);
		}
	}
}

/* The active waits for one that is in sync and silent, or does not acknowledge. */
static void print_waiting(FILE *f, const json_t *status)
{
	const char *name = ctl_text_of(status, "waits_for", "");

	if (ctl_is_serving(status) && *name)
		(void)fprintf(
		    f, "payments wait for %s, for peer-timeout-ms at most; at once: holdfastctl force solo\n", name);
}

/* Leases of one length are what all the times are reckoned with. */
static void print_leases(FILE *f, const json_t *status)
{
	const json_t *nodes = json_object_get(status, "nodes");
	const json_t *own = json_object_get(ctl_node(status, ctl_text_of(status, "node", "")), "lease_setting_ms");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *n = json_array_get(nodes, i), *ms = json_object_get(n, "lease_setting_ms");

		if (json_is_integer(ms) && json_is_integer(own) && json_integer_value(ms) != json_integer_value(own))
			(void)fprintf(f,
			    "lease-ms is %lld on %s, and %lld on %s: make it the same in holdfast.conf of all "
			    "members\n",
			    (long long)json_integer_value(ms), ctl_text_of(n, "name", "?"),
			    (long long)json_integer_value(own), ctl_text_of(status, "node", "?"));
	}
}

static void print_address(FILE *f, const json_t *status)
{
	const char *holder = ctl_text_of(json_object_get(status, "vip"), "holder", ""),
		   *active = ctl_text_of(status, "active", "?");

	if (!ctl_is_serving(status) || ctl_is_addressed(status))
		return;
	if (*holder)
		(void)fprintf(f,
		    "the address is on %s, and must not be: its reason says why, or systemctl status keepalived "
		    "there\n",
		    holder);
	else
		(void)fprintf(f, "the address is on nobody: systemctl status keepalived haproxy on %s%s\n", active,
		    strcmp(ctl_text_of(status, "mode", ""), "SYNC") == 0 ? "; until then: holdfastctl switchover" : "");
}

/* Of this machine, and no other knows of it. */
static void print_tails(FILE *f, const json_t *status)
{
	json_int_t exports = ctl_number(status, TAIL_EXPORTS);

	if (exports > 0)
		(void)fprintf(f,
		    CONF_TAILS_DIR
		    " has %lld export%s of what this machine wrote and gave up: the .summary says what to "
		    "do. Then move all of it away\n",
		    (long long)exports, exports == 1 ? "" : "s");
}

/* Of this machine, too: a ledger that does not add up is for people to look into. */
static void print_verify(FILE *f, const json_t *status)
{
	const json_t *verify = json_object_get(status, VERIFY);
	const char *result = ctl_text_of(verify, "result", "right"), *at = ctl_text_of(verify, "at", "?");

	if (strcmp(result, "found") == 0)
		(void)fprintf(f,
		    "the ledger does not add up: holdfastctl verify found %lld things here at %s; run it again to see "
		    "them\n",
		    (long long)ctl_number(verify, "findings"), at);
	else if (strcmp(result, "failed") == 0)
		(void)fprintf(f, "holdfastctl verify could not look into the ledger here at %s: %s\n", at,
		    ctl_text_of(verify, "error", "?"));
}

/* What it sees of the pair is not what a member sees, and nothing is to be done about that from here. */
static bool is_replica(const json_t *status)
{
	const json_t *first = json_array_get(json_object_get(status, "replicas"), 0);

	return strcmp(ctl_text_of(first, "name", ""), ctl_text_of(status, "node", "?")) == 0;
}

/* What the others of its cluster do matters no more, and none of them is to be brought back. */
static void print_given_up(FILE *f, const json_t *status)
{
	const json_t *given_up = json_object_get(status, "given_up");
	const char *by = ctl_text_of(given_up, "by", "?");

	if (json_is_false(json_object_get(given_up, "saved"))) {
		(void)fprintf(f,
		    "%s has the ledger now, and this machine answers nothing. It saves what only it has: leave it on "
		    "until that is done\n",
		    by);
		return;
	}
	(void)fprintf(f,
	    "%s has the ledger now, and this machine answers nothing. Its exports are what %s lacks: keep them first. "
	    "Then it begins\n"
	    "anew and joins: doc/operations.md, \"The whole site is gone\"\n",
	    by, by);
}

/* Of a replica that became a gateway of its own, and is not all of one yet. */
static void print_promotion(FILE *f, const json_t *status)
{
	if (json_is_true(json_object_get(status, PROMOTION)))
		(void)fprintf(f,
		    "the promotion of this replica was cut short: holdfastctl force promote %s --accept-loss ends it\n",
		    ctl_text_of(status, "node", "?"));
}

void ctl_advice_print(FILE *f, const json_t *status)
{
	print_promotion(f, status);
	if (json_is_object(json_object_get(status, "given_up"))) {
		print_given_up(f, status);
		print_tails(f, status);
		return;
	}
	if (is_replica(status)) {
		print_tails(f, status);
		return;
	}
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
	print_verify(f, status);
}
