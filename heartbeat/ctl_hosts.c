#include "heartbeat/ctl_hosts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_fetch.h"
#include "heartbeat/hostfiles.h"
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
