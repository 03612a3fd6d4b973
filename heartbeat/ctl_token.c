#include "heartbeat/ctl_token.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/clusterkey.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_layout.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/keyfile.h"

/* Of a whole cluster. */
#define GATEWAYS 2
#define WITNESSES 1

static void add(struct invite *v, const char *name, const char *address, uint32_t kind)
{
	struct invite_member *m = &v->member[v->members++];

	(void)snprintf(m->name, sizeof(m->name), "%s", name);
	(void)snprintf(m->address, sizeof(m->address), "%s", address);
	m->kind = kind;
}

int ctl_token_fill(const struct conf *conf, const uint8_t key[static INVITE_KEY_BYTES], const struct keyring *ring,
    const struct settings_member *member, unsigned members, struct invite *ret, struct errbuf *e)
{
	*ret = (struct invite){
	    .heartbeat_port = conf->heartbeat_port,
	    .interval_ms = conf->interval_ms,
	    .lease_ms = conf->lease_ms,
	    .peer_timeout_ms = conf->peer_timeout_ms,
	    .database_port = conf->database_port,
	    .mesh_http_port = conf->mesh_http_port,
	    .mesh_ledger_port = conf->mesh_ledger_port,
	    .mesh_seed_port = conf->mesh_seed_port,
	};
	if (conf->kind == CONF_KIND_REPLICA)
		return err_set(e, -EINVAL, "this machine is a replica: run it on a gateway");
	if (conf->kind == CONF_KIND_WITNESS)
		return err_set(e, -EINVAL, "this machine is the witness: run it on a gateway");
	memcpy(ret->cluster, conf->cluster, sizeof(ret->cluster));
	memcpy(ret->vip, conf->vip, sizeof(ret->vip));
	memcpy(ret->key, key, sizeof(ret->key));
	if (ring && (ring->count > 1 || ring->key[0].number > 0))
		ret->ring = *ring;
	add(ret, conf->name, conf->address, conf->kind);
	for (unsigned i = 0; i < members; i++) {
		if (strcmp(member[i].name, conf->name) == 0)
			continue;
		if (ret->members == INVITE_MEMBERS_MAX)
			return err_set(e, -EINVAL, "the cluster has more than %d members", INVITE_MEMBERS_MAX);
		add(ret, member[i].name, member[i].address, member[i].kind);
	}
	return 0;
}

/* The first of our usual names that no member has, and no worker host. */
static const char *free_name(const struct invite *v, const struct roster *hosts, const char *const *names)
{
	for (; names[1]; names++) {
		bool taken = hosts && roster_find(hosts, *names);

		for (uint32_t i = 0; i < v->members; i++)
			taken = taken || strcmp(v->member[i].name, *names) == 0;
		if (!taken)
			break;
	}
	return *names;
}

static bool lacks(const struct invite *v, uint32_t kind, unsigned want)
{
	unsigned have = 0;

	for (uint32_t i = 0; i < v->members; i++)
		have += v->member[i].kind == kind;
	return have < want;
}

/* A command for each machine that a whole cluster has and this one lacks; no other would be let in. */
static void print_commands(
    FILE *f, const struct invite *v, const struct roster *hosts, const char *token, const char *interface)
{
	static const char *const gateways[] = {"b", "a", "c", "d", NULL}, *const witnesses[] = {"w", "w2", "w3", NULL},
				 *const replicas[] = {"r", "r2", NULL};
	bool gateway = lacks(v, CONF_KIND_GATEWAY, GATEWAYS), witness = lacks(v, CONF_KIND_WITNESS, WITNESSES);

	if (gateway)
		(void)fprintf(f,
		    "On the second gateway, with its own address and interface:\n\n"
		    "    holdfastctl join %s --name %s --address ADDRESS --interface %s\n\n",
		    token, free_name(v, hosts, gateways), interface);
	if (witness)
		(void)fprintf(f,
		    "On the witness, with its own address:\n\n"
		    "    holdfastctl join %s --name %s --address ADDRESS --witness\n\n",
		    token, free_name(v, hosts, witnesses));
	if (!gateway && !witness)
		(void)fprintf(f,
		    "The cluster is complete: two gateways and a witness.\n"
		    "On a replica at another site, with its own address, interface and virtual IP (there is one at "
		    "most):\n\n"
		    "    holdfastctl join %s --name %s --address ADDRESS --interface %s --vip IP/LENGTH --replica\n\n",
		    token, free_name(v, hosts, replicas), interface);
}

