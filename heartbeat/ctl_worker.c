/* worker: the worker hosts of this cluster, on a gateway; and what keeps the lists, certificates and HAProxy up to date, on both sides. */
#include "heartbeat/ctl_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/clusterkey.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_hosts.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/hostinvite.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/localclient.h"
#include "heartbeat/pending.h"

#define RUN_DIR "/run/holdfast"
#define LOCK_PATH "/run/holdfast-root/workers.lock"
#define PEER_SOCKET RUN_DIR "/ask-peer.sock"

struct gateway {
	struct conf conf;
	uint8_t key[CLUSTERKEY_BYTES]; /* a secret */
	struct settings_member member[CTL_MEMBERS_MAX];
	unsigned members;
	struct roster roster;
};

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

/* One at a time; the lock lasts as long as this program. */
static int take_turn(struct errbuf *e)
{
	int fd = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX))
		return err_set(e, -errno, LOCK_PATH ": %s", strerror(errno));
	return 0;
}

/* Where the commands about worker hosts are to be typed. */
static int send_away(const struct conf *conf, struct errbuf *e)
{
	struct settings_member at[CTL_MEMBERS_MAX];
	struct errbuf ignored = {""};
	char who[160] = "";
	unsigned count = 0;
	size_t used = 0;

	if (conf->kind != CONF_KIND_WORKER || hostfiles_gateways(at, &count, &ignored))
		return err_set(e, -EINVAL, "this machine is a %s: run it on a gateway", conf_kind_words[conf->kind]);
	for (unsigned i = 0; i < count && used < sizeof(who); i++)
		used += (size_t)snprintf(
		    who + used, sizeof(who) - used, "%s%s, %s", i ? ", or " : "", at[i].name, at[i].address);
	return err_set(e, -EINVAL,
	    "this machine is a worker host: run it on a gateway (%s); 'holdfastctl status' here shows what this one "
	    "has",
	    who);
}

static int load(struct gateway *g, struct errbuf *e)
{
	int code = 0;

	if (geteuid() != 0)
		return err_set(e, -EPERM, "this must be run as root");
	if (access(CONF_PATH, F_OK))
		return err_set(e, -ENOENT, CTL_NO_CLUSTER);
	if (conf_load(CONF_PATH, &g->conf, stderr))
		return err_set(e, -EINVAL, "%s is not good", CONF_PATH);
	if (g->conf.kind != CONF_KIND_GATEWAY)
		return send_away(&g->conf, e);
	code = take_turn(e);
	if (!code)
		code = clusterkey_load(CONF_KEY_PATH, g->key, e);
	return code ? code : hostfiles_load(&g->roster, e);
}

/* The peer's list, when it answers: it has no news for us otherwise. *news: ours is another now, and not stored yet. */
static int hear_peer(struct gateway *g, bool *news, struct errbuf *e)
{
	static char text[ROSTER_TEXT_BYTES];
	static struct roster theirs;
	struct errbuf ignored = {""};
	int code = 0;

	theirs = (struct roster){0};
	if (!ctl_fetch(PEER_SOCKET, "/workers", text, sizeof(text), &ignored))
		code = roster_parse(text, "the other gateway's list of worker hosts", &theirs, e);
	*news = roster_merge(&g->roster, &theirs, now_s());
	return code;
}

int ctl_worker_reconfigure(void)
{
	return ctl_reconfigure(NULL);
}

/* Of whatever is marked; only then the certificates go that the configuration before may have named. *told: there was something. */
static int tell_haproxy(const struct gateway *g, bool *told, struct errbuf *e)
{
	int code = pending_tell(HOSTFILES_PENDING_PATH, ctl_worker_reconfigure, told, e);

	if (!code)
		hostfiles_tidy(&g->roster);
	return code;
}

static bool is_address_of(const char *text, const char *address)
{
	struct ip a = ip_before_slash(text), b = ip_before_slash(address);

	return ip_same(&a, &b);
}

