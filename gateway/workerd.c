/* holdfast-workerd N: HTTP in front of the ledger. Holds no state that matters; any number, on any node. */
#include "gateway/courier.h"
#include "gateway/exchange.h"
#include "gateway/http.h"
#include "gateway/login.h"
#include "gateway/openapi.h"
#include "gateway/options.h"
#include "gateway/tally.h"
#include "gateway/wipe.h"
#include "heartbeat/log.h"
#include "heartbeat/reload.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#define STOP_CHECK_US 20000
/* On a worker host: until its HAProxy (three looks, 100 ms apart) and then those of the gateways (two more) have seen that it leaves. */
#define LEAVE_US 2000000

struct workerd {
	struct options options;
	sd_event *event;
	struct desk desk;
	struct http *http;
	struct tally tally;
	bool untold; /* its metrics could not be left, which has been said */
	char page_path[PATH_BYTES], local_path[PATH_BYTES], peer_path[PATH_BYTES], metrics_path[PATH_BYTES];
	uint64_t stop_until_us; /* 0: not stopping */
};

static int on_stopping(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct workerd *w = userdata;

	/* What waits for a ledger of another release waits in vain: the edge sends it to another worker. */
	if ((courier_count(w->desk.courier) == 0 && hasher_count(w->desk.hasher) == 0) || usec >= w->stop_until_us ||
	    courier_look(w->desk.courier) == COURIER_FOREIGN)
		return sd_event_exit(w->event, 0);
	(void)sd_event_source_set_time(source, usec + STOP_CHECK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* hold-timeout-ms holds for what is sent to a ledger from now on. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct workerd *w = userdata;
	struct conf *running = &w->options.conf, now;

	(void)source;
	(void)info;
	if (!reload_read(w->options.path, running, CONF_READER_WORKERD, &now))
		return 0;
	memcpy(running->channels, now.channels, sizeof(running->channels)); /* what desk.channels points to */
	running->hold_timeout_ms = w->desk.hold_timeout_ms = now.hold_timeout_ms;
	running->access_log = w->desk.access_log = now.access_log;
	return 0;
}

/* Takes nothing more, and ends when what is under way has been answered. */
static int stop(struct workerd *w, uint64_t now_us)
{
	http_quiesce(w->http);
	w->stop_until_us = now_us + (uint64_t)w->desk.hold_timeout_ms * 1000;
	return sd_event_add_time(w->event, NULL, CLOCK_MONOTONIC, now_us + STOP_CHECK_US, 1000, on_stopping, w);
}

static int on_left(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	return stop(userdata, usec);
}

/* What is under way is answered first. A gateway's HAProxy sends what it cannot connect for to another worker; that of a worker host has
 * no other one when all of its workers stop, so those say that they leave before they do. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct workerd *w = userdata;
	uint64_t now_us;

	(void)source;
	(void)info;
	if (w->stop_until_us || w->desk.leaving || sd_event_now(w->event, CLOCK_MONOTONIC, &now_us) < 0)
		return sd_event_exit(w->event, 0);
	(void)sd_notify(0, "STOPPING=1");
	if (w->options.conf.kind != CONF_KIND_WORKER)
		return stop(w, now_us);
	w->desk.leaving = true;
	return sd_event_add_time(w->event, NULL, CLOCK_MONOTONIC, now_us + LEAVE_US, 1000, on_left, w);
}

/* Nobody waits for them: what cannot be written is said once. */
static int on_metrics(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct workerd *w = userdata;
	struct errbuf e = {""};
	int code;

	(void)usec;
	w->tally.waiting = courier_count(w->desk.courier);
	code = metrics_leave(w->metrics_path, tally_print, &w->tally, &e);
	if (code && !w->untold)
		LOG(LOG_WARNING, "metrics.fail", KV_S("why", e.text));
	w->untold = code;
	return sd_event_source_set_time_relative(source, METRICS_EVERY_MS * 1000);
}

static int set_up_metrics(struct workerd *w)
{
	sd_event_source *timer = NULL;
	char name[32];

	tally_begin(&w->tally, w->options.instance);
	w->desk.tally = &w->tally;
	(void)snprintf(name, sizeof(name), METRICS_WORKERD_NAME, w->options.instance);
	if (!options_path(&w->options, name, w->metrics_path) ||
	    sd_event_add_time_relative(
		w->event, &timer, CLOCK_MONOTONIC, METRICS_EVERY_MS * 1000, 100000, on_metrics, w) < 0)
		return -1;
	return sd_event_source_set_enabled(timer, SD_EVENT_ON);
}

static bool describe(struct desk *desk)
{
	json_t *document = openapi_make();

	desk->description = document ? json_dumps(document, JSON_COMPACT) : NULL;
	desk->description_bytes = desk->description ? strlen(desk->description) : 0;
	json_decref(document);
	return desk->description;
}

static int set_up(struct workerd *w, struct errbuf *e)
{
	const struct options *o = &w->options;
	unsigned port = o->conf.worker_port + o->instance - 1;
	bool is_host = o->conf.kind == CONF_KIND_WORKER;
	char path[PATH_BYTES], name[sizeof(WORKER_SOCKET) + 10];

	(void)snprintf(name, sizeof(name), WORKER_SOCKET, o->instance);
	if (!options_path(o, "role", w->page_path) ||
	    !options_path(o, is_host ? "ledger-active.sock" : LEDGER_SOCKET, w->local_path) ||
	    !options_path(o, "ledger-peer.sock", w->peer_path) || !options_path(o, name, path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", o->run_dir);
	if (port > 65535)
		return err_set(e, -ERANGE, "worker-port %u and instance %u: there is no port %u", o->conf.worker_port,
		    o->instance, port);
	if (sd_event_default(&w->event) < 0 || sd_event_set_watchdog(w->event, true) < 0 ||
	    sd_event_add_signal(w->event, NULL, SIGTERM, on_signal, w) < 0 ||
	    sd_event_add_signal(w->event, NULL, SIGINT, on_signal, w) < 0 ||
	    sd_event_add_signal(w->event, NULL, SIGHUP, on_reload, w) < 0)
		return err_set(e, -ENOMEM, "event loop");
	w->desk.channels = o->conf.channels;
	w->desk.hold_timeout_ms = o->conf.hold_timeout_ms;
	w->desk.access_log = o->conf.access_log;
	w->desk.courier =
	    courier_new(w->event, is_host ? NULL : w->page_path, w->local_path, w->peer_path, exchange_on_errand);
	w->desk.hasher = hasher_new(w->event, login_on_hash);
	if (!w->desk.courier || !w->desk.hasher || !describe(&w->desk) || set_up_metrics(w) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	(void)courier_look(w->desk.courier);
	return http_new(w->event, (uint16_t)port, path, &w->desk, &w->http, e);
}

int main(int argc, char **argv)
{
	static struct workerd w;
	struct errbuf e = {""};
	sigset_t stop;
	int code = options_read(argc, argv, true, &w.options);

	if (code >= 0)
		return code;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)sigaddset(&stop, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &stop, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR || sodium_init() < 0 ||
	    prctl(PR_SET_DUMPABLE, 0)) { /* passwords are in its memory */
		LOG(LOG_ERR, "workerd.fail", KV_S("why", "cannot initialise"));
		return 1;
	}
	wipe_json();
	code = set_up(&w, &e);
	if (code) {
		LOG(LOG_ERR, "workerd.fail", KV_S("why", e.text));
		return 1;
	}
	(void)sd_notify(0, "READY=1");
	LOG(LOG_NOTICE, "workerd.start", KV_U("instance", w.options.instance),
	    KV_U("port", w.options.conf.worker_port + w.options.instance - 1));
	code = sd_event_loop(w.event);
	/* Connections that still wait for the ledger are cut by the end of the process: "unknown" to their
	 * clients. */
	return code ? 1 : 0;
}
