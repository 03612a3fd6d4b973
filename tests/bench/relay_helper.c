/*
 * For tests/bench/cuts: replication's relay by itself. relay_helper PORT ADDRESS ACTIVE-PORT opens 127.0.0.1:PORT to ADDRESS:ACTIVE-PORT;
 * SIGUSR1 cuts it, SIGUSR2 opens it again, each then prints a line; SIGTERM ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/relay.h"

struct helper {
	struct relay *relay;
	const char *address;
	uint16_t active_port;
};

static int say(const char *text)
{
	return puts(text) < 0 || fflush(stdout) ? -EIO : 0;
}

static int on_cut(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct helper *h = userdata;

	(void)source;
	(void)info;
	relay_close(h->relay);
	return say("cut");
}

static int on_open(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct helper *h = userdata;
	struct errbuf e = {""};
	int code = relay_open(h->relay, h->address, h->active_port, 1, &e);

	(void)source;
	(void)info;
	if (code)
		fprintf(stderr, "relay_helper: %s\n", e.text);
	return code ? code : say("open");
}

int main(int argc, char **argv)
{
	struct helper h = {0};
	sd_event *loop = NULL;
	sigset_t signals;
	int code;

	if (argc != 4) {
		fprintf(stderr, "usage: relay_helper PORT ADDRESS ACTIVE-PORT\n");
		return 2;
	}
	h.address = argv[2];
	h.active_port = (uint16_t)strtoul(argv[3], NULL, 10);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGUSR1);
	(void)sigaddset(&signals, SIGUSR2);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	code = sd_event_new(&loop);
	if (code >= 0)
		h.relay = relay_new(loop, (uint16_t)strtoul(argv[1], NULL, 10));
	if (!h.relay)
		return 1;
	if (sd_event_add_signal(loop, NULL, SIGUSR1, on_cut, &h) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGUSR2, on_open, &h) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGTERM, NULL, NULL) < 0)
		code = -1;
	if (code >= 0)
		code = on_open(NULL, NULL, &h);
	if (code >= 0)
		code = sd_event_loop(loop);
	relay_close(h.relay);
	relay_free(h.relay);
	sd_event_unref(loop);
	return code < 0;
}
