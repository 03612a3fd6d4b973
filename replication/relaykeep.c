#include "replication/relaykeep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"

#define NAME "relay."
#define PATH_BYTES 320

/* relay.000012, not relay.index. */
static bool is_log(const char *name)
{
	size_t n = strlen(NAME);

	return strncmp(name, NAME, n) == 0 && name[n] && strspn(name + n, "0123456789") == strlen(name + n);
}

static int copy(const char *from, const char *to, struct errbuf *e)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, code = 0;
	char block[65536];
	ssize_t n = 0;

	if (in < 0)
		return err_set(e, -errno, "%s: %s", from, strerror(errno));
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		code = -errno;
	while (!code && (n = read(in, block, sizeof(block))) > 0)
		code = durable_write_all(out, block, (size_t)n);
	if (!code && n < 0)
		code = -errno;
	if (!code && fsync(out))
		code = -errno;
	if (out >= 0 && close(out) && !code)
		code = -errno;
	(void)close(in);
	return code ? err_set(e, code, "%s: %s", to, strerror(-code)) : 0;
}

static int keep(const char *from, const char *to, struct errbuf *e)
{
	if (link(from, to) == 0 || errno == EEXIST)
		return 0;
	return errno == EXDEV ? copy(from, to, e) : err_set(e, -errno, "%s: %s", to, strerror(errno));
}

int relay_keep(const char *datadir, const char *prefix, struct errbuf *e)
{
	char from[PATH_BYTES], to[PATH_BYTES] = "";
	const struct dirent *d;
	DIR *dir = opendir(datadir);
	int code = 0;

	if (!dir)
		return err_set(e, -errno, "%s: %s", datadir, strerror(errno));
	while (!code && (d = readdir(dir))) {
		if (!is_log(d->d_name))
			continue;
		if ((size_t)snprintf(from, sizeof(from), "%s/%s", datadir, d->d_name) >= sizeof(from) ||
		    (size_t)snprintf(to, sizeof(to), "%s.%s", prefix, d->d_name) >= sizeof(to))
			code = err_set(e, -ENAMETOOLONG, "%s/%s: path too long", datadir, d->d_name);
		else
			code = keep(from, to, e);
	}
	(void)closedir(dir);
	return code || !to[0] ? code : durable_sync_parent(to, e);
}