/* Whether another machine can be reached there, and come from there. */
static int check_address(const char *address, struct errbuf *e)
{
	static struct ctl_host host;
	struct ip ip = ip_before_slash(address);
	int code = ip_is_for_hosts(&ip) && !ip_is_loopback(&ip) ? ctl_host_read(&host, e) : -EINVAL;

	if (code == -EINVAL)
		return err_set(e, code,
		    "--address %s is that of every machine for itself, or of none: want the one at which the gateways "
		    "reach "
		    "the worker host, and from which it comes",
		    address);
	for (unsigned i = 0; i < host.addresses && !code; i++) {
		const struct ctl_address *a = &host.address[i];
		struct ip first = ip_first_of(&a->ip, a->bits), last = ip_last_of(&a->ip, a->bits);

		if (ip_same(&ip, &a->ip))
			code = err_set(
			    e, -EINVAL, "--address %s is one of this machine: want that of the worker host", address);
		else if (a->bits < IP_BITS - 1 && (ip_same(&ip, &first) || (ip_is_v4(&ip) && ip_same(&ip, &last))))
			code = err_set(e, -EINVAL,
			    "--address %s is the %s address of the network of %s: want that of one machine in it",
			    address, ip_same(&ip, &last) ? "broadcast" : "network", a->interface);
	}
	return code;
}

/* A replica has a name, too, and is no member. */
static int check_replicas(const char *name, const char *address, struct errbuf *e)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", e);
	const json_t *one;
	int code = status ? 0 : -EAGAIN; /* who cannot tell the replicas has named none */
	size_t i;

	json_array_foreach(json_object_get(status, "replicas"), i, one)
	{
		if (strcmp(ctl_text(one, "name"), name) == 0)
			code = err_set(e, -EINVAL, "%s is the name of the replica at %s: take another one", name,
			    ctl_text(one, "address"));
		else if (is_address_of(address, ctl_text(one, "address")))
			code = err_set(
			    e, -EINVAL, "--address %s is that of the replica %s", address, ctl_text(one, "name"));
	}
	json_decref(status);
	return code;
}

/* What those see who may not ask HAProxy. */
static void leave_hosts(void)
{
	json_t *hosts = ctl_hosts();

	ctl_hosts_leave(hosts, RUN_DIR);
	json_decref(hosts);
}

/* The gateways are the token's, this one first; nobody else has the address or the name. */
static int check_members(
    struct gateway *g, const char *name, const char *address, struct hostinvite *v, struct errbuf *e)
{
	unsigned gateways = 0;
	int code = ctl_members_ask(g->member, &g->members, e);

	if (!code)
		code = check_replicas(name, address, e);
	for (unsigned i = 0; i < g->members && !code; i++) {
		const struct settings_member *m = &g->member[i];

		if (is_address_of(address, m->address))
			code = err_set(e, -EINVAL, "--address %s is that of the member %s", address, m->name);
		else if (strcmp(name, m->name) == 0)
			code = err_set(
			    e, -EINVAL, "%s is the name of the member at %s: take another one", name, m->address);
		else if (!ip_text_same_family(address, m->address))
			code = err_set(e, -EINVAL,
			    "--address %s: the member %s is at %s: want an address of the same family (IPv4 or IPv6)",
			    address, m->name, m->address);
		if (m->kind != CONF_KIND_GATEWAY || gateways == HOSTINVITE_GATEWAYS)
			continue;
		memcpy(v->gateway[gateways].name, m->name, sizeof(m->name));
		memcpy(v->gateway[gateways++].address, m->address, sizeof(m->address));
	}
	if (!code && is_address_of(address, g->conf.vip))
		code = err_set(e, -EINVAL, "--address %s is the virtual IP", address);
	if (!code)
		code = check_address(address, e);
	if (!code && gateways < HOSTINVITE_GATEWAYS)
		code = err_set(
		    e, -EINVAL, "a worker host wants both gateways, and there is one: join the second one first");
	return code;
}

