#include "heartbeat/ctl_status_host.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_paint.h"
#include "heartbeat/ctl_peername.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/utc.h"

#define HAPROXY_SOCKET "/run/holdfast/haproxy.sock"
#define ASK_FORMAT "/run/holdfast/ask-%s.sock"
#define SERVER_RUNNING 2 /* srv_op_state: HAProxy's management guide, "show servers state" */
#define EXIT_NOT_WELL 1

const char *ctl_host_worker_state(const char *answer, const char *name)
{
	char backend[32], server[32];
	unsigned state;

	for (const char *line = answer; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%*s %31s %*s %31s %*s %u", backend, server, &state) == 3 &&
		    strcmp(backend, "workers") == 0 && strcmp(server, name) == 0)
			return state == SERVER_RUNNING ? "up" : "down";
	}
	return "unknown";
}

static bool says_yes(const char *gateway, const char *path)
{
	struct errbuf ignored = {""};
	char socket[64], answer[256];

	(void)snprintf(socket, sizeof(socket), ASK_FORMAT, gateway);
	return ctl_fetch(socket, path, answer, sizeof(answer), &ignored) == 0;
}

/* Whoever is asked lets us in, or we would hear nothing. */
const char *ctl_host_ask(const char *name)
{
	if (says_yes(name, "/activez"))
		return CTL_HOST_ACTIVE;
	return says_yes(name, "/edgez") ? CTL_HOST_IDLE : CTL_HOST_SILENT;
}

static json_t *look_at_workers(const struct conf *conf)
{
	static char answer[65536];
	struct errbuf ignored = {""};
	json_t *workers = json_array();
	char name[16], unit[24];

	if (ctl_unix_ask(HAPROXY_SOCKET, "show servers state workers\n", answer, sizeof(answer), &ignored))
		answer[0] = '\0';
	for (uint32_t i = 1; i <= conf->workers; i++) {
		(void)snprintf(name, sizeof(name), "w%u", i);	     /* heartbeat/settings_values.c */
		(void)snprintf(unit, sizeof(unit), "workerd@%u", i); /* as in metrics: a host may be called w1 */
		(void)json_array_append_new(
		    workers, json_pack("{s:s,s:s}", "name", unit, "state", ctl_host_worker_state(answer, name)));
	}
	return workers;
}

/* Who does not answer may be another than the list says. */
static json_t *look_at_gateway(const struct conf *conf, const struct settings_member *m)
{
	const char *state = ctl_host_ask(m->name);
	json_t *o = json_pack("{s:s,s:s,s:s}", "name", m->name, "address", m->address, "state", state);
	char name[64];

	if (strcmp(state, CTL_HOST_SILENT) == 0 &&
	    ctl_peername(m->address, conf->mesh_http_port, CONF_PKI_DIR "/ca.pem", name) && strcmp(name, m->name) != 0)
		(void)json_object_set_new(o, CTL_HOST_OTHER, json_string(name));
	return o;
}

/* How long ago this machine joined, by the file that is written then and never after. */
static json_t *joined_ago(void)
{
	struct stat st;
	int64_t ago_s;

	if (stat(CONF_PKI_DIR "/node.key", &st))
		return json_null();
	ago_s = (int64_t)time(NULL) - (int64_t)st.st_mtim.tv_sec;
	return ago_s < 0 ? json_null() : json_integer(ago_s);
}

bool ctl_host_is_new(const json_t *look)
{
	const json_t *ago = json_object_get(look, CTL_HOST_JOINED);

	return json_is_integer(ago) && json_integer_value(ago) < CTL_HOST_NEW_S;
}

json_t *ctl_host_look(const struct conf *conf, struct errbuf *e)
{
	struct settings_member gateway[CTL_MEMBERS_MAX];
	json_t *gateways, *active = json_null(), *end = json_null();
	struct errbuf ignored = {""};
	unsigned count = 0;
	int64_t end_s;

	if (hostfiles_gateways(gateway, &count, e))
		return NULL;
	gateways = json_array();
	for (unsigned i = 0; i < count; i++) {
		json_t *one = look_at_gateway(conf, &gateway[i]);

		if (strcmp(ctl_text(one, "state"), CTL_HOST_ACTIVE) == 0 && json_is_null(active))
			active = json_string(gateway[i].name);
		(void)json_array_append_new(gateways, one);
	}
	if (certificate_end(CONF_PKI_DIR "/node.pem", &end_s, &ignored) == 0)
		end = json_integer(end_s);
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "node", conf->name, "kind", "worker", "cluster",
	    conf->cluster, "address", conf->address, "active", active, "gateways", gateways, "workers",
	    look_at_workers(conf), "certificate_end_unix", end, CTL_HOST_JOINED, joined_ago());
}

/* How many of that list are in that state. */
static size_t count_of(const json_t *look, const char *list, const char *state)
{
	const json_t *all = json_object_get(look, list);
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(all); i++)
		count += strcmp(ctl_text(json_array_get(all, i), "state"), state) == 0;
	return count;
}

int ctl_host_exit(const json_t *look, int64_t now_s)
{
	return count_of(look, "gateways", CTL_HOST_ACTIVE) && count_of(look, "workers", "up") &&
		       ctl_number(look, "certificate_end_unix") > now_s
		   ? 0
		   : EXIT_NOT_WELL;
}

