#include "heartbeat/ctl_setup.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/keyfile.h"
#include "heartbeat/statefile.h"

#define SERVING_LIMIT_S 60
#define LOOK_MS 250
#define CONF_TEXT_BYTES 512
#define REGISTER_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS 10000
#define REGISTER_PATH CONF_STATE_DIR "/heartbeat/register"

int ctl_setup_conf(const struct ctl_options *o, struct conf *ret, struct errbuf *e)
{
	char text[CONF_TEXT_BYTES], complaints[ERR_TEXT_BYTES] = "";
	FILE *f, *errs;
	unsigned errors;

	(void)snprintf(text, sizeof(text),
	    "[cluster]\n%s%s\n%s%s\n[node]\nname = %s\naddress = %s\nkind = %s\n%s%s\n%s%s\n",
	    o->cluster ? "name = " : "", o->cluster ? o->cluster : "", o->vip ? "vip = " : "", o->vip ? o->vip : "",
	    o->name, o->address,
	    o->witness	 ? "witness"
	    : o->replica ? "replica"
	    : o->worker	 ? "worker"
			 : "gateway",
	    o->interface ? "interface = " : "", o->interface ? o->interface : "",
	    o->second_address ? "second-address = " : "", o->second_address ? o->second_address : "");
	f = fmemopen(text, strlen(text), "r");
	errs = fmemopen(complaints, sizeof(complaints), "w");
	if (!f || !errs)
		return err_set(e, -ENOMEM, "out of memory");
	errors = conf_read(f, "configuration", ret, errs);
	(void)fclose(f);
	(void)fclose(errs);
	complaints[strcspn(complaints, "\n")] = '\0';
	return errors ? err_set(e, -EINVAL, "%s", complaints) : 0;
}

int ctl_setup_check(const struct ctl_setup *s, struct errbuf *e)
{
	struct ctl_host host;
	int code = ctl_check_fresh(s->conf.datadir, e);

	if (!code)
		code = ctl_host_read(&host, e);
	if (!code)
		code = ctl_check_network(&s->conf, &host, e);
	return code ? code : ctl_check_installed(s->conf.kind, e);
}

static void show_worker_plan(const struct ctl_setup *s)
{
	(void)printf("This machine becomes a worker host of the cluster %s at %s and %s, as %s, address %s.\n"
		     "  the service haproxy of this machine is stopped and then run by Holdfast\n"
		     "  files are written below /etc/holdfast and /etc/systemd/system\n"
		     "Go on? [y/N] ",
	    s->conf.cluster, s->member[0].name, s->member[1].name, s->conf.name, s->conf.address);
	(void)fflush(stdout);
}

static void show_plan(const struct ctl_setup *s)
{
	const struct conf *c = &s->conf;
	bool gateway = c->kind != CONF_KIND_WITNESS, replica = c->kind == CONF_KIND_REPLICA;

	if (c->seed_address[0])
		(void)printf("This machine joins the cluster %s at %s", c->cluster, c->seed_address);
	else
		(void)printf("This machine begins the cluster %s", c->cluster);
	(void)printf(" as the %s %s, address %s.\n",
	    replica   ? "replica"
	    : gateway ? "gateway"
		      : "witness",
	    c->name, c->address);
	if (gateway)
		(void)printf("  the virtual IP %s goes to %s %s\n"
			     "  the services mariadb, haproxy and keepalived of this machine are stopped and "
			     "then run by Holdfast;\n"
			     "  what is in /var/lib/mysql stays there%s\n",
		    c->vip, c->interface, replica ? "once it is promoted" : "while it is active",
		    s->adopt ? "" : " and is not used");
	if (gateway)
		(void)printf(
		    "  MariaDB keeps up to %" PRIu32
		    " MiB of pages in memory ([replication] buffer-pool-mb): of this machine's memory a quarter\n",
		    c->buffer_pool_mb);
	if (s->backup)
		(void)printf("  its ledger is that of the backup %s; the cluster which that was taken from must not "
			     "serve any more\n",
		    s->backup);
	if (s->adopt)
		(void)printf(
		    "  all databases in %s are copied, with the ledger if there is one; mariadb is stopped meanwhile;\n"
		    "  its accounts, passwords and grants are not taken over, nor its binary logs; that directory "
		    "stays as it is\n",
		    s->adopt);
	(void)printf("  files are written below /etc/holdfast, " CONF_STATE_DIR "%s\n",
	    gateway ? " and /etc/systemd/system" : "");
	(void)printf("Go on? [y/N] ");
	(void)fflush(stdout);
}

int ctl_setup_confirm(const struct ctl_setup *s, bool yes)
{
	char answer[16] = "";

	if (yes)
		return 0;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "holdfastctl: %s: nobody is there to ask: add --yes\n", s->command);
		return EXIT_NOBODY;
	}
	if (s->conf.kind == CONF_KIND_WORKER)
		show_worker_plan(s);
	else
		show_plan(s);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	(void)fprintf(stderr, "holdfastctl: %s: not done, nothing was changed\n", s->command);
	return 1;
}

