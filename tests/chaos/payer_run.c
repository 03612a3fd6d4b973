#include "tests/chaos/payer_client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool load_open(struct load *l, const struct payer_options *o)
{
	struct errbuf e = {""};
	uint64_t die = payer_wall_us() ^ (uint64_t)getpid() << 40;

	l->options = o;
	for (unsigned i = 0; i < sizeof(l->run_name) - 1; i++)
		l->run_name[i] = (char)('a' + payer_dice(&die) % 26);
	l->account = calloc(o->accounts, sizeof(*l->account));
	(void)pthread_mutex_init(&l->lock, NULL);
	if (!l->account || pthread_barrier_init(&l->phase, NULL, (unsigned)o->clients)) {
		fprintf(stderr, "payer: no memory\n");
		return false;
	}
	if (history_create(o->history, &l->history, &e)) {
		fprintf(stderr, "payer: %s\n", e.text);
		return false;
	}
	history_mark(l->history, "start");
	return true;
}

static bool start_clients(struct load *l, struct client_start *client)
{
	atomic_store(&l->running, (unsigned)l->options->clients);
	for (unsigned i = 0; i < l->options->clients; i++) {
		client[i] = (struct client_start){.load = l, .number = i};
		if (pthread_create(&client[i].thread, NULL, client_main, &client[i])) {
			fprintf(stderr, "payer: cannot start client %u\n", i);
			return false;
		}
	}
	return true;
}

static void progress(struct load *l, uint64_t begun_us, unsigned long long *acked, unsigned long long *errors)
{
	unsigned long long acked_now = atomic_load(&l->acked), errors_now = atomic_load(&l->errors);

	fprintf(stderr, "payer: %6.1f s  %6llu acked/s  %4llu errors/s  max latency %5llu ms\n",
	    (double)(payer_mono_us() - begun_us) / 1e6, acked_now - *acked, errors_now - *errors,
	    atomic_exchange(&l->latency_max_us, 0) / 1000);
	*acked = acked_now;
	*errors = errors_now;
}

static bool is_over(const struct load *l)
{
	const struct payer_options *o = l->options;
	uint64_t loaded_us = atomic_load(&l->loaded_us);

	if (o->seconds && loaded_us && payer_mono_us() - loaded_us >= o->seconds * 1000000)
		return true;
	return o->until_file && access(o->until_file, F_OK) == 0;
}

/* Until the time is over, the file is there, a signal came, or nothing can be proved any more. */
static void wait_for_end(struct load *l, const sigset_t *signals)
{
	const struct timespec tick = {.tv_nsec = 50000000};
	uint64_t begun_us = payer_mono_us(), shown_us = begun_us;
	unsigned long long acked = 0, errors = 0;

	while (atomic_load(&l->running)) {
		uint64_t now_us = payer_mono_us();
		int signal = sigtimedwait(signals, NULL, &tick);
		bool enough = signal > 0 || is_over(l);

		if (now_us - shown_us >= 1000000) {
			shown_us += 1000000;
			progress(l, begun_us, &acked, &errors);
			if (!history_flush(l->history) && !atomic_exchange(&l->failed, true))
				fprintf(stderr, "payer: the history cannot be written, stopping\n");
		}
		if (signal > 0 && atomic_load(&l->stop))
			atomic_store(&l->hurry, true);
		if ((enough || atomic_load(&l->failed)) && !atomic_exchange(&l->stop, true))
			history_mark(l->history, "stop");
	}
}

int payer_run(const struct payer_options *o)
{
	struct client_start client[PAYER_CLIENTS_MAX];
	struct load l = {0};
	sigset_t signals;
	bool written;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the clients inherit it */
	(void)signal(SIGPIPE, SIG_IGN);
	if (!load_open(&l, o) || !start_clients(&l, client))
		return 2;
	wait_for_end(&l, &signals);
	for (unsigned i = 0; i < o->clients; i++)
		(void)pthread_join(client[i].thread, NULL);
	history_mark(l.history, "end");
	written = history_close(l.history);
	free(l.account);
	(void)pthread_barrier_destroy(&l.phase);
	(void)pthread_mutex_destroy(&l.lock);
	fprintf(stderr, "payer: %llu payments acknowledged, %llu keys given up, %llu answers in doubt\n",
	    atomic_load(&l.acked), atomic_load(&l.given_up), atomic_load(&l.errors));
	if (!written)
		fprintf(stderr, "payer: %s: could not be written\n", o->history);
	return written && !atomic_load(&l.failed) ? 0 : 2;
}
