/* The loop of holdfast-replicationd: orders in, reports out, the relay, and the gate's questions. Nothing here waits. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <mysql.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "heartbeat/cli.h"
#include "heartbeat/conf.h"
#include "heartbeat/link.h"
#include "heartbeat/log.h"
#include "heartbeat/metrics.h"
#include "heartbeat/reload.h"
#include "replication/actor.h"
#include "replication/adoptdata.h"
#include "replication/initdata.h"
#include "replication/password.h"
#include "replication/plan.h"
#include "replication/replmetrics.h"
#include "replication/token.h"

#define REPORT_US 100000

struct replicationd {
	struct conf conf;
	const char *conf_path;
	char password[REPLICATION_PASSWORD_BYTES];
	sd_event *loop;
	struct link *link;
	struct relay *relay;
	struct actor *actor;
	struct repl_order order;     /* the last one */
	struct repl_report reported; /* the last one, if it has looked by then */
	bool looked, relay_failed;
	unsigned ticks; /* since its metrics were left */
	bool untold;	/* that failed, which has been said */
	int gate, held; /* the latter: actor_hold() */
};

static void report(struct replicationd *r)
{
	/* Before the first look there is nothing to say: silence is true, zeros would not be. */
	r->looked = actor_report(r->actor, &r->reported);
	if (r->looked)
		link_send(r->link, LOCAL_REPLICATION, &r->reported, sizeof(r->reported));
	else
		link_send(r->link, LOCAL_REPLICATION, NULL, 0);
}

static void obey_relay(struct replicationd *r)
{
	const struct repl_order *o = &r->order;
	int want = plan_relay(o);
	struct errbuf e;
	int code = 0;

	/* Else its receiver, which tries again by itself, would fetch from whom nothing is known yet. */
	if (want > 0 && o->want == REPL_WANT_REPLICA && !actor_has_compared(r->actor, o))
		want = 0;
	if (want == 0)
		relay_close(r->relay);
	else if (want > 0)
		code = relay_open(r->relay, o->active_address, (uint16_t)r->conf.database_port, o->epoch, &e);
	if (code && !r->relay_failed)
		LOG(LOG_ERR, "relay.fail", KV_S("why", e.text));
	r->relay_failed = code != 0;
}

/* The relay first: a cut must not wait for the actor. */
static void on_packet(void *userdata, const struct local_header *packet)
{
	struct replicationd *r = userdata;

	if (packet->type != LOCAL_ORDER)
		return;
	memcpy(&r->order, packet, sizeof(r->order));
	obey_relay(r);
	actor_order(r->actor, &r->order);
}

static int on_report(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	obey_relay(userdata); /* the actor may have found out what a replica waits for */
	report(userdata);
	return 0;
}

/* Into the memory of this machine. Without a look at the database there is nothing to leave. */
static void leave_metrics(struct replicationd *r)
{
	struct errbuf e = {""};
	int code = 0;

	if (++r->ticks < METRICS_EVERY_MS * 1000 / REPORT_US)
		return;
	r->ticks = 0;
	if (r->looked)
		code = metrics_leave(METRICS_REPLICATIOND_PATH, replmetrics_print, &r->reported, &e);
	if (code && !r->untold)
		LOG(LOG_WARNING, "metrics.fail", KV_S("why", e.text));
	r->untold = code;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct replicationd *r = userdata;

	(void)usec;    /* when it was due: what was missed is not to be made up for */
	obey_relay(r); /* it may not have opened at the first try */
	report(r);
	leave_metrics(r);
	return sd_event_source_set_time_relative(source, REPORT_US);
}

/* One line fits into the buffer of a new socket, so this does not wait either. */
static int on_question(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct replicationd *r = userdata;
	char line[GATE_LINE_BYTES];
	int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)revents;
	if (one < 0)
		return 0;
	actor_answer_gate(r->actor, line);
	if (send(one, line, strlen(line), MSG_NOSIGNAL) < 0)
		LOG(LOG_WARNING, "gate.unheard", KV_S("why", strerror(errno)));
	close(one);
	line[strcspn(line, "\n")] = '\0';
	LOG(LOG_NOTICE, "gate.answer", KV_S("answer", line));
	return 0;
}

