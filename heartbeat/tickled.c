/* holdfast-tickled: clients of a gateway that died hear of it from the one that has the address now. */
#include "heartbeat/tickled.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config.h"
#include "heartbeat/cli.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"
#include "heartbeat/reload.h"
#include "heartbeat/rolepage.h"

#define TICK_US 100000u
#define KEEP_US 1000000u

struct options {
	const char *conf, *key, *run;
	bool check;
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void tickled_set_timer(sd_event_source *source, uint64_t in_us)
{
	sd_event_source_set_time(source, clock_us(CLOCK_MONOTONIC) + in_us);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_shot(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct tickled *t = userdata;
	struct tickle_key key[TICKLE_BATCH];
	uint64_t now_us = clock_boottime_us(), next_us;
	bool probe;
	uint32_t n = tickle_book_aim(&t->book, now_us, key, &probe, &next_us);

	(void)usec;
	for (uint32_t i = 0; i < n; i++)
		tickled_shoot(t, &key[i], probe);
	if (next_us)
		tickled_set_timer(source, next_us > now_us ? next_us - now_us : 0);
	else
		LOG(LOG_NOTICE, "tickle.done", KV_U("tickles", t->sent), KV_U("refused", t->refused),
		    KV_S("why", t->refused ? strerror(t->refused_error) : ""),
		    KV_U("took_ms", (now_us - t->book.since_us) / 1000));
	return 0;
}

void tickled_arrived(struct tickled *t)
{
	struct tickle_message question = {.kind = TICKLE_ASK, .v6 = t->book.v6};

	t->sent = t->refused = 0;
	tickle_book_arrive(&t->book, clock_boottime_us());
	tickled_look(t);
	tickled_net_find_peers(t);
	tickled_net_send(t, &question);
	LOG(LOG_NOTICE, "tickle.begin", KV_U("connections", t->book.theirs.count), KV_U("own", t->book.mine.count));
	tickled_set_timer(t->shot, 0);
	tickled_set_timer(t->tick, TICK_US);
}

void tickled_left(struct tickled *t)
{
	tickled_look(t);
	tickle_book_leave(&t->book);
	sd_event_source_set_enabled(t->shot, SD_EVENT_OFF);
	tickled_net_tell(t);
	LOG(LOG_NOTICE, "tickle.left", KV_U("connections", t->book.mine.count));
}

static void work(struct tickled *t, uint64_t now_us)
{
	struct tickle_message m;

	if (now_us >= t->look_late_us || (t->stirred && now_us >= t->look_us))
		tickled_look(t);
	tickled_net_tell(t);
	while (tickle_book_tell_again(&t->book, now_us, &m))
		tickled_net_send(t, &m);
}

/* For `systemctl status`: how many connections are known, and whose. */
static void tell_systemd(struct tickled *t)
{
	uint32_t count = t->book.holds ? t->book.mine.count : t->book.theirs.count;
	uint32_t status = count << 1 | t->book.holds;

	if (status == t->status)
		return;
	t->status = status;
	(void)sd_notifyf(0, "STATUS=%u connections to %s", count,
	    t->book.holds ? "the virtual IP, which is here" : "the other gateway");
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct tickled *t = userdata;
	uint64_t now_us = clock_boottime_us();

	(void)usec;
	if (now_us >= t->keep_us) {
		(void)tickled_net_find_key(t, NULL);
		tickled_net_find_peers(t);
		tickled_address_check(t); /* the kernel may have lost an event */
		tell_systemd(t);
		t->keep_us = now_us + KEEP_US;
	}
	if (t->book.holds)
		work(t, now_us);
	tickled_set_timer(source, t->book.holds ? TICK_US : KEEP_US);
	return 0;
}

/* No key of it holds before it is started again, which ends nothing. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct tickled *t = userdata;
	struct conf now;

	(void)source;
	(void)info;
	(void)reload_read(t->conf_path, &t->conf, CONF_READER_TICKLED, &now);
	return 0;
}

static int open_loop(struct tickled *t, struct errbuf *e)
{
	sigset_t stop;

	if (sd_event_default(&t->loop) < 0)
		return err_set(e, -ENOMEM, "event loop");
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &stop, NULL) || sd_event_add_signal(t->loop, NULL, SIGTERM, NULL, NULL) < 0 ||
	    sd_event_add_signal(t->loop, NULL, SIGINT, NULL, NULL) < 0 ||
	    sd_event_add_signal(t->loop, NULL, SIGHUP, on_reload, t) < 0)
		return err_set(e, -errno, "signals: %s", strerror(errno));
	sd_event_set_watchdog(t->loop, 1);
	return 0;
}

static int open_all(struct tickled *t, struct errbuf *e)
{
	unsigned bits;
	uint64_t seed;
	int code;

	if (!ip_parse_cidr(t->conf.vip, &t->vip, &bits))
		return err_set(e, -EINVAL, "vip '%s' is not an address with prefix length", t->conf.vip);
	t->interface = if_nametoindex(t->conf.interface);
	if (!t->interface)
		return err_set(e, -errno, "interface %s: %s", t->conf.interface, strerror(errno));
	t->start = clock_us(CLOCK_REALTIME);
	randombytes_buf(&seed, sizeof(seed));
	tickle_book_start(&t->book, seed, !ip_is_v4(&t->vip));
	code = tickled_net_open(t, e);
	if (!code)
		code = tickled_look_open(t, e);
	if (!code)
		code = tickled_shot_open(t, e);
	if (!code)
		code = tickled_address_open(t, e);
	if (!code && (sd_event_add_time(t->loop, &t->shot, CLOCK_MONOTONIC, 0, 1000, on_shot, t) < 0 ||
			 sd_event_source_set_enabled(t->shot, SD_EVENT_OFF) < 0 ||
			 sd_event_add_time(t->loop, &t->tick, CLOCK_MONOTONIC, 0, 10000, on_tick, t) < 0))
		return err_set(e, -ENOMEM, "event loop");
	return code;
}

static int run(struct tickled *t)
{
	bool on = t->conf.tickle && t->conf.kind == CONF_KIND_GATEWAY;
	struct errbuf e = {""};
	int code = open_loop(t, &e);

	if (!code && on)
		code = tickled_net_find_key(t, &e);
	if (!code && on)
		code = open_all(t, &e);
	if (code) {
		LOG(LOG_ERR, "start.failed", KV_S("why", e.text));
		return 1;
	}
	/* Switched off it stays and does nothing: a unit that ends would be started again and again. */
	LOG(LOG_NOTICE, "daemon.start", KV_S("version", PACKAGE_VERSION), KV_S("node", t->conf.name),
	    KV_S("tickle", on ? "yes" : "no"));
	t->status = UINT32_MAX;
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", on ? "" : "switched off");
	code = sd_event_loop(t->loop);
	LOG(LOG_NOTICE, "daemon.stop", KV_I("code", code));
	return code < 0;
}

int main(int argc, char **argv)
{
	static struct tickled t;
	struct options o = {CONF_PATH, CONF_KEY_PATH, "/run/holdfast", false};
	static const char *const usage[] = {"[-n] [-f FILE]", NULL};
	const struct cli_option options[] = {
	    {"config", 'f', "FILE", "configuration", .text = &o.conf},
	    {"check", 'n', NULL, "check the configuration and exit", .flag = &o.check},
	    {"key", 0, "FILE", "cluster key", .text = &o.key},
	    {"run", 0, "DIR", "where heartbeatd writes the members", .text = &o.run},
	};
	const struct cli cli = {"holdfast-tickled", usage, options, sizeof(options) / sizeof(options[0]), 0};
	int code = cli_read(&cli, argc, argv);

	if (code >= 0)
		return code;
	if (conf_load(o.conf, &t.conf, stderr))
		return 1;
	if (o.check)
		return 0;
	t.run_dir = o.run;
	t.key_path = o.key;
	t.conf_path = o.conf;
	if (sodium_init() < 0) {
		LOG(LOG_ERR, "start.failed", KV_S("why", "libsodium"));
		return 1;
	}
	return run(&t);
}
