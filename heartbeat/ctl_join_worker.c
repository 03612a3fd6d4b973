/* join --worker: this machine becomes a worker host. It gets its own key and certificate, and nothing of the cluster's but the CA's certificate. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/conf_value.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_layout.h"
#include "heartbeat/ctl_setup.h"
#include "heartbeat/ctl_worker.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/hostinvite.h"
#include "heartbeat/pending.h"

#define LOOK_MS 500
#define LOOKS 120 /* the gateway that did not make the token looks for it each half minute */
#define ASK_FORMAT "/run/holdfast/ask-%s.sock"
#define UNIT_DIR "/etc/systemd/system/"

static struct hostinvite invite; /* one at a time; wiped at the end */

static const struct ctl_owner for_all = {NULL, NULL, 0644}, for_root = {NULL, NULL, 0600};

static const struct {
	const char *path;
	struct ctl_owner owner;
} dirs[] = {
    {"/etc/holdfast", {NULL, NULL, 0755}},
    {CONF_PKI_DIR, {NULL, NULL, 0755}},
    {"/run/holdfast", {NULL, "holdfast-heartbeat", 01775}},
    {"/run/holdfast/worker", {"holdfast-worker", "holdfast", 0750}},
    {"/run/holdfast-root", {NULL, NULL, 0700}},
};

/* What settings_write makes. */
static const char *const rendered[] = {
    CONF_PKI_DIR "/node-full.pem",
    "/etc/holdfast/haproxy.cfg",
    UNIT_DIR "haproxy.service.d",
    UNIT_DIR "haproxy.service.d/holdfast.conf",
    UNIT_DIR "holdfast-workerd@.service.d",
    UNIT_DIR "holdfast-workerd@.service.d/holdfast.conf",
};

static int write_gateways(struct ctl_setup *s, struct errbuf *e)
{
	char text[256] = "";
	size_t used = 0;

	for (unsigned i = 0; i < s->members; i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s %s\n", s->member[i].name, s->member[i].address);
	return ctl_layout_write(s, CONF_GATEWAYS_PATH, text, &for_all, e);
}

static int write_pki(struct ctl_setup *s, struct errbuf *e)
{
	char key[PKI_PEM_BYTES];
	int code = pki_worker_key(invite.seed, key, e);

	if (!code)
		code = ctl_layout_write(s, CONF_PKI_DIR "/ca.pem", invite.ca, &for_all, e);
	if (!code)
		code = ctl_layout_write(s, CONF_PKI_DIR "/node.pem", invite.certificate, &for_all, e);
	if (!code)
		code = ctl_layout_write(s, CONF_PKI_DIR "/node.key", key, &for_root, e);
	sodium_memzero(key, sizeof(key));
	return code;
}

static int make_layout(struct ctl_setup *s, struct errbuf *e)
{
	unsigned changed;
	int code = 0;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && !code; i++) {
		ctl_undo_expect(&s->undo, dirs[i].path);
		code = ctl_dir_make(dirs[i].path, &dirs[i].owner, e);
	}
	if (!code)
		code = write_pki(s, e);
	if (!code)
		code = write_gateways(s, e);
	if (!code)
		code = ctl_layout_write_conf(s, e);
	if (code)
		return code;
	for (size_t i = 0; i < sizeof(rendered) / sizeof(rendered[0]); i++)
		ctl_undo_expect(&s->undo, rendered[i]);
	return settings_write(&s->conf, s->member, s->members, &changed, e);
}

/* Until a gateway says that its ledger answers: it lets us in then. */
static int wait_ledger(struct ctl_setup *s, struct errbuf *e)
{
	char path[64], answer[256];
	struct errbuf why = {""};

	for (unsigned look = 0; look < LOOKS; look++) {
		for (unsigned i = 0; i < s->members; i++) {
			(void)snprintf(path, sizeof(path), ASK_FORMAT, s->member[i].name);
			if (ctl_fetch(path, "/activez", answer, sizeof(answer), &why) == 0)
				return 0;
		}
		if (ctl_pause(LOOK_MS))
			return err_set(e, -EINTR, "interrupted");
	}
	return err_set(e, -ETIMEDOUT,
	    "no gateway let this machine in, or none serves, in %d s: is %s still in 'holdfastctl worker list' there, "
	    "is this the token of its last 'worker add' (a removal ends those before), are TCP "
	    "ports %u and %u open both ways, is the clock right? The last answer: %s",
	    LOOKS * LOOK_MS / 1000, s->conf.name, s->conf.mesh_http_port, s->conf.mesh_ledger_port, why.text);
}

static const struct ctl_step steps[] = {
    {"stopping haproxy", ctl_setup_units},
    {"writing key, certificate and configuration", make_layout},
    {"starting", ctl_setup_start},
    {"waiting up to 60 s for a gateway to let this machine in", wait_ledger},
};

/* Of "-": the first word of the standard input. */
static int take_token(const char *word, struct errbuf *e)
{
	char line[HOSTINVITE_TEXT_BYTES + 2] = "";
	int code;

	if (strcmp(word, "-") != 0) {
		code = hostinvite_parse(word, &invite, e);
		sodium_memzero((void *)(uintptr_t)word, strlen(word));
		return code;
	}
	if (!fgets(line, sizeof(line), stdin))
		return err_set(e, -EINVAL, "no token on the standard input");
	line[strcspn(line, " \r\n")] = '\0';
	code = hostinvite_parse(line, &invite, e);
	sodium_memzero(line, sizeof(line));
	return code;
}

