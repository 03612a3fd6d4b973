/* What systemd is told. By hand: the socket of sd_notify() waits while process 1 does not read. */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ALIVE_A_LIMIT 4 /* how often it is said that we are alive, within the time in which it must be */

int daemon_notify_open(struct daemon *d, struct errbuf *e)
{
	const char *path = getenv("NOTIFY_SOCKET"), *limit = getenv("WATCHDOG_USEC");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;

	d->notify = -1;
	if (limit)
		d->alive_every_us = strtoull(limit, NULL, 10) / ALIVE_A_LIMIT;
	if (!n)
		return 0;
	if (n >= sizeof(sa.sun_path))
		return err_set(e, -ENAMETOOLONG, "NOTIFY_SOCKET: %s: path too long", path);
	memcpy(sa.sun_path, path, n);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	d->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (d->notify < 0 ||
	    connect(d->notify, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)))
		return err_set(e, -errno, "NOTIFY_SOCKET: %s: %s", path, strerror(errno));
	return 0;
}

void daemon_notify_ready(const struct daemon *d)
{
	static const char ready[] = "READY=1";

	/* This one may wait: nobody relies on us yet. Should it fail, systemd says so when its patience ends. */
	if (d->notify >= 0)
		(void)send(d->notify, ready, sizeof(ready) - 1, MSG_NOSIGNAL);
}

void daemon_notify_alive(struct daemon *d, uint64_t now_us)
{
	static const char alive[] = "WATCHDOG=1";

	if (d->notify < 0 || !d->alive_every_us || now_us < d->alive_us + d->alive_every_us)
		return;
	/* Not taken: process 1 does not read, and its queue, of ten words, is full of those of others. Again, then. */
	if (send(d->notify, alive, sizeof(alive) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		d->alive_us = now_us;
}
