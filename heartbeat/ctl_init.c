/* init and restore: the first gateway of a new cluster, with an empty ledger, the data of another MariaDB, or a backup's ledger. */
#include "heartbeat/ctl_commands.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_layout.h"
#include "heartbeat/ctl_memory.h"
#include "heartbeat/ctl_probe.h"
#include "heartbeat/ctl_setup.h"
#include "heartbeat/ctl_token.h"
#include "heartbeat/invite.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/local.h"

#define DATA_TIMEOUT_MS 180000
#define LOOK_TIMEOUT_MS 60000
#define RESTORE_TIMEOUT_MS (24 * 3600 * 1000) /* a large ledger takes hours to be copied and read */
#define DEFAULT_CLUSTER "pay"

/* "TOKEN EPOCH\n" */
static int take_made(struct ctl_setup *s, struct errbuf *e)
{
	const char *out = s->output.out;
	size_t n = strspn(out, "0123456789abcdef"), digits = out[n] == ' ' ? strspn(out + n + 1, "0123456789") : 0;

	if (n != 2 * TOKEN_BYTES || digits < 1 || digits >= sizeof(s->epoch) || out[n + 1 + digits] != '\n')
		return err_set(e, -EPROTO,
		    "holdfast-replicationd --init-data printed no token of %d hexadecimal digits and epoch",
		    2 * TOKEN_BYTES);
	memcpy(s->data_token, out, n);
	s->data_token[n] = '\0';
	memcpy(s->epoch, out + n + 1, digits);
	s->epoch[digits] = '\0';
	return 0;
}

/* Before anything is stopped or written: can that backup be restored here? */
static int look_at_backup(struct ctl_setup *s, struct errbuf *e)
{
	const char *argv[8] = {HOLDFAST_LIBEXECDIR "/holdfast-backup", "show"};
	size_t n = 2;
	int code;

	if (s->logs) {
		argv[n++] = "--logs";
		argv[n++] = s->logs;
	}
	if (s->until) {
		argv[n++] = "--until";
		argv[n++] = s->until;
	}
	argv[n] = s->backup;
	code = s->backup ? ctl_run(argv, LOOK_TIMEOUT_MS, &s->output, e) : 0;
	if (!code && s->backup)
		(void)fputs(s->output.out, stdout);
	return code;
}

static int look_at_data(struct ctl_setup *s, struct errbuf *e)
{
	const char *const argv[] = {HOLDFAST_SBINDIR "/holdfast-replicationd", "--look-at", s->adopt, NULL};

	return s->adopt ? ctl_run(argv, LOOK_TIMEOUT_MS, &s->output, e) : 0;
}

static int make_data(struct ctl_setup *s, struct errbuf *e)
{
	const char *argv[10] = {HOLDFAST_SBINDIR "/holdfast-replicationd", "--init-data"};
	const struct {
		const char *name, *value;
	} given[] = {{"--from", s->backup}, {"--logs", s->logs}, {"--until", s->until}, {"--adopt", s->adopt}};
	size_t n = 2;
	int code;

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (!given[i].value)
			continue;
		argv[n++] = given[i].name;
		argv[n++] = given[i].value;
	}
	if (s->accepts_findings)
		argv[n++] = "--accept-findings";
	code = ctl_run(argv, s->backup || s->adopt ? RESTORE_TIMEOUT_MS : DATA_TIMEOUT_MS, &s->output, e);
	if (!code)
		code = take_made(s, e);
	if (!code)
		(void)fputs(strchr(s->output.out, '\n') + 1, stdout);
	return code;
}

static const struct ctl_step steps[] = {
    {"stopping mariadb, haproxy and keepalived", ctl_setup_units},
    {"writing keys, certificates and configuration", ctl_layout_make},
    {"making the ledger", make_data},
    {"writing the first record", ctl_setup_register},
    {"starting", ctl_setup_start},
    {"waiting until it serves", ctl_setup_wait_serving},
};

static int print_end(const struct ctl_setup *s)
{
	struct ip vip = ip_before_slash(s->conf.vip);
	struct errbuf e = {""};
	char host[IP_URL_BYTES];

	(void)printf(
	    "\n%s serves at https://%s/, alone until a second gateway joins.\n\n", s->conf.name, ip_url(&vip, host));
	if (ctl_token_print(stdout, &s->conf, s->key, NULL, s->member, s->members, NULL, &e) == 0)
		return 0;
	(void)fprintf(stderr, "holdfastctl: %s: it serves, but: %s; see 'holdfastctl token'\n", s->command, e.text);
	return 1;
}

static int begin_cluster(const char *command, const struct ctl_options *given)
{
	static struct ctl_setup s;
	struct ctl_options o = *given;
	struct errbuf e = {""};
	int code;

	s.command = command;
	s.backup = o.from;
	s.logs = o.logs;
	s.until = o.until;
	s.adopt = o.adopt;
	s.accepts_findings = o.accept_findings;
	if (s.accepts_findings && !s.backup && !s.adopt) {
		(void)ctl_command_refuse(command, "--accept-findings wants --adopt: an empty ledger adds up");
		return EXIT_USAGE;
	}
	if (s.until && !s.logs) {
		(void)ctl_command_refuse(command, "--until wants --logs: the backup itself is of one moment");
		return EXIT_USAGE;
	}
	o.cluster = o.cluster ? o.cluster : DEFAULT_CLUSTER;
	code = ctl_setup_conf(&o, &s.conf, &e);
	ctl_memory_apply(&s.conf);
	if (!code)
		code = ctl_setup_check(&s, &e);
	if (!code)
		code = look_at_backup(&s, &e);
	if (!code)
		code = look_at_data(&s, &e);
	if (!code)
		code = ctl_probe_vip(&s.conf, &e);
	if (code) {
		(void)fprintf(stderr, "holdfastctl: %s: %s\n", command, e.text);
		return 1;
	}
	code = ctl_setup_confirm(&s, o.yes);
	if (code)
		return code;
	invite_new_key(s.key);
	memcpy(s.member[0].name, s.conf.name, sizeof(s.member[0].name));
	memcpy(s.member[0].address, s.conf.address, sizeof(s.member[0].address));
	s.member[0].kind = s.conf.kind;
	s.members = 1;
	code = ctl_setup_run(&s, steps, sizeof(steps) / sizeof(steps[0]));
	if (!code)
		code = print_end(&s);
	sodium_memzero(&s, sizeof(s));
	return code;
}

int ctl_init(const struct ctl_options *o)
{
	return begin_cluster("init", o);
}

int ctl_restore(const struct ctl_options *o)
{
	return begin_cluster("restore", o);
}