static int check_usage(const struct ctl_options *o, struct errbuf *e)
{
	if (o->witness || o->replica)
		return err_set(e, -EINVAL, "--worker, --witness and --replica: it is one of them");
	if (o->interface || o->vip || o->second_address)
		return err_set(e, -EINVAL, "--%s is not for a worker host, which has no virtual IP and no heartbeats",
		    o->interface ? "interface"
		    : o->vip	 ? "vip"
				 : "second-address");
	return 0;
}

static int prepare(struct ctl_setup *s, const struct ctl_options *o, struct errbuf *e)
{
	struct ctl_options words = *o;
	char address[IP_TEXT_BYTES];
	int code = ctl_check_fresh(CONF_STATE_DIR "/mysql", e);

	if (!code)
		code = take_token(o->token, e);
	if (!code && strcmp(o->name, invite.name) != 0)
		code = err_set(e, -EINVAL, "--name %s: the token is that of %s", o->name, invite.name);
	if (!code && strcmp(value_shortest(o->address, address), invite.address) != 0)
		code = err_set(e, -EINVAL,
		    "--address %s: the token is for %s; another one is made by 'holdfastctl worker "
		    "remove %s' and 'worker add' on a gateway",
		    o->address, invite.address, invite.name);
	if (code)
		return code;
	words.cluster = invite.cluster;
	code = ctl_setup_conf(&words, &s->conf, e);
	if (code)
		return code;
	s->conf.mesh_http_port = invite.mesh_http_port;
	s->conf.mesh_ledger_port = invite.mesh_ledger_port;
	for (; s->members < HOSTINVITE_GATEWAYS; s->members++) {
		struct settings_member *m = &s->member[s->members];

		m->kind = CONF_KIND_GATEWAY;
		memcpy(m->name, invite.gateway[s->members].name, sizeof(m->name));
		memcpy(m->address, invite.gateway[s->members].address, sizeof(m->address));
	}
	return ctl_setup_check(s, e);
}

int ctl_join_worker(const struct ctl_options *o)
{
	static struct ctl_setup s = {.command = "join"};
	struct errbuf e = {""};
	int code = check_usage(o, &e);

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
		code = ctl_setup_run(&s, steps, sizeof(steps) / sizeof(steps[0]));
	sodium_memzero(&invite, sizeof(invite));
	if (!code)
		(void)printf("\n%s is a worker host of %s; 'holdfastctl worker list' on a gateway shows it.\n"
			     "Where [gateway] channels, hold-timeout-ms or access-log there differ from the defaults, "
			     "write them here, "
			     "too, and restart the workers.\n",
		    s.conf.name, s.conf.cluster);
	return code;
}

static int read_pem(const char *path, char ret[static PKI_PEM_BYTES], struct errbuf *e)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	n = fread(ret, 1, PKI_PEM_BYTES - 1, f);
	ret[n] = '\0';
	(void)fclose(f);
	return 0;
}

int ctl_worker_renew(const struct conf *conf, struct errbuf *e)
{
	char ca[PKI_PEM_BYTES], old[PKI_PEM_BYTES], renewed[PKI_PEM_BYTES], path[64];
	struct settings_member gateway[CTL_MEMBERS_MAX];
	struct errbuf why = {""}, of_list = {""};
	unsigned count = 0, silent = 0;
	bool told = false, renewed_here = false, news = false;
	int code = hostfiles_gateways(gateway, &count, e), late, learned = 0;

	if (!code)
		code = read_pem(CONF_PKI_DIR "/ca.pem", ca, e);
	for (unsigned i = 0; i < count && !code; i++) {
		int one = read_pem(CONF_PKI_DIR "/node.pem", old, e);

		(void)snprintf(path, sizeof(path), ASK_FORMAT, gateway[i].name);
		if (!one && ctl_fetch(path, "/certificate", renewed, sizeof(renewed), &why)) {
			silent++;
			continue;
		}
		if (!one)
			one = pki_check_renewal(ca, old, renewed, e);
		if (!one)
			one = pending_mark(HOSTFILES_PENDING_PATH, e);
		if (!one)
			one = ctl_file_write(CONF_PKI_DIR "/node.pem", renewed, &for_all, e);
		renewed_here = renewed_here || !one;
		code = one == -EALREADY ? 0 : one;
	}
	if (!code && silent == count)
		code = err_set(e, -EAGAIN, "no gateway gives a certificate: %s", why.text);
	if (count)
		learned = ctl_worker_learn(conf, gateway, count, &news, &of_list);
	late = pending_tell(HOSTFILES_PENDING_PATH, ctl_worker_reconfigure, &told, &why);
	if (told)
		(void)printf("HAProxy was told%s%s\n", renewed_here ? ": certificate renewed" : "",
		    news ? ": the gateways are elsewhere (" CONF_GATEWAYS_PATH ")" : "");
	if (late && !code)
		return err_set(e, late, "%s", why.text);
	return learned && !code ? err_set(e, learned, "%s", of_list.text) : code;
}