static int open_gate(struct replicationd *r, struct errbuf *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = GATE_SOCKET};

	r->gate = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->gate < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	(void)unlink(GATE_SOCKET);
	if (bind(r->gate, (struct sockaddr *)&sa, sizeof(sa)) || chmod(GATE_SOCKET, 0600) || listen(r->gate, 4))
		return err_set(e, -errno, GATE_SOCKET ": %s", strerror(errno));
	return sd_event_add_io(r->loop, NULL, r->gate, EPOLLIN, on_question, r) < 0 ? err_set(e, -ENOMEM, "event loop")
										    : 0;
}

/* No key of it holds before it is started again, which costs a wait at most. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct replicationd *r = userdata;
	struct conf now;

	(void)source;
	(void)info;
	(void)reload_read(r->conf_path, &r->conf, CONF_READER_REPLICATIOND, &now);
	return 0;
}

static int set_up(struct replicationd *r, struct errbuf *e)
{
	sd_event_source *tick = NULL;
	int code;

	r->held = actor_hold(e);
	if (r->held < 0)
		return r->held;
	code = replication_password_load(CONF_KEY_PATH, r->password, e);
	if (code)
		return code;
	if (sd_event_default(&r->loop) < 0)
		return err_set(e, -ENOMEM, "event loop");
	r->relay = relay_new(r->loop, (uint16_t)r->conf.relay_port);
	r->link = link_new(r->loop, LOCAL_SOCKET, LOCAL_CLIENT_REPLICATIOND, on_packet, r);
	if (!r->relay || !r->link)
		return err_set(e, -ENOMEM, "out of memory");
	code = actor_new(&r->conf, r->password, r->relay, &r->actor, e);
	if (!code)
		code = open_gate(r, e);
	if (code)
		return code;
	if (sd_event_add_io(r->loop, NULL, actor_fd(r->actor), EPOLLIN, on_report, r) < 0 ||
	    sd_event_add_time(r->loop, &tick, CLOCK_MONOTONIC, 0, 1000, on_tick, r) < 0 ||
	    sd_event_source_set_enabled(tick, SD_EVENT_ON) < 0 ||
	    sd_event_add_signal(r->loop, NULL, SIGTERM, NULL, NULL) < 0 ||
	    sd_event_add_signal(r->loop, NULL, SIGINT, NULL, NULL) < 0 ||
	    sd_event_add_signal(r->loop, NULL, SIGHUP, on_reload, r) < 0 || sd_event_set_watchdog(r->loop, true) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

static void tear_down(struct replicationd *r)
{
	if (r->relay)
		relay_close(r->relay);
	actor_free(r->actor);
	link_free(r->link);
	relay_free(r->relay);
	if (r->gate >= 0)
		close(r->gate);
	if (r->held >= 0)
		close(r->held); /* the last: the next one may begin */
	sd_event_unref(r->loop);
	sodium_memzero(r->password, sizeof(r->password));
}

static int run(struct replicationd *r)
{
	struct errbuf e = {""};
	int code;

	r->gate = r->held = -1;
	code = set_up(r, &e);
	if (code) {
		LOG(LOG_ERR, "start.failed", KV_S("why", e.text));
	} else {
		LOG(LOG_NOTICE, "daemon.start", KV_S("version", PACKAGE_VERSION), KV_S("node", r->conf.name));
		(void)sd_notify(0, "READY=1");
		code = sd_event_loop(r->loop);
		LOG(LOG_NOTICE, "daemon.stop", KV_I("code", code));
	}
	tear_down(r);
	return code ? 1 : 0;
}

