#include "heartbeat/ctl_hosts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/hostseen.h"
#include "heartbeat/rolepage.h"
#include "heartbeat/utc.h"

#define HAPROXY_SOCKET "/run/holdfast/haproxy.sock"
#define SERVER_RUNNING 2 /* srv_op_state: HAProxy's management guide, "show servers state" */

/* Is the server of that backend up? False and *known untouched: nothing is said of it. */
static bool is_up(const char *answer, const char *kind, const char *name, bool *known)
{
	char backend[48];
	const char *line;
	unsigned state;

	(void)snprintf(backend, sizeof(backend), " %s_host-%s ", kind, name);
	line = strstr(answer, backend);
	if (!line || sscanf(line, "%*s %*s %*s %*s %u", &state) != 1)
		return false;
	*known = true;
	return state == SERVER_RUNNING;
}

const char *ctl_host_state(const char *answer, const char *name)
{
	bool known = false;

	if (is_up(answer, "ready", name, &known))
		return "up";
	if (is_up(answer, "alive", name, &known))
		return "not ready";
	return known ? "down" : "unknown";
}

/* "gateway at 10.0.0.1", when one of that list has that name. */
static void find_namesake(const json_t *list, const char *name, char *ret, size_t size)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(ctl_text(one, "name"), name) == 0)
			(void)snprintf(ret, size, "%s at %s", ctl_text(one, "kind"), ctl_text(one, "address"));
	}
}

void ctl_hosts_compare(json_t *hosts, const json_t *status)
{
	json_t *one;
	size_t i;

	json_array_foreach(hosts, i, one)
	{
		char whose[80] = "";

		find_namesake(json_object_get(status, "nodes"), ctl_text(one, "name"), whose, sizeof(whose));
		find_namesake(json_object_get(status, "replicas"), ctl_text(one, "name"), whose, sizeof(whose));
		if (whose[0])
			(void)json_object_set_new(one, CTL_HOSTS_NAMESAKE, json_string(whose));
	}
}

void ctl_hosts_leave(const json_t *hosts, const char *run_dir)
{
	static const struct ctl_owner for_all = {NULL, NULL, 0644};
	struct hostseen s = {.at_ms = clock_boottime_us() / 1000};
	char text[HOSTSEEN_BYTES], path[128];
	struct errbuf e = {""};

	for (size_t i = 0; i < json_array_size(hosts) && s.count < ROSTER_LIVE_MAX; i++, s.count++) {
		const json_t *one = json_array_get(hosts, i);

#define TAKE(member) (void)snprintf(s.host[i].member, sizeof(s.host[i].member), "%s", ctl_text(one, #member))
		TAKE(name);
		TAKE(address);
		TAKE(state);
#undef TAKE
	}
	hostseen_print(&s, text);
	(void)snprintf(path, sizeof(path), "%.100s/" HOSTSEEN_NAME, run_dir);
	if (ctl_file_write(path, text, &for_all, &e))
		(void)fprintf(stderr, "holdfastctl: worker: %s\n", e.text);
}

json_t *ctl_hosts(void)
{
	static struct roster r;
	static char answer[65536]; /* some 40 servers, 200 bytes each */
	struct errbuf ignored = {""};
	json_t *hosts = json_array();

	answer[0] = '\0';
	if (hostfiles_load(&r, &ignored))
		return hosts;
	for (unsigned i = 0; i < r.count; i++) {
		const struct roster_entry *one = &r.entry[i];
		char until[UTC_BYTES] = "-";
		int64_t end_s;

		if (one->removed_s)
			continue;
		if (!answer[0] &&
		    ctl_unix_ask(HAPROXY_SOCKET, "show servers state\n", answer, sizeof(answer), &ignored))
			(void)snprintf(answer, sizeof(answer), "?"); /* nor is it asked again */
		if (hostfiles_end(one->id, &end_s))
			utc_format((uint64_t)end_s * 1000, until);
		(void)json_array_append_new(
		    hosts, json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", one->name, "kind", "worker", "address",
			       one->address, "state", ctl_host_state(answer, one->name), "certificate_until", until));
	}
	return hosts;
}
