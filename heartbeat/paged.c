/* holdfast-paged: the status page of a machine, by HTTPS, for those who have its password. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "heartbeat/cli.h"
#include "heartbeat/conf_value.h"
#include "heartbeat/log.h"
#include "heartbeat/paged_answer.h"
#include "heartbeat/paged_body.h"
#include "heartbeat/paged_file.h"
#include "heartbeat/paged_http.h"

#define TICK_US 1000000u

struct options {
	const char *conf, *run, *page;
	bool check;
};

struct paged {
	struct conf conf;
	struct paged_desk desk;
	struct paged_http *http;
	sd_event *event;
};

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct paged *p = userdata;

	(void)usec;
	paged_view_sample(&p->desk.view);
	paged_http_sweep(p->http);
	(void)sd_event_source_set_time_relative(source, TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int open_loop(struct paged *p, struct errbuf *e)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	if (sd_event_default(&p->event) < 0 || sigprocmask(SIG_BLOCK, &stop, NULL) ||
	    sd_event_add_signal(p->event, NULL, SIGTERM, NULL, NULL) < 0 ||
	    sd_event_add_signal(p->event, NULL, SIGINT, NULL, NULL) < 0)
		return err_set(e, -ENOMEM, "event loop");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sd_event_set_watchdog(p->event, 1);
	return 0;
}

static int open_http(struct paged *p, const char *page_dir, struct errbuf *e)
{
	char pem[PAGED_CERT_BYTES];
	struct ip ip;
	uint32_t port;
	int code;

	if (!value_is_endpoint(p->conf.page_listen, &ip, &port))
		return err_set(e, -EINVAL, "holdfast.conf has no 'listen' in [page]");
	code = paged_cert_read(page_dir, pem, e);
	if (!code)
		code = paged_http_new(p->event, &ip, (uint16_t)port, pem, paged_answer_request, &p->desk, &p->http, e);
	sodium_memzero(pem, sizeof(pem));
	return code ? err_wrap(e, code, "%s", p->conf.page_listen) : 0;
}

static int run(struct paged *p, const struct options *o)
{
	struct errbuf e = {""};
	int code = open_loop(p, &e);

	if (!code && paged_body_open())
		code = err_set(&e, -ENOMEM, "out of memory");
	paged_answer_open(&p->desk, &p->conf, o->run, o->page);
	if (!code)
		code = open_http(p, o->page, &e);
	if (!code && sd_event_add_time(p->event, NULL, CLOCK_MONOTONIC, 0, 10000, on_tick, p) < 0)
		code = err_set(&e, -ENOMEM, "event loop");
	if (code) {
		LOG(LOG_ERR, "start.failed", KV_S("why", e.text));
		return 1;
	}
	LOG(LOG_NOTICE, "daemon.start", KV_S("version", PACKAGE_VERSION), KV_S("node", p->conf.name),
	    KV_S("listen", p->conf.page_listen));
	(void)sd_notifyf(0, "READY=1\nSTATUS=https://%s/", p->conf.page_listen);
	code = sd_event_loop(p->event);
	LOG(LOG_NOTICE, "daemon.stop", KV_I("code", code));
	paged_http_free(p->http);
	paged_answer_close(&p->desk);
	paged_body_close();
	return code < 0;
}

int main(int argc, char **argv)
{
	static struct paged p;
	struct options o = {CONF_PATH, "/run/holdfast", CONF_PAGE_DIR, false};
	static const char *const usage[] = {"[-n] [-f FILE]", NULL};
	const struct cli_option options[] = {
	    {"config", 'f', "FILE", "configuration", .text = &o.conf},
	    {"check", 'n', NULL, "check the configuration and exit", .flag = &o.check},
	    {"page", 0, "DIR", "password and certificate", .text = &o.page},
	    {"run", 0, "DIR", "where heartbeatd and ledgerd are asked", .text = &o.run},
	};
	const struct cli cli = {"holdfast-paged", usage, options, sizeof(options) / sizeof(options[0]), 0};
	int code = cli_read(&cli, argc, argv);

	if (code >= 0)
		return code;
	if (conf_load(o.conf, &p.conf, stderr))
		return 1;
	if (o.check)
		return 0;
	/* Passwords and a key are in its memory. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (sodium_init() < 0) {
		LOG(LOG_ERR, "start.failed", KV_S("why", "libsodium"));
		return 1;
	}
	return run(&p, &o);
}