static int init_data(const struct conf *conf, const struct restoredata_from *from)
{
	char hex[TOKEN_HEX_BYTES], when[48] = "";
	struct initdata_made made;
	struct errbuf e;
	time_t newest;
	struct tm tm;

	if (initdata_run(conf, from, &made, &e)) {
		(void)fprintf(stderr, "holdfast-replicationd: %s\n", e.text);
		return 1;
	}
	token_hex(&made.token, hex);
	(void)printf("%s %" PRIu64 "\n", hex, made.ledger.epoch);
	newest = (time_t)(made.ledger.newest_us / 1000000);
	(void)strftime(when, sizeof(when), ", the last of %Y-%m-%dT%H:%M:%SZ", gmtime_r(&newest, &tm));
	if (from->data && !made.ledger.operations)
		(void)printf("  adopted; there is no ledger in it yet\n");
	else if (from->backup || from->data)
		(void)printf("  %s: %" PRIu64 " operations%s\n", from->data ? "adopted" : "restored",
		    made.ledger.operations, made.ledger.newest_us ? when : "");
	if (made.ledger.findings[0])
		(void)printf(
		    "  accepted, though not all is right in it (holdfastctl verify): %s\n", made.ledger.findings);
	return fflush(stdout) ? 1 : 0;
}

static int look(const char *dir)
{
	struct errbuf e;

	if (!adoptdata_look(dir, &e))
		return 0;
	(void)fprintf(stderr, "holdfast-replicationd: %s\n", e.text);
	return 1;
}

int main(int argc, char **argv)
{
	static struct replicationd r;
	const char *path = CONF_PATH;
	struct restoredata_from from = {0};
	const char *look_at = NULL;
	bool check = false, init = false;
	static const char *const usage[] = {"[-n] [-f FILE]",
	    "--init-data [--from DIR [--logs DIR [--until WHEN]] | --adopt DIR] [--accept-findings] [-f FILE]",
	    "--look-at DIR", NULL};
	const struct cli_option options[] = {
	    {"config", 'f', "FILE", "configuration", .text = &path},
	    {"check", 'n', NULL, "check the configuration and exit", .flag = &check},
	    {"init-data", 0, NULL, "make the data directory of a new cluster and print its data token and first epoch",
		.flag = &init},
	    {"from", 0, "DIR", "with the ledger of the backup in DIR, instead of an empty one", .text = &from.backup,
		.with = "init-data"},
	    {"logs", 0, "DIR", "and what was archived in DIR since", .text = &from.logs, .with = "from"},
	    {"until", 0, "WHEN", "up to a GTID, or a time in UTC, such as 2026-11-21T21:00:00Z", .text = &from.until,
		.with = "logs"},
	    {"adopt", 0, "DIR", "with the data in DIR, of a MariaDB that is down, which is copied", .text = &from.data,
		.with = "init-data", .without = "from"},
	    {"look-at", 0, "DIR", "say whether it could be adopted, as far as that is seen from outside, and exit",
		.text = &look_at, .without = "init-data"},
	    {"accept-findings", 0, NULL, "also when the ledger in it does not add up", .flag = &from.accepts_findings},
	};
	const struct cli cli = {"holdfast-replicationd", usage, options, sizeof(options) / sizeof(options[0]), 0};
	sigset_t stop;
	int code = cli_read(&cli, argc, argv);

	if (code >= 0)
		return code;
	if (from.accepts_findings && !from.backup && !from.data)
		return cli_refuse(&cli, "--accept-findings wants --from or --adopt, too");
	if (look_at)
		return look(look_at);
	r.conf_path = path;
	if (conf_load(path, &r.conf, stderr))
		return 1;
	if (r.conf.kind == CONF_KIND_WITNESS) {
		(void)fprintf(stderr, "%s: [node] kind is witness; a witness has no database\n", path);
		return 1;
	}
	if (check)
		return 0;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)sigaddset(&stop, SIGHUP);
	/* Before any thread: the loop takes them as events. */
	if (sigprocmask(SIG_BLOCK, &stop, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR || sodium_init() < 0 ||
	    mysql_library_init(0, NULL, NULL)) {
		LOG(LOG_ERR, "start.failed", KV_S("why", "cannot initialise the libraries"));
		return 1;
	}
	return init ? init_data(&r.conf, &from) : run(&r);
}