static enum ctl_paint paint_of(const char *state)
{
	if (strcmp(state, "up") == 0 || strcmp(state, CTL_HOST_ACTIVE) == 0 || strcmp(state, CTL_HOST_IDLE) == 0)
		return PAINT_GOOD;
	return PAINT_BAD;
}

static void print_row(FILE *f, const json_t *one, const char *kind)
{
	const char *state = ctl_text(one, "state"), *address = ctl_text(one, "address");

	(void)fprintf(f, "%-15s %-8s %-15s %s%s%s\n", ctl_text(one, "name"), kind, *address ? address : "-",
	    ctl_paint(f, paint_of(state)), state, ctl_paint(f, PAINT_NONE));
}

static void print_silent(FILE *f, const json_t *look, const json_t *one)
{
	const char *name = ctl_text(one, "name"), *address = ctl_text(one, "address");
	const char *other = ctl_text(one, CTL_HOST_OTHER);

	if (*other)
		(void)fprintf(f,
		    "%s is the address of %s, not of %s: write into " CONF_GATEWAYS_PATH
		    " which gateway is where, then 'holdfastctl reconfigure' here\n",
		    address, other, name);
	else if (ctl_host_is_new(look))
		(void)fprintf(f,
		    "%s at %s does not let this machine in yet: it joined %lld s ago, and the gateway that did not "
		    "make "
		    "its token hears of it within half a minute\n",
		    name, address, ctl_number(look, CTL_HOST_JOINED));
	else
		(void)fprintf(f,
		    "%s at %s does not let this machine in, or is off: 'holdfastctl doctor' here; is %s in "
		    "'holdfastctl worker list' there? If %s has another address now: write that "
		    "into " CONF_GATEWAYS_PATH ", then 'holdfastctl reconfigure' here\n",
		    name, address, ctl_text(look, "node"), name);
}

static void print_advice(FILE *f, const json_t *look)
{
	const json_t *gateways = json_object_get(look, "gateways");

	for (size_t i = 0; i < json_array_size(gateways); i++) {
		const json_t *one = json_array_get(gateways, i);

		if (strcmp(ctl_text(one, "state"), CTL_HOST_SILENT) == 0)
			print_silent(f, look, one);
	}
	if (json_array_size(gateways) == 1)
		(void)fprintf(f,
		    "%s alone is in " CONF_GATEWAYS_PATH ": when the role goes to the other gateway, nothing is served "
		    "here: write its name and address there, "
		    "too, then 'holdfastctl reconfigure' here\n",
		    ctl_text(json_array_get(gateways, 0), "name"));
	if (!count_of(look, "gateways", CTL_HOST_ACTIVE))
		(void)fprintf(
		    f, "no gateway says that it is active: requests wait; 'holdfastctl status' on a gateway\n");
	if (!count_of(look, "workers", "up"))
		(void)fprintf(f, "no worker here is up%s: systemctl status haproxy 'holdfast-workerd@*'\n",
		    ctl_host_is_new(look) ? " yet, as for some seconds after a join; if it stays so" : "");
}

void ctl_host_print(FILE *f, const json_t *look)
{
	const json_t *gateways = json_object_get(look, "gateways"), *workers = json_object_get(look, "workers");
	const json_t *end = json_object_get(look, "certificate_end_unix");
	const char *active = ctl_text(look, "active");
	char until[UTC_BYTES] = "unknown, it cannot be read";

	if (json_is_integer(end))
		utc_format((uint64_t)json_integer_value(end) * 1000, until);
	(void)fprintf(f, "%s, %s, is a worker host of the cluster %s  active %s  certificate until %s\n",
	    ctl_text(look, "node"), ctl_text(look, "address"), ctl_text(look, "cluster"), *active ? active : "nobody",
	    until);
	(void)fprintf(f, "%-15s %-8s %-15s %s\n", "NAME", "KIND", "ADDRESS", "STATE");
	for (size_t i = 0; i < json_array_size(gateways); i++)
		print_row(f, json_array_get(gateways, i), "gateway");
	for (size_t i = 0; i < json_array_size(workers); i++)
		print_row(f, json_array_get(workers, i), "process");
	print_advice(f, look);
	if (json_is_integer(end) && json_integer_value(end) <= (json_int_t)time(NULL))
		(void)fprintf(f,
		    "the certificate has ended, by the clock here: is that right? Else on a gateway 'holdfastctl "
		    "worker "
		    "remove %s' and 'worker add', and join anew\n",
		    ctl_text(look, "node"));
}

int ctl_host_status(const struct conf *conf, bool json)
{
	struct errbuf e = {""};
	json_t *look;
	int code;

	if (geteuid() != 0) {
		(void)ctl_command_refuse("status", "this must be run as root on a worker host");
		return EXIT_NO_ANSWER;
	}
	look = ctl_host_look(conf, &e);
	if (!look) {
		(void)ctl_command_refuse("status", e.text);
		return EXIT_NO_ANSWER;
	}
	code = ctl_host_exit(look, (int64_t)time(NULL));
	if (ctl_show("status", look, json, ctl_host_print))
		code = EXIT_NO_ANSWER;
	json_decref(look);
	return code;
}
