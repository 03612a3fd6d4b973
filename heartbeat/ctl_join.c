/* join: this machine becomes a member of the cluster that a token names. */
#include "heartbeat/ctl_join.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_layout.h"
#include "heartbeat/ctl_memory.h"
#include "heartbeat/ctl_setup.h"
#include "heartbeat/ctl_worker.h"
#include "heartbeat/hostinvite.h"
#include "heartbeat/ip_text.h"

#define ADMISSION_LIMIT_S 45
#define SYNC_LIMIT_S 120
#define REFRESH_TIMEOUT_MS 10000
#define UNREAD_MOST 15 /* it asks five times a second, and each question may be answered by what it cannot read */

static void take_member(struct settings_member *ret, const char *name, const char *address, uint32_t kind)
{
	*ret = (struct settings_member){.kind = kind};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	(void)snprintf(ret->address, sizeof(ret->address), "%s", address);
}

int ctl_join_usage(const struct ctl_options *o, struct errbuf *e)
{
	if (o->token && strncmp(o->token, HOSTINVITE_PREFIX, strlen(HOSTINVITE_PREFIX)) == 0)
		return err_set(e, -EINVAL, "the token is that of a worker host: add --worker");
	if (o->witness && o->replica)
		return err_set(e, -EINVAL, "--witness and --replica: it is one of them");
	if (o->replica && (!o->interface || !o->vip))
		return err_set(e, -EINVAL,
		    "--%s is missing: a replica needs the interface and the virtual IP of its own site, for the day "
		    "when "
		    "it is promoted",
		    o->interface ? "vip" : "interface");
	if (!o->replica && o->vip)
		return err_set(e, -EINVAL, "--vip is for a replica: a gateway has that of its cluster");
	if (!o->witness && !o->interface)
		return err_set(
		    e, -EINVAL, "--interface is missing: a gateway needs one, a witness is joined with --witness");
	if (o->witness && o->interface)
		return err_set(
		    e, -EINVAL, "--interface and --witness: a witness holds no address, leave --interface out");
	return 0;
}

static const char *name_of_kind(const struct invite *v, uint32_t kind, const char *but)
{
	for (uint32_t i = 0; i < v->members; i++)
		if (v->member[i].kind == kind && (!but || strcmp(v->member[i].name, but) != 0))
			return v->member[i].name;
	return NULL;
}

/* The edge and the replication are made for a pair; and of four members, three are a majority. */
static int check_kind(const struct ctl_options *o, const struct invite *v, struct errbuf *e)
{
	const char *first = name_of_kind(v, CONF_KIND_GATEWAY, NULL);
	const char *second = first ? name_of_kind(v, CONF_KIND_GATEWAY, first) : NULL;
	const char *witness = name_of_kind(v, CONF_KIND_WITNESS, NULL);

	if (o->witness && witness)
		return err_set(
		    e, -EINVAL, "the cluster has a witness already, %s: with a second one it survives less", witness);
	if (!o->witness && second)
		return err_set(e, -EINVAL, "the cluster has two gateways already, %s and %s: want --replica%s", first,
		    second, witness ? "" : " or --witness");
	return 0;
}

/* The same address, however it is written, and whatever the length of its prefix. */
static bool is_same(const char *one, const char *other)
{
	struct ip a = ip_before_slash(one), b = ip_before_slash(other);

	return ip_same(&a, &b);
}

static int check_vip(const struct ctl_options *o, const struct invite *v, struct errbuf *e)
{
	if (is_same(o->vip, v->vip))
		return err_set(e, -EINVAL, "--vip %s is that of the pair: a replica wants one of its own", o->vip);
	for (uint32_t i = 0; i < v->members; i++)
		if (is_same(o->vip, v->member[i].address))
			return err_set(e, -EINVAL,
			    "--vip %s is the address of the member %s: a replica wants one of its own", o->vip,
			    v->member[i].name);
	return 0;
}

