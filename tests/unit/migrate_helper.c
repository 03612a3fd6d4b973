/*
 * migrate_helper SOCKET DIRECTORY EPOCH [TURNS [HASTE]]: what the actor does with replication/migrate.h once the database is open. Ends when
 * nothing is left to be done (after TURNS turns that did something, by SIGKILL of itself; 0: never), and prints the last notice, or
 * "current". For it the time passes HASTE times as fast.
 * SIGTERM: the database is to be closed; prints "stopped" as soon as it may be.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mysql.h>
#include <unistd.h>

#include "heartbeat/rolepage.h"
#include "replication/migrate.h"

#define QUIET_TURNS 40 /* of 25 ms with no answer awaited: it is at its end, or waits before it tries again */

static volatile sig_atomic_t stop;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void pause_of(struct migrate *m)
{
	struct pollfd p = {.fd = migrate_fd(m), .events = POLLIN};

	(void)poll(&p, 1, 25);
}

static int end(struct migrate *m)
{
	while (migrate_stop(m, false))
		pause_of(m);
	(void)puts("stopped");
	migrate_free(m);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t epoch = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	unsigned turns = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0, done = 0, quiet = 0;
	uint64_t haste = argc > 5 ? strtoull(argv[5], NULL, 10) : 1, begun_us = clock_boottime_us();
	struct migrate *m;

	if (argc < 4 || signal(SIGTERM, on_stop) == SIG_ERR || mysql_library_init(0, NULL, NULL))
		return 2;
	m = migrate_new(argv[2], argv[1]);
	if (!m)
		return 2;
	while (quiet < QUIET_TURNS) {
		if (stop)
			return end(m);
		if (migrate_turn(m, epoch, begun_us + haste * (clock_boottime_us() - begun_us)) && turns &&
		    ++done == turns)
			(void)kill(getpid(), SIGKILL);
		quiet = migrate_fd(m) < 0 ? quiet + 1 : 0;
		pause_of(m);
	}
	(void)puts(migrate_notice(m)[0] ? migrate_notice(m) : "current");
	migrate_free(m);
	return 0;
}
