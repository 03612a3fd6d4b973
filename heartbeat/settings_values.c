#include "heartbeat/settings.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "heartbeat/conf_value.h"

/* Whom a gateway without a peer tells that it has the address: a group of this site that nobody is in. It has to be some address,
 * for one that begins with multicast lets go of the virtual IP when the peer comes; and one that needs no answer from a neighbour,
 * as even 127.0.0.1 does on the interface of the configuration: keepalived would log each of a hundred datagrams a second. */
#define VRRP_NOBODY "239.255.0.18"
#define VRRP_NOBODY_V6 "ff15::4846:18"
/* What it announces beside a virtual IP of the other family: both are of this machine only. */
#define VRRP_MEANS_NOTHING "127.0.0.112/32 dev lo scope host"
#define VRRP_MEANS_NOTHING_V6 "fe80::4846:112/128 dev lo"
#define RUN_DIR "/run/holdfast"
#define ANSWER_MARGIN_MS 3000 /* behind hold-timeout: the worker's own word comes before HAProxy gives up on it */

/* The peer among the members; *ret stays NULL when there is none. */
static int find_peer(const struct conf *conf, const struct settings_member *member, unsigned count,
    const struct settings_member **ret, struct errbuf *e)
{
	*ret = NULL;
	for (unsigned i = 0; i < count; i++) {
		const struct settings_member *m = &member[i];
		size_t length = strnlen(m->name, sizeof(m->name));

		if (!length || length == sizeof(m->name) ||
		    strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
			return err_set(e, -EINVAL, "member %u: 1 to 15 of a-z 0-9 - are a name", i);
		if (!memchr(m->address, '\0', sizeof(m->address)) || !value_is_address(m->address))
			return err_set(e, -EINVAL, "member %s: not the address of a host", m->name);
		if (m->kind != CONF_KIND_GATEWAY || strcmp(m->name, conf->name) == 0 || conf->kind != CONF_KIND_GATEWAY)
			continue;
		if (*ret)
			return err_set(e, -EINVAL, "members %s and %s: a gateway has one peer", (*ret)->name, m->name);
		*ret = m;
	}
	return 0;
}

/* VRRP knows 1 to 255. The last byte of the address is there to be taken, and differs between clusters of one
 * network. */
static int take_vip(const struct conf *conf, struct settings_values *v, struct errbuf *e)
{
	unsigned bits, last;
	struct ip ip;

	if (!ip_parse_cidr(conf->vip, &ip, &bits))
		return err_set(
		    e, -EINVAL, "vip '%s': an address with prefix length is wanted, such as 10.0.0.100/24", conf->vip);
	v->vip_is_v4 = ip_is_v4(&ip);
	last = ip.byte[IP_BYTES - 1];
	(void)ip_url(&ip, v->vip);
	ip = ip_before_slash(conf->address);
	v->own_is_v4 = ip_is_v4(&ip);
	(void)snprintf(v->router_id, sizeof(v->router_id), "%u", last ? last : 255);
	return 0;
}

static int list_workers(const struct conf *conf, struct settings_values *v, struct errbuf *e)
{
	size_t used = 0;

	/* Each wants a connection to the ledger, and a worker host has so many (etc/haproxy.cfg.in). */
	if (conf->kind == CONF_KIND_WORKER && conf->workers > CONF_HOST_WORKERS_MAX)
		return err_set(e, -EINVAL, CONF_PATH ": 'workers' is %u, want 1 to %d on a worker host", conf->workers,
		    CONF_HOST_WORKERS_MAX);
	if (conf->workers < 1 || conf->workers > SETTINGS_WORKERS_MAX)
		return err_set(e, -EINVAL, "workers: %" PRIu32 " is not 1 to %d", conf->workers, SETTINGS_WORKERS_MAX);
	for (uint32_t i = 0; i < conf->workers; i++)
		used += (size_t)snprintf(v->workers + used, sizeof(v->workers) - used,
		    "%s\tserver w%" PRIu32 " unix@" RUN_DIR "/worker/%" PRIu32 ".sock", i ? "\n" : "", i + 1, i + 1);
	assert(used < sizeof(v->workers));
	return 0;
}

const char *settings_url(const char *address, char ret[static IP_URL_BYTES])
{
	struct ip ip = ip_before_slash(address);

	return ip_url(&ip, ret);
}

/* A replica cannot know which of them is active: heartbeatd does, and holdfast-seed is given that one's socket. */
static void list_seeds(const struct settings_member *member, unsigned count, struct settings_values *v)
{
	size_t used = 0;

	for (unsigned i = 0; i < count && i < SETTINGS_SEEDS_MAX; i++) {
		const struct settings_member *m = &member[i];
		char url[IP_URL_BYTES];

		if (m->kind != CONF_KIND_GATEWAY)
			continue;
		used += (size_t)snprintf(v->seed_peers + used, sizeof(v->seed_peers) - used,
		    "frontend seed_%s\n\tbind unix@" RUN_DIR
		    "/seed-%s.sock mode 600 user root\n\tdefault_backend to_%s\n\n"
		    "backend to_%s\n\tserver %s %s:%s ssl crt " CONF_PKI_DIR "/node-full.pem ca-file " CONF_PKI_DIR
		    "/ca.pem verify required verifyhost %s tcp-ut 10s\n\n",
		    m->name, m->name, m->name, m->name, m->name, settings_url(m->address, url), v->mesh_port[2],
		    m->name);
	}
	assert(used < sizeof(v->seed_peers));
}

static void format_numbers(const struct conf *conf, struct settings_values *v)
{
	(void)snprintf(v->hold_ms, sizeof(v->hold_ms), "%" PRIu32, conf->hold_timeout_ms);
	(void)snprintf(v->answer_ms, sizeof(v->answer_ms), "%" PRIu32, conf->hold_timeout_ms + ANSWER_MARGIN_MS);
	(void)snprintf(v->database_port, sizeof(v->database_port), "%u", (uint16_t)conf->database_port);
	(void)snprintf(v->buffer_pool_mb, sizeof(v->buffer_pool_mb), "%" PRIu32, conf->buffer_pool_mb);
	(void)snprintf(v->worker_count, sizeof(v->worker_count), "%u", (uint16_t)conf->workers);
	/* The values have nothing that would end a text of HAProxy's, or begin anything else in it. */
	settings_same_text(conf, "\\n", v->same);
	(void)snprintf(v->mesh_port[0], sizeof(v->mesh_port[0]), "%u", (uint16_t)conf->mesh_http_port);
	(void)snprintf(v->mesh_port[1], sizeof(v->mesh_port[1]), "%u", (uint16_t)conf->mesh_ledger_port);
	(void)snprintf(v->mesh_port[2], sizeof(v->mesh_port[2]), "%u", (uint16_t)conf->mesh_seed_port);
}

static void make_pairs(
    const struct conf *conf, const struct settings_member *peer, bool with_roster, struct settings_values *ret)
{
	const struct render_pair pair[] = {
	    {"NODE", conf->name},
	    {"ADDRESS", conf->address},
	    {"ADDRESS_URL", ret->address},
	    {"INTERFACE", conf->interface},
	    {"VIP", ret->vip},
	    {"VIP_CIDR", conf->vip},
	    {"VIP_V6", ret->vip_is_v4 ? NULL : ""},
	    {"VIP_LIFE", ret->vip_is_v4 ? "" : " preferred_lft 0"},
	    {"VIP_FITS", ret->vip_is_v4 == ret->own_is_v4 ? "" : NULL},
	    {"VIP_FITS_NOT", ret->vip_is_v4 == ret->own_is_v4 ? NULL : ""},
	    {"VRRP_MEANS_NOTHING", ret->own_is_v4 ? VRRP_MEANS_NOTHING : VRRP_MEANS_NOTHING_V6},
	    {"ROUTER_ID", ret->router_id},
	    {"RUN_DIR", RUN_DIR},
	    {"PKI_DIR", CONF_PKI_DIR},
	    {"DATADIR", conf->datadir},
	    {"DATABASE_PORT", ret->database_port},
	    {"BUFFER_POOL_MB", ret->buffer_pool_mb},
	    {"SYNC_RELAY_LOG", conf->durability_received ? "0" : "1"},
	    {"HOLD_MS", ret->hold_ms},
	    {"ANSWER_MS", ret->answer_ms},
	    {"EDGE_LOG_OFF", conf->edge_log == CONF_LOG_OFF ? "" : NULL},
	    {"EDGE_LOG_ERRORS", conf->edge_log == CONF_LOG_ERRORS ? "" : NULL},
	    {"WORKERS", ret->workers},
	    {"WORKER_COUNT", ret->worker_count},
	    {"MESH_HTTP_PORT", ret->mesh_port[0]},
	    {"MESH_LEDGER_PORT", ret->mesh_port[1]},
	    {"MESH_SEED_PORT", ret->mesh_port[2]},
	    {"VRRP_PEER", peer		   ? peer->address
			  : ret->own_is_v4 ? VRRP_NOBODY
					   : VRRP_NOBODY_V6},
	    {"WITH_PEER", peer ? "" : NULL},
	    {"SAME_SETTINGS", ret->same},
	    {"PEER_NAME", peer ? peer->name : NULL},
	    {"PEER_ADDRESS", peer ? peer->address : NULL},
	    {"PEER_URL", peer ? ret->peer_address : NULL},
	    {"SEED_PEERS", ret->seed_peers},
	    {"WITH_ROSTER", with_roster ? "" : NULL},
	    {"ROSTER", ROSTER_PATH},
	    {"HOST_SERVERS", ret->host_servers[0] ? ret->host_servers : NULL},
	    {"HOST_ADDRESSES", ret->host_addresses[0] ? ret->host_addresses : NULL},
	    {"HOST_ADMIT", ret->host_admit[0] ? ret->host_admit : NULL},
	    {"HOST_CERTIFICATES", ret->host_certificates[0] ? ret->host_certificates : NULL},
	    {"HOST_WAYS", ret->host_ways[0] ? ret->host_ways : NULL},
	    {"GATEWAY_NAMES", ret->gateway_names},
	    {"LEDGER_SERVERS", ret->ledger_servers},
	    {"LEDGER_WAYS", ret->ledger_ways},
	    {"ACKNOWLEDGES", conf->kind == CONF_KIND_REPLICA ? "OFF" : "ON"},
	};
	_Static_assert(sizeof(pair) <= sizeof(ret->pair), "a place for each pair");
	memcpy(ret->pair, pair, sizeof(pair));
	ret->pairs = sizeof(pair) / sizeof(pair[0]);
}

int settings_values(const struct conf *conf, const struct settings_member *member, unsigned count,
    const struct roster *roster, struct settings_values *ret, struct errbuf *e)
{
	const struct settings_member *peer;
	int code = find_peer(conf, member, count, &peer, e);

	if (!code && conf->kind != CONF_KIND_WORKER)
		code = take_vip(conf, ret, e);
	if (!code)
		code = list_workers(conf, ret, e);
	if (code)
		return code;
	format_numbers(conf, ret);
	(void)settings_url(conf->address, ret->address);
	(void)settings_url(peer ? peer->address : "", ret->peer_address);
	ret->seed_peers[0] = '\0';
	settings_hosts(conf, member, count, peer ? roster : NULL, ret);
	if (conf->kind == CONF_KIND_REPLICA)
		list_seeds(member, count, ret);
	make_pairs(conf, peer, peer && roster, ret);
	return 0;
}