int ctl_join_check(const struct ctl_options *o, const struct invite *v, struct errbuf *e)
{
	if (is_same(o->address, v->member[0].address))
		return err_set(e, -EINVAL,
		    "--address %s is the member %s, which made the token: join is for another machine", o->address,
		    v->member[0].name);
	for (uint32_t i = 0; i < v->members; i++) {
		const struct invite_member *m = &v->member[i];

		if (strcmp(o->name, m->name) == 0 && is_same(o->address, m->address))
			return err_set(e, -EINVAL,
			    "--name %s, --address %s: that is a member. If its disk is gone for good: holdfastctl "
			    "replace %s on a gateway, which prints another token",
			    m->name, m->address, m->name);
		if (strcmp(o->name, m->name) == 0)
			return err_set(
			    e, -EINVAL, "--name %s belongs to the member at %s: take another one", m->name, m->address);
		if (is_same(o->address, m->address))
			return err_set(e, -EINVAL, "--address %s belongs to the member %s", m->address, m->name);
		if (!ip_text_same_family(o->address, m->address))
			return err_set(e, -EINVAL,
			    "--address %s: the member %s is at %s: want an address of the same family (IPv4 or IPv6)",
			    o->address, m->name, m->address);
	}
	if (!o->replica && v->members >= CTL_MEMBERS_MAX)
		return err_set(e, -EINVAL, "the cluster has %u members, which is as many as there can be", v->members);
	if (is_same(o->address, v->vip))
		return err_set(e, -EINVAL, "--address %s is the virtual IP: want this machine's own", o->address);
	return o->replica ? check_vip(o, v, e) : check_kind(o, v, e);
}

void ctl_join_apply(const struct invite *v, struct conf *ret)
{
	memcpy(ret->cluster, v->cluster, sizeof(ret->cluster));
	memcpy(ret->seed_address, v->member[0].address, sizeof(ret->seed_address));
	if (ret->kind == CONF_KIND_GATEWAY)
		memcpy(ret->vip, v->vip, sizeof(ret->vip));
	ret->heartbeat_port = v->heartbeat_port;
	ret->interval_ms = v->interval_ms;
	ret->lease_ms = v->lease_ms;
	ret->peer_timeout_ms = v->peer_timeout_ms;
	ret->database_port = v->database_port;
	ret->mesh_http_port = v->mesh_http_port;
	ret->mesh_ledger_port = v->mesh_ledger_port;
	ret->mesh_seed_port = v->mesh_seed_port;
}

/* Those that it asks answer, and it has not their key. */
static int is_readable(const struct ctl_look *look, struct errbuf *e)
{
	if (look->member || look->heard || look->unread < UNREAD_MOST)
		return 0;
	return err_set(e, -EACCES,
	    "what comes from the cluster has another key: the token is older than the last 'holdfastctl key rotate'; "
	    "'holdfastctl token' on a gateway prints a new one");
}

static int is_member(const struct ctl_look *look, struct errbuf *e)
{
	int code = is_readable(look, e);

	if (code)
		return code;
	if (look->refused)
		return err_set(e, -EACCES, "the cluster refused: %s", look->reason);
	return look->member;
}

static int is_in_sync(const struct ctl_look *look, struct errbuf *e)
{
	(void)e;
	return look->in_sync;
}

static int wait_admission(struct ctl_setup *s, struct errbuf *e)
{
	struct ctl_look last;
	int code = ctl_setup_wait(s, is_member, ADMISSION_LIMIT_S, &last, e);

	if (code == 0)
		s->keep = true;
	if (code != -ETIMEDOUT)
		return code;
	if (!last.answered)
		return err_set(e, code, "holdfast-heartbeatd does not answer after %d s", ADMISSION_LIMIT_S);
	if (!last.heard)
		return err_set(e, code,
		    "no answer from %s, UDP port %u, in %d s: is it up, is the port open both ways, is the "
		    "token of this cluster and new enough ('holdfastctl token' there)?",
		    s->conf.seed_address, s->conf.heartbeat_port, ADMISSION_LIMIT_S);
	return err_set(e, code, "not admitted after %d s; the cluster is %s; %s", ADMISSION_LIMIT_S, last.mode,
	    last.reason[0] ? last.reason : "it must serve, and every member be up, to admit one");
}

