#include "gateway/door.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/dirlock.h"
#include "heartbeat/log.h"

#define HELLO_US 10000000 /* a worker says it at once */
#define STUCK_US 500000

int door_hold(struct door *d, const struct options *o, struct errbuf *e)
{
	d->held = -1;
	if (!options_path(o, LEDGER_SOCKET, d->socket_path) || !options_path(o, LEDGER_HELD, d->held_path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", o->run_dir);
	if (mkdir(d->held_path, 0700) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", d->held_path, strerror(errno));
	d->held = dirlock_take(d->held_path, e);
	return d->held < 0 ? d->held : 0;
}

static struct server_users find_users(void)
{
	static const char *const names[] = {"holdfast-worker", "haproxy"};
	struct server_users ret = {.uid = {0, geteuid()}, .count = 2, .mesh_uid = UINT32_MAX, .hello_us = HELLO_US};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct passwd *p = getpwnam(names[i]);

		if (p)
			ret.uid[ret.count++] = p->pw_uid;
		else
			LOG(LOG_WARNING, "user.missing", KV_S("user", names[i]));
		if (p && i == 1)
			ret.mesh_uid = p->pw_uid;
	}
	return ret;
}

int door_open(struct door *d, sd_event *event, server_handler *handler, void *userdata, struct errbuf *e)
{
	struct server_users users = find_users();

	return server_new(event, d->socket_path, &users, handler, userdata, &d->server, e);
}

/* A directory that was removed is nobody's, whoever holds it: another ledgerd may hold the one that is there now. */
static int hold_again(struct door *d, struct errbuf *e)
{
	struct stat ours, there;
	int held;

	if (fstat(d->held, &ours) == 0 && lstat(d->held_path, &there) == 0 && ours.st_dev == there.st_dev &&
	    ours.st_ino == there.st_ino)
		return 0;
	if (mkdir(d->held_path, 0700) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", d->held_path, strerror(errno));
	held = dirlock_take(d->held_path, e);
	if (held < 0)
		return held;
	(void)close(d->held);
	d->held = held;
	LOG(LOG_WARNING, "door.mend", KV_S("path", d->held_path), KV_S("why", "somebody has removed the directory"));
	return 0;
}

void door_mend(struct door *d, uint64_t now_us)
{
	struct errbuf e = {""};
	int code = hold_again(d, &e);

	if (!code)
		code = server_mend(d->server, &e);
	if (code && !d->shut_us) {
		LOG(LOG_ERR, "server.unreachable", KV_S("why", e.text));
		d->shut_us = now_us;
	}
	if (!code)
		d->shut_us = 0;
	d->shut = e;
}

bool door_is_stuck(const struct door *d, uint64_t now_us)
{
	return d->shut_us && now_us >= d->shut_us + STUCK_US;
}

void door_close(struct door *d)
{
	server_free(d->server);
	if (d->held >= 0)
		(void)close(d->held);
	d->held = -1;
}