/* A command for one machine alone. */
static void print_replacement(FILE *f, const struct settings_member *gone, const char *token, const char *interface)
{
	bool witness = gone->kind == CONF_KIND_WITNESS;

	(void)fprintf(f,
	    "On the machine that takes the place of %s, with its own address%s (that of %s was %s):\n\n"
	    "    holdfastctl join %s --name %s --address ADDRESS %s%s\n\n",
	    gone->name, witness ? "" : " and interface", gone->name, gone->address, token, gone->name,
	    witness ? "--witness" : "--interface ", witness ? "" : interface);
}

/* gone NULL: for whoever is missing. Wipes *v. */
static int print_invite(FILE *f, struct invite *v, const struct roster *hosts, const struct settings_member *gone,
    const char *interface, struct errbuf *e)
{
	char token[INVITE_TEXT_BYTES];
	int code = invite_format(v, token) ? err_set(e, -EINVAL, "these members do not fit into a token") : 0;

	if (!code) {
		if (gone)
			print_replacement(f, gone, token, interface);
		else
			print_commands(f, v, hosts, token, interface);
		(void)fprintf(f, "Who has this token can join: keep it as secret as the data.\n");
		code = fflush(f) ? err_set(e, -EIO, "standard output: %s", strerror(errno)) : 0;
	}
	sodium_memzero(token, sizeof(token));
	sodium_memzero(v, sizeof(*v));
	return code;
}

int ctl_token_print(FILE *f, const struct conf *conf, const uint8_t key[static INVITE_KEY_BYTES],
    const struct keyring *ring, const struct settings_member *member, unsigned members, const struct roster *hosts,
    struct errbuf *e)
{
	struct invite v;
	int code = ctl_token_fill(conf, key, ring, member, members, &v, e);

	if (!code)
		return print_invite(f, &v, hosts, NULL, conf->interface, e);
	sodium_memzero(&v, sizeof(v));
	return code;
}

int ctl_token_print_replacement(
    FILE *f, const struct ctl_token_source *s, const struct settings_member *gone, struct errbuf *e)
{
	struct settings_member left[CTL_MEMBERS_MAX];
	unsigned count = 0;
	struct invite v;
	int code;

	for (unsigned i = 0; i < s->members; i++)
		if (strcmp(s->member[i].name, gone->name) != 0)
			left[count++] = s->member[i];
	code = ctl_token_fill(&s->conf, s->key, &s->ring, left, count, &v, e);
	if (!code)
		return print_invite(f, &v, NULL, gone, s->conf.interface, e);
	sodium_memzero(&v, sizeof(v));
	return code;
}

int ctl_token_load(struct ctl_token_source *ret, struct errbuf *e)
{
	int code;

	*ret = (struct ctl_token_source){0};
	if (access(CONF_PATH, F_OK))
		return err_set(e, -ENOENT, CTL_NO_CLUSTER);
	if (conf_load(CONF_PATH, &ret->conf, stderr))
		return err_set(e, -EINVAL, "%s is not good", CONF_PATH);
	code = clusterkey_load(CONF_KEY_PATH, ret->key, e);
	if (!code)
		code = keyfile_load(KEYFILE_PATH, ret->key, &ret->ring, e);
	return code ? code : ctl_members_ask(ret->member, &ret->members, e);
}

int ctl_token(const struct ctl_options *o)
{
	static struct ctl_token_source s;
	static struct roster hosts;
	struct errbuf e = {""};
	int code = ctl_token_load(&s, &e);

	(void)o;
	if (!code)
		code = hostfiles_load(&hosts, &e);
	if (!code)
		code = ctl_token_print(stdout, &s.conf, s.key, &s.ring, s.member, s.members, &hosts, &e);
	sodium_memzero(&s, sizeof(s));
	if (code)
		(void)fprintf(stderr, "holdfastctl: token: %s\n", e.text);
	return code != 0;
}