static int wait_sync(struct ctl_setup *s, struct errbuf *e)
{
	struct ctl_look last;
	int code = ctl_setup_wait(s, is_in_sync, SYNC_LIMIT_S, &last, e);

	if (code == -EINTR)
		return err_set(e, code, "interrupted; this machine is a member and goes on: see 'holdfastctl status'");
	if (code != -ETIMEDOUT)
		return code;
	return err_set(e, code,
	    "not in sync after %d s, but a member, and it goes on: %s%s%s; see 'holdfastctl status'", SYNC_LIMIT_S,
	    last.state, last.reason[0] ? ": " : "", last.reason);
}

/* Others may have joined since the token was made; the edge is rendered from the list that heartbeatd has
 * now. */
static int refresh(struct ctl_setup *s, struct errbuf *e)
{
	static const char *const argv[] = {"systemctl", "start", "--no-block", "holdfast-reconfigure.service", NULL};

	int code = ctl_run(argv, REFRESH_TIMEOUT_MS, NULL, e);

	if (!code || code == -EINTR)
		return code;
	(void)s;
	(void)printf("  %s\n  'holdfastctl reconfigure' does it later\n", e->text);
	return 0;
}

static const struct ctl_step gateway_steps[] = {
    {"stopping mariadb, haproxy and keepalived", ctl_setup_units},
    {"writing keys, certificates and configuration", ctl_layout_make},
    {"writing the state of a member to be", ctl_setup_register},
    {"starting", ctl_setup_start},
    {"waiting for admission", wait_admission},
    {"telling the edge of its neighbours", refresh},
    {"waiting until the data is in sync", wait_sync},
};

static int is_told(const struct ctl_look *look, struct errbuf *e)
{
	if (look->refused)
		return err_set(e, -EACCES, "the cluster %s", look->reason);
	return look->heard;
}

static int wait_word(struct ctl_setup *s, struct errbuf *e)
{
	struct ctl_look last;
	int code = ctl_setup_wait(s, is_told, ADMISSION_LIMIT_S, &last, e);

	/* From then on the members know of it, and nothing of it is theirs. */
	if (code == 0)
		s->keep = true;
	if (code != -ETIMEDOUT)
		return code;
	if (last.reason[0])
		return err_set(
		    e, code, "no word of %s in %d s: %s", s->conf.seed_address, ADMISSION_LIMIT_S, last.reason);
	return err_set(e, code,
	    "no answer from %s, UDP port %u, in %d s: is it up, is the port open both ways, is the token of this "
	    "cluster and new enough ('holdfastctl token' there)?",
	    s->conf.seed_address, s->conf.heartbeat_port, ADMISSION_LIMIT_S);
}

static int is_following(const struct ctl_look *look, struct errbuf *e)
{
	(void)e;
	return strcmp(look->state, "following") == 0;
}

static int wait_copy(struct ctl_setup *s, struct errbuf *e)
{
	struct ctl_look last;
	int code = ctl_setup_wait(s, is_following, SYNC_LIMIT_S, &last, e);

	if (code == -EINTR)
		return err_set(e, code, "interrupted; this machine is a replica and goes on: see 'holdfastctl status'");
	if (code != -ETIMEDOUT)
		return code;
	return err_set(e, code, "follows nobody after %d s, but goes on: %s%s%s; see 'holdfastctl status'",
	    SYNC_LIMIT_S, last.state, last.reason[0] ? ": " : "", last.reason);
}

static const struct ctl_step replica_steps[] = {
    {"stopping mariadb, haproxy and keepalived", ctl_setup_units},
    {"writing keys, certificates and configuration", ctl_layout_make},
    {"writing the state of a replica", ctl_setup_register},
    {"starting", ctl_setup_start},
    {"waiting for the word of a member", wait_word},
    {"learning the ways to the gateways", refresh},
    {"waiting until it has a copy, and follows", wait_copy},
};

static const struct ctl_step witness_steps[] = {
    {"writing key, certificate and configuration", ctl_layout_make},
    {"writing the state of a member to be", ctl_setup_register},
    {"starting", ctl_setup_start},
    {"waiting for admission", wait_admission},
};

/* Of "-": the first word of the standard input. In the command line everybody on this machine can read it; not for longer than
 * we have to. */