static int admit(struct gateway *g, const char *name, const char *address, struct hostinvite *v, struct errbuf *e)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], id[4];
	struct ip ip = ip_before_slash(address);
	struct roster_entry one = {0};
	int code;

	randombytes_buf(v->seed, sizeof(v->seed));
	randombytes_buf(id, sizeof(id));
	(void)crypto_sign_seed_keypair(public, secret, v->seed);
	sodium_memzero(secret, sizeof(secret));
	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	(void)ip_text(&ip, one.address); /* in its shortest form, however it was typed: the roster compares texts */
	(void)sodium_bin2hex(one.id, sizeof(one.id), id, sizeof(id));
	(void)sodium_bin2hex(one.key, sizeof(one.key), public, sizeof(public));
	code = roster_add(&g->roster, &one, e);
	if (!code)
		code = hostfiles_make(&g->conf, g->key, &one, now_s(), v->ca, v->certificate, e);
	if (!code)
		code = hostfiles_store(&g->roster, e);
	memcpy(v->cluster, g->conf.cluster, sizeof(v->cluster));
	memcpy(v->name, one.name, sizeof(v->name));
	memcpy(v->address, one.address, sizeof(v->address));
	memcpy(v->id, one.id, sizeof(v->id));
	v->mesh_http_port = g->conf.mesh_http_port;
	v->mesh_ledger_port = g->conf.mesh_ledger_port;
	return code;
}

static int print_token(const struct hostinvite *v, struct errbuf *e)
{
	char token[HOSTINVITE_TEXT_BYTES];
	int code = hostinvite_format(v, token);

	if (code)
		return err_set(e, code, "this cannot be put in a token: take it back with 'worker remove %s'", v->name);
	(void)printf("%s may come as a worker host of %s, from %s. On that machine:\n\n"
		     "    holdfastctl join %s --name %s --address %s --worker\n\n"
		     "The token has the key of %s: keep it secret until that machine has it. The other gateway knows "
		     "of it within "
		     "half a minute.\n",
	    v->name, v->cluster, v->address, token, v->name, v->address, v->name);
	sodium_memzero(token, sizeof(token));
	return fflush(stdout)
		   ? err_set(e, -EIO,
			 "the token could not be printed (%s): begin anew with 'worker remove %s' and 'worker add'",
			 strerror(errno), v->name)
		   : 0;
}

static int add(const char *name, const char *address, struct errbuf *e)
{
	static struct gateway g;
	static struct hostinvite v;
	struct errbuf why = {""};
	bool news, told;
	int code = load(&g, e), late = 0;

	if (!code)
		code = check_members(&g, name, address, &v, e);
	if (!code) {
		(void)hear_peer(&g, &news, &why); /* a name that it alone has is taken */
		code = admit(&g, name, address, &v, e);
	}
	if (!code) {
		late = tell_haproxy(&g, &told, &why);
		leave_hosts();
		code = print_token(&v, e); /* nobody has it otherwise */
	}
	if (!code && late)
		code = err_set(e, late, "%s is admitted, but %s", name, why.text);
	sodium_memzero(&g, sizeof(g));
	sodium_memzero(&v, sizeof(v));
	return code;
}

static int remove_one(const char *name, struct errbuf *e)
{
	static struct gateway g;
	struct errbuf ignored = {""};
	bool news, told;
	int code = load(&g, e);

	if (!code) {
		(void)hear_peer(&g, &news, &ignored); /* what it alone has can be removed here */
		code = roster_remove(&g.roster, name, now_s(), e);
	}
	if (!code || code == -EALREADY) /* once more: then HAProxy is told once more */
		code = hostfiles_store(&g.roster, e);
	if (!code && tell_haproxy(&g, &told, &ignored))
		code = err_set(e, -EIO, "%s is removed, and may still be let in: %s", name, ignored.text);
	if (!code || code == -EIO)
		leave_hosts();
	if (!code)
		(void)printf("%s is no worker host any more. This gateway lets it in no longer, and ends what it has "
			     "open within half a "
			     "minute;\n"
			     "so does the other one when it knows, half a minute from now: at once, if you call this "
			     "there, too.\n",
		    name);
	sodium_memzero(&g, sizeof(g));
	return code;
}

