/* What HAProxy is told of worker hosts: on a gateway of each of them, on a worker host of the gateways. */
#include "heartbeat/settings.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define RUN_DIR "/run/holdfast"
#define TLS "ssl crt " CONF_PKI_DIR "/node-full.pem ca-file " CONF_PKI_DIR "/ca.pem verify required verifyhost"

/* Behind what is in text; there is room. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text + used, size - used, format, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < size - used);
}
#define APPEND(text, ...) append(text, sizeof(text), __VA_ARGS__)

/* A check of this kind asks at path, through ask_NAME. */
static void put_check(char *text, size_t size, const char *kind, const char *name, const char *path, const char *pace)
{
	append(text, size,
	    "\nbackend %s_%s\n\toption httpchk\n\thttp-check send meth GET uri %s ver HTTP/1.1 hdr Host holdfast\n"
	    "\thttp-check expect status 200\n\tserver %s unix@" RUN_DIR "/ask-%s.sock check %s\n",
	    kind, name, path, name, name, pace);
}

/* Connections that are kept, for checks and what else is asked there; one in twenty ends its own (etc/haproxy.cfg.in). */
static void put_ask(
    char *text, size_t size, const char *name, const char *address, const char *port, const char *common)
{
	char url[IP_URL_BYTES];

	append(text, size,
	    "\nfrontend ask_%s\n\tmode http\n\tbind unix@" RUN_DIR
	    "/ask-%s.sock mode 600 user haproxy\n\tno log\n\ttimeout client 300ms\n"
	    "\thttp-request set-header Connection close if { rand(20) -m int 0 }\n\tdefault_backend asked_%s\n"
	    "\nbackend asked_%s\n\tmode http\n\thttp-reuse always\n\tretries 0\n\ttimeout server 300ms\n"
	    "\tserver %s %s:%s " TLS " %s tcp-ut 300ms\n",
	    name, name, name, name, name, settings_url(address, url), port, common);
}

static void put_host(const struct conf *conf, const struct roster_entry *host, struct settings_values *v)
{
	char common[ROSTER_COMMON_BYTES], name[24], url[IP_URL_BYTES];

	roster_common(host, common);
	(void)snprintf(name, sizeof(name), "host-%s", host->name);
	APPEND(v->host_servers,
	    "%s\tserver %s unix@" RUN_DIR "/%s.sock no-check observe none weight %" PRIu32 " track ready_%s/%s",
	    v->host_servers[0] ? "\n" : "", name, name, conf->workers, name, name);
	APPEND(v->host_addresses, "%s%s", v->host_addresses[0] ? " " : "", host->address);
	APPEND(v->host_admit, "%s\ttcp-request session accept if { ssl_c_s_dn(cn) -m str %s } { src %s }",
	    v->host_admit[0] ? "\n" : "", common, host->address);
	if (host->end_s)
		APPEND(v->host_certificates,
		    "%s\t# until %" PRId64
		    "\n\thttp-request return status 200 content-type application/x-pem-file file " CONF_HOST_PEM
		    " if { path /certificate } { ssl_c_s_dn(cn) -m str %s }",
		    v->host_certificates[0] ? "\n" : "", host->end_s, host->id, common);
	APPEND(v->host_ways,
	    "\nfrontend %s\n\tbind unix@" RUN_DIR "/%s.sock mode 600 user haproxy\n\tno log\n\tdefault_backend to_%s\n"
	    "\nbackend to_%s\n\tserver %s %s:%s " TLS
	    " %s track alive_%s/%s on-marked-down shutdown-sessions tcp-ut 300ms\n",
	    name, name, name, name, name, settings_url(host->address, url), v->mesh_port[0], common, name, name);
	put_check(v->host_ways, sizeof(v->host_ways), "ready", name, "/healthz",
	    "inter 200ms fastinter 50ms downinter 200ms fall 2 rise 2");
	put_check(v->host_ways, sizeof(v->host_ways), "alive", name, "/edgez",
	    "inter 100ms fastinter 50ms downinter 200ms fall 2 rise 2");
	put_ask(v->host_ways, sizeof(v->host_ways), name, host->address, v->mesh_port[0], common);
}

/* Where the gateways are: for the worker hosts, which the mesh has let in by then (heartbeat/ctl_worker_learn.c). */
static void put_list(const struct settings_member *member, unsigned count, struct settings_values *v)
{
	APPEND(v->host_certificates, "\n\thttp-request return status 200 content-type text/plain string \"");
	for (unsigned i = 0; i < count; i++)
		if (member[i].kind == CONF_KIND_GATEWAY)
			APPEND(v->host_certificates, "%s %s\\n", member[i].name, member[i].address);
	APPEND(v->host_certificates,
	    "\" if { path " SETTINGS_GATEWAYS_PATH " } { ssl_c_s_dn(cn) -m beg " ROSTER_PREFIX " }");
}

static void put_gateway(const struct settings_member *m, struct settings_values *v)
{
	char url[IP_URL_BYTES];

	APPEND(v->gateway_names, "%s%s", v->gateway_names[0] ? " " : "", m->name);
	APPEND(v->ledger_servers,
	    "%s\tserver %s %s:%s " TLS " %s track active_%s/%s on-marked-down shutdown-sessions tcp-ut 500ms",
	    v->ledger_servers[0] ? "\n" : "", m->name, settings_url(m->address, url), v->mesh_port[1], m->name, m->name,
	    m->name);
	put_check(v->ledger_ways, sizeof(v->ledger_ways), "active", m->name, "/activez",
	    "inter 100ms fastinter 50ms downinter 50ms fall 2 rise 1");
	put_ask(v->ledger_ways, sizeof(v->ledger_ways), m->name, m->address, v->mesh_port[0], m->name);
}

void settings_hosts(const struct conf *conf, const struct settings_member *member, unsigned count,
    const struct roster *roster, struct settings_values *v)
{
	unsigned hosts = 0;

	v->host_servers[0] = v->host_admit[0] = v->host_certificates[0] = v->host_ways[0] = '\0';
	v->host_addresses[0] = '\0';
	v->gateway_names[0] = v->ledger_servers[0] = v->ledger_ways[0] = '\0';
	for (unsigned i = 0; roster && i < roster->count && hosts < ROSTER_LIVE_MAX; i++)
		if (!roster->entry[i].removed_s) {
			put_host(conf, &roster->entry[i], v);
			hosts++;
		}
	if (hosts)
		put_list(member, count, v);
	for (unsigned i = 0; conf->kind == CONF_KIND_WORKER && i < count && i < SETTINGS_SEEDS_MAX; i++)
		if (member[i].kind == CONF_KIND_GATEWAY)
			put_gateway(&member[i], v);
}