static int take_token(const char *word, struct invite *ret, struct errbuf *e)
{
	char line[INVITE_TEXT_BYTES + 2] = "";
	int code;

	if (strcmp(word, "-") != 0) {
		code = invite_parse(word, ret, e);
		sodium_memzero((void *)(uintptr_t)word, strlen(word));
		return code;
	}
	if (!fgets(line, sizeof(line), stdin))
		return err_set(e, -EINVAL, "no token on the standard input");
	line[strcspn(line, " \r\n")] = '\0';
	code = invite_parse(line, ret, e);
	sodium_memzero(line, sizeof(line));
	return code;
}

/* Everything that can be found out without changing anything. */
static int prepare(struct ctl_setup *s, const struct ctl_options *o, struct errbuf *e)
{
	struct ctl_options words = *o;
	struct invite v;
	int code = ctl_check_fresh(CONF_STATE_DIR "/mysql", e);

	if (!code)
		code = take_token(o->token, &v, e);
	if (code)
		return code;
	code = ctl_join_check(o, &v, e);
	words.vip = o->replica ? o->vip : v.vip; /* conf_read insists on one for a gateway */
	words.cluster = v.cluster;
	if (!code)
		code = ctl_setup_conf(&words, &s->conf, e);
	if (!code) {
		if (o->witness)
			memset(s->conf.vip, 0, sizeof(s->conf.vip));
		ctl_join_apply(&v, &s->conf);
		ctl_memory_apply(&s->conf);
		memcpy(s->key, v.key, sizeof(s->key));
		s->ring = v.ring;
		for (; s->members < v.members; s->members++)
			take_member(&s->member[s->members], v.member[s->members].name, v.member[s->members].address,
			    v.member[s->members].kind);
		/* The list of a replica is that of the members. */
		if (!o->replica)
			take_member(&s->member[s->members++], s->conf.name, s->conf.address, s->conf.kind);
		code = ctl_setup_check(s, e);
	}
	sodium_memzero(&v, sizeof(v));
	return code;
}

static int run_steps(struct ctl_setup *s, const struct ctl_options *o)
{
	if (o->witness)
		return ctl_setup_run(s, witness_steps, sizeof(witness_steps) / sizeof(witness_steps[0]));
	if (o->replica)
		return ctl_setup_run(s, replica_steps, sizeof(replica_steps) / sizeof(replica_steps[0]));
	return ctl_setup_run(s, gateway_steps, sizeof(gateway_steps) / sizeof(gateway_steps[0]));
}

/* The token has what members must agree about, and no more. */
static const char to_copy[] =
    "\nShould it be promoted one day, it serves with the holdfast.conf that it has then, and the token does not tell "
    "all of that. Where the\n"
    "gateways have other values than the defaults, write them here, too, and call 'holdfastctl reconfigure':\n"
    "  [gateway]      channels, hold-timeout-ms, access-log, edge-log, tickle, workers\n"
    "  [replication]  buffer-pool-mb, durability, max-backlog-ms\n";

int ctl_join(const struct ctl_options *o)
{
	static struct ctl_setup s = {.command = "join"};
	struct errbuf e = {""};
	int code = o->worker ? 0 : ctl_join_usage(o, &e);

	if (o->worker)
		return ctl_join_worker(o);

	if (code) {
		(void)fprintf(stderr, "holdfastctl: join: %s\n", e.text);
		return EXIT_USAGE;
	}
	code = prepare(&s, o, &e);
	if (code) {
		(void)fprintf(stderr, "holdfastctl: join: %s\n", e.text);
		code = 1;
	} else {
		code = ctl_setup_confirm(&s, o->yes);
	}
	if (!code)
		code = run_steps(&s, o);
	if (!code)
		(void)printf("\n%s is a %s of %s%s.\n", s.conf.name, o->replica ? "replica" : "member", s.conf.cluster,
		    o->witness	 ? ""
		    : o->replica ? " and follows"
				 : " and in sync");
	if (!code && o->replica)
		(void)fputs(to_copy, stdout);
	sodium_memzero(&s, sizeof(s));
	return code;
}