static void print_list(FILE *f, const json_t *answer)
{
	const json_t *hosts = json_object_get(answer, "workers");

	if (!json_array_size(hosts)) {
		(void)fputs("no worker hosts\n", f);
		return;
	}
	(void)fprintf(f, "%-15s %-15s %-9s %s\n", "NAME", "ADDRESS", "STATE", "CERTIFICATE UNTIL");
	for (size_t i = 0; i < json_array_size(hosts); i++) {
		const json_t *one = json_array_get(hosts, i);

		(void)fprintf(f, "%-15s %-15s %-9s %s\n", ctl_text(one, "name"), ctl_text(one, "address"),
		    ctl_text(one, "state"), ctl_text(one, "certificate_until"));
	}
	for (size_t i = 0; i < json_array_size(hosts); i++) {
		const json_t *one = json_array_get(hosts, i);
		const char *name = ctl_text(one, "name"), *whose = ctl_text(one, CTL_HOSTS_NAMESAKE);

		if (*whose)
			(void)fprintf(f,
			    "%s is also the name of the %s: 'holdfastctl worker remove %s', 'worker add' with another "
			    "name, "
			    "and join the worker host anew\n",
			    name, whose, name);
	}
}

static int list(bool json, struct errbuf *e)
{
	static struct gateway g;
	struct errbuf ignored = {""};
	int code = load(&g, e);
	json_t *answer, *hosts, *status;

	sodium_memzero(&g, sizeof(g));
	if (code)
		return code;
	hosts = ctl_hosts();
	status = json_array_size(hosts) ? ctl_ask(LOCAL_SOCKET, "status", &ignored) : NULL;
	ctl_hosts_compare(hosts, status);
	json_decref(status);
	answer = json_pack("{s:o}", "workers", hosts);
	if (ctl_show("worker", answer, json, print_list))
		code = err_set(e, -EIO, "standard output");
	json_decref(answer);
	return code;
}

/* What the peer does not say, or nobody can read, keeps back nothing of our own. */
static int sync_gateway(struct errbuf *e)
{
	static struct gateway g;
	struct errbuf of_peer = {""}, of_haproxy = {""};
	bool news = false, told = false;
	int code = load(&g, e), heard, late;

	if (code)
		return code;
	heard = hear_peer(&g, &news, &of_peer);
	if (news)
		code = hostfiles_store(&g.roster, e);
	if (!code)
		code = hostfiles_certify(&g.conf, g.key, &g.roster, now_s(), e);
	late = tell_haproxy(&g, &told, &of_haproxy);
	leave_hosts();
	sodium_memzero(&g, sizeof(g));
	if (told)
		(void)puts("worker hosts: list or certificates have changed");
	if (!code && late)
		code = err_set(e, late, "%s", of_haproxy.text);
	if (!code && heard)
		code = err_set(e, heard, "%s", of_peer.text);
	return code;
}

static int sync_here(struct errbuf *e)
{
	struct conf conf;
	int code;

	if (access(CONF_PATH, F_OK))
		return err_set(e, -ENOENT, CTL_NO_CLUSTER);
	if (conf_load(CONF_PATH, &conf, stderr))
		return err_set(e, -EINVAL, "%s is not good", CONF_PATH);
	if (conf.kind != CONF_KIND_WORKER)
		return sync_gateway(e);
	code = take_turn(e);
	return code ? code : ctl_worker_renew(&conf, e);
}

static int end(int code, const struct errbuf *e)
{
	return code ? ctl_command_refuse("worker", e->text) : 0;
}

int ctl_worker_add(const struct ctl_options *o)
{
	struct errbuf e = {""};

	return end(add(o->host, o->address, &e), &e);
}

int ctl_worker_remove(const struct ctl_options *o)
{
	struct errbuf e = {""};

	return end(remove_one(o->host, &e), &e);
}

int ctl_worker_list(const struct ctl_options *o)
{
	struct errbuf e = {""};

	return end(list(o->json, &e), &e);
}

int ctl_worker_sync(const struct ctl_options *o)
{
	struct errbuf e = {""};

	(void)o;
	return end(sync_here(&e), &e);
}
