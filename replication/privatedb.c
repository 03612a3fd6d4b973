#include "replication/privatedb.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/copydir.h"

#define MARIADBD "/usr/sbin/mariadbd"
#define LOOK_MS 50
#define START_LIMIT_MS (3600 * 1000)
#define SHUTDOWN_LIMIT_MS (3600 * 1000)
#define STATEMENT_LIMIT_S (24 * 3600)
#define POOL_MIN_MB 128
#define MEMORY_SHARE 4 /* of what is available, one part at most: the node's own database goes on beside it */
#define MEMINFO_BYTES 4096

static int make_dir(struct privatedb *p, const char *user, struct errbuf *e)
{
	const struct passwd *owner = getpwnam(user);

	if (!owner)
		return err_set(e, -ENOENT, "there is no user %s", user);
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/holdfast-private.XXXXXX");
	if (!mkdtemp(p->dir)) {
		int code = err_set(e, -errno, "%s: %s", p->dir, strerror(errno));

		p->dir[0] = '\0';
		return code;
	}
	/* 0700 of whoever runs it: nobody else's way in. */
	if (chown(p->dir, owner->pw_uid, owner->pw_gid))
		return err_set(e, -errno, "%s: %s", p->dir, strerror(errno));
	(void)snprintf(p->socket, sizeof(p->socket), "%s/s", p->dir);
	return 0;
}

/* What can be had without taking it from others, or 0. */
static uint64_t available_mb(void)
{
	char text[MEMINFO_BYTES], *at;
	struct errbuf ignored;

	if (durable_read("/proc/meminfo", text, sizeof(text), &ignored))
		return 0;
	at = strstr(text, "MemAvailable:");
	return at ? strtoull(at + strlen("MemAvailable:"), NULL, 10) / 1024 : 0;
}

/* All of the data, if there is room: whoever wants to see every row of a journal wants them in the order of several indexes. */
static uint64_t pool_mb(const char *datadir)
{
	uint64_t data_bytes = 0, limit_mb = available_mb() / MEMORY_SHARE, want_mb;
	struct errbuf ignored;

	(void)copydir_size(datadir, &data_bytes, &ignored);
	want_mb = data_bytes >> 20 < limit_mb ? data_bytes >> 20 : limit_mb;
	return want_mb > POOL_MIN_MB ? want_mb : POOL_MIN_MB;
}

static int launch(const char *datadir, const char *user, struct privatedb *p, struct errbuf *e)
{
	char data[COPYDIR_PATH_BYTES + 16], temporary[COPYDIR_PATH_BYTES + 16], socket[sizeof(p->socket) + 16], as[64],
	    pid[sizeof(p->dir) + 24], pool[64];
	/* As root it reaches a directory that is root's alone. It must not run what the data may bring along: without
	 * grant tables no plugin, function or event of theirs is loaded. */
	const char *const argv[] = {MARIADBD, "--no-defaults", as, data, temporary, socket, pid, "--skip-networking",
	    "--skip-grant-tables", "--skip-log-bin", "--skip-slave-start", "--max-allowed-packet=1G",
	    "--lc-messages=en_US", "--log-warnings=1", "--event-scheduler=DISABLED", pool, NULL};
	const struct process_spec spec = {.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .background = true};

	(void)snprintf(as, sizeof(as), "--user=%s", user);
	(void)snprintf(data, sizeof(data), "--datadir=%s", datadir);
	/* Not /tmp: its start would remove the temporary tables of the server that runs beside it. */
	(void)snprintf(temporary, sizeof(temporary), "--tmpdir=%s", datadir);
	(void)snprintf(socket, sizeof(socket), "--socket=%s", p->socket);
	(void)snprintf(pid, sizeof(pid), "--pid-file=%s/pid", p->dir);
	(void)snprintf(pool, sizeof(pool), "--innodb-buffer-pool-size=%" PRIu64 "M", pool_mb(datadir));
	return process_start(&spec, &p->process, e);
}

static int await_answer(struct privatedb *p, const atomic_bool *cancel, struct errbuf *e)
{
	struct errbuf ignored;

	for (unsigned waited_ms = 0; waited_ms < START_LIMIT_MS; waited_ms += LOOK_MS) {
		struct pollfd end = {.fd = p->process.pid_fd, .events = POLLIN};

		if (poll(&end, 1, LOOK_MS) > 0) {
			int code = process_wait(&p->process, LOOK_MS, NULL, e);

			return code ? code : err_set(e, -EIO, MARIADBD ": ended before it answered");
		}
		process_read_errors(&p->process);
		if (cancel && atomic_load(cancel))
			return err_set(e, -ECANCELED, "stopped on request");
		if (access(p->socket, F_OK) == 0 && database_open(p->db, &ignored) == 0)
			return 0;
	}
	return err_set(e, -ETIMEDOUT, MARIADBD ": no answer within %d s", START_LIMIT_MS / 1000);
}

int privatedb_start(
    const char *datadir, const char *user, const atomic_bool *cancel, struct privatedb *ret, struct errbuf *e)
{
	int code;

	*ret = (struct privatedb){.process = {.pid_fd = -1, .errors_fd = -1}};
	code = make_dir(ret, user, e);
	if (!code)
		ret->db = database_new(ret->socket);
	if (!code && !ret->db)
		code = err_set(e, -ENOMEM, "out of memory");
	if (!code) {
		database_set_limit(ret->db, STATEMENT_LIMIT_S);
		code = launch(datadir, user, ret, e);
	}
	if (!code)
		code = await_answer(ret, cancel, e);
	if (code)
		privatedb_kill(ret);
	return code;
}

int privatedb_shut_down(struct privatedb *p, struct errbuf *e)
{
	int code = database_run(p->db, e, "SHUTDOWN");

	if (!code)
		code = process_wait(&p->process, SHUTDOWN_LIMIT_MS, NULL, e);
	privatedb_kill(p);
	return code;
}

void privatedb_kill(struct privatedb *p)
{
	database_free(p->db);
	p->db = NULL;
	process_kill(&p->process);
	if (p->dir[0])
		(void)copydir_remove(p->dir, NULL);
	p->dir[0] = '\0';
}