/* What a program said before it gave up, for who wants more than one line. */
static void show_output(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n)
			(void)fprintf(stderr, "  | %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* Has the cluster admitted this machine meanwhile? Then its votes are needed, and nothing of it may be taken back. */
static bool is_admitted(const struct ctl_setup *s)
{
	static const char *const stop[] = {"systemctl", "stop", "holdfast-heartbeatd.service", NULL};
	struct hb_register reg;
	struct keyring first;
	uint64_t cluster;

	if (!s->conf.seed_address[0] || access(REGISTER_PATH, F_OK))
		return false;
	/* It may be admitted while we look: it has to stop asking first. */
	(void)ctl_run(stop, STOP_TIMEOUT_MS, NULL, NULL);
	keyfile_first(s->key, &first);
	cluster = first.cluster;
	sodium_memzero(&first, sizeof(first));
	return statefile_load(REGISTER_PATH, cluster, &reg, NULL) == 0 && reg.admitted;
}

static const char *stay(struct ctl_setup *s)
{
	ctl_ignore_signals();
	(void)printf("this machine is a member by now: starting what else there is\n");
	(void)fflush(stdout);
	ctl_units_start_all(&s->conf);
	return "; this machine is a member by now and stays one: repair that and start it by systemctl; "
	       "see 'holdfastctl status'";
}

/* What came of it, for the last line. */
static const char *take_back(struct ctl_setup *s)
{
	unsigned left;

	(void)printf("taking it back\n");
	(void)fflush(stdout);
	ctl_ignore_signals();
	if (s->units.taken || s->conf.kind == CONF_KIND_WITNESS) /* otherwise they are not ours yet */
		ctl_units_stop(&s->conf);
	left = ctl_undo_run(&s->undo);
	ctl_units_give_back(&s->units);
	return left ? "; not all of it could be taken back, see above" : "; nothing was changed";
}

int ctl_setup_run(struct ctl_setup *s, const struct ctl_step *step, size_t steps)
{
	struct errbuf e = {""};

	ctl_catch_signals();
	for (size_t i = 0; i < steps; i++) {
		(void)printf("%s\n", step[i].text);
		(void)fflush(stdout);
		memset(&s->output, 0, sizeof(s->output));
		if (step[i].run(s, &e) == 0)
			continue;
		show_output(s->output.err);
		(void)fprintf(stderr, "holdfastctl: %s: %s%s\n", s->command, e.text,
		    s->keep	     ? ""
		    : is_admitted(s) ? stay(s)
				     : take_back(s));
		return 1;
	}
	return 0;
}

int ctl_setup_units(struct ctl_setup *s, struct errbuf *e)
{
	return ctl_units_take(&s->conf, &s->units, &s->output, e);
}

int ctl_setup_register(struct ctl_setup *s, struct errbuf *e)
{
	static const struct ctl_owner owner = {"holdfast-heartbeat", "holdfast", 0600};
	const char *const init[] = {HOLDFAST_SBINDIR "/holdfast-heartbeatd", "--init-state", "--token", s->data_token,
	    "--epoch", s->epoch, NULL};
	const char *const join[] = {HOLDFAST_SBINDIR "/holdfast-heartbeatd", "--join-state", NULL};
	int code = ctl_run(s->data_token[0] ? init : join, REGISTER_TIMEOUT_MS, &s->output, e);

	if (!code)
		code = ctl_owner_set(REGISTER_PATH, &owner, e);
	if (code || !s->ring.count)
		return code;
	code = keyfile_store(KEYFILE_PATH, &s->ring, e);
	return code ? code : ctl_owner_set(KEYFILE_PATH, &owner, e);
}

int ctl_setup_start(struct ctl_setup *s, struct errbuf *e)
{
	return ctl_units_start(&s->conf, &s->output, e);
}

static void show_look(const struct ctl_setup *s, const struct ctl_look *look)
{
	bool asks = s->conf.seed_address[0] && !look->member && !look->refused && s->conf.kind != CONF_KIND_REPLICA;

	/* On the way nothing of this is wrong: what a status would say of one that is no member yet is not told. */
	if (!look->answered)
		(void)printf("  holdfast-heartbeatd starts\n");
	else if (s->conf.seed_address[0] && !look->member && !look->heard && !look->refused)
		(void)printf("  %s asks %s, UDP port %u\n", s->conf.name, s->conf.seed_address, s->conf.heartbeat_port);
	else
		(void)printf("  %s %s%s%s%s%s\n", s->conf.name, asks ? "asks for admission" : "is ",
		    asks ? "" : look->state, look->serving && !asks ? ", payments are served" : "",
		    look->reason[0] ? ": " : "", look->reason);
	(void)fflush(stdout);
}

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

int ctl_setup_wait(const struct ctl_setup *s, int (*done)(const struct ctl_look *look, struct errbuf *e),
    unsigned limit_s, struct ctl_look *last, struct errbuf *e)
{
	struct ctl_look shown = {.mode = "-"};

	time_t until = now_s() + limit_s;

	for (;;) {
		int code;

		ctl_status_ask(s->conf.name, s->conf.address, last);
		shown.unread = last->unread; /* it counts on */
		if (memcmp(&shown, last, sizeof(shown)) != 0) {
			show_look(s, last);
			shown = *last;
		}
		code = done(last, e);
		if (code)
			return code > 0 ? 0 : code;
		if (now_s() >= until)
			return -ETIMEDOUT;
		if (ctl_pause(LOOK_MS))
			return err_set(e, -EINTR, "interrupted");
	}
}

static int is_serving(const struct ctl_look *look, struct errbuf *e)
{
	(void)e;
	return look->serving;
}

int ctl_setup_wait_serving(struct ctl_setup *s, struct errbuf *e)
{
	struct ctl_look last;
	int code = ctl_setup_wait(s, is_serving, SERVING_LIMIT_S, &last, e);

	if (code != -ETIMEDOUT)
		return code;
	if (!last.answered)
		return err_set(e, code, "holdfast-heartbeatd does not answer after %d s", SERVING_LIMIT_S);
	return err_set(e, code, "not serving after %d s: %s%s%s; see 'holdfastctl status'", SERVING_LIMIT_S, last.state,
	    last.reason[0] ? ": " : "", last.reason);
}
