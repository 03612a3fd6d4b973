#include "replication/inuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/binlog.h"

#define PATH_BYTES 512
#define NAME_BYTES 64
#define LINES_MAX 1000000    /* of an index: MariaDB counts to 999999, and a file may have no end */
#define INDEX "binlog.index" /* etc/mariadb.cnf.in: log_bin = binlog */
#define LOG_PREFIX "binlog."

/* -1 with errno; EINVAL: it is no file. It neither follows a link nor waits for somebody at the other end of a pipe: the directory is MariaDB's. */
static int open_file(const char *path, int how)
{
	int fd = open(path, how | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

/* The name in the last line, which has no directory but "./"; "" if there is none. */
static int last_name(const char *datadir, char ret[static NAME_BYTES], struct errbuf *e)
{
	char path[PATH_BYTES], line[PATH_BYTES];
	int fd;
	FILE *f;

	ret[0] = '\0';
	(void)snprintf(path, sizeof(path), "%s/" INDEX, datadir);
	fd = open_file(path, O_RDONLY);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f) {
		int code = errno == ENOENT || errno == ELOOP ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));

		if (fd >= 0)
			(void)close(fd);
		return code;
	}
	for (unsigned lines = 0; lines < LINES_MAX && fgets(line, sizeof(line), f); lines++) {
		const char *name = strncmp(line, "./", 2) == 0 ? line + 2 : line;
		size_t size = strcspn(name, "\n");
		bool ours =
		    size < NAME_BYTES && strncmp(name, LOG_PREFIX, strlen(LOG_PREFIX)) == 0 && !memchr(name, '/', size);

		if (!size)
			continue;
		/* MariaDB recovers by the last one, whatever it is called. */
		memcpy(ret, name, ours ? size : 0);
		ret[ours ? size : 0] = '\0';
	}
	(void)fclose(f);
	return 0;
}

/* Is it a binary log, and a file that nobody else has by another name? A byte is about to be written as root, in a directory that is MariaDB's. */
static bool is_log(int fd, uint8_t first[static BINLOG_FIRST_BYTES])
{
	struct stat st;

	return !fstat(fd, &st) && st.st_nlink == 1 && pread(fd, first, BINLOG_FIRST_BYTES, 0) == BINLOG_FIRST_BYTES &&
	       binlog_begins(first);
}

static int mark(int fd, const char *path, struct errbuf *e)
{
	uint8_t first[BINLOG_FIRST_BYTES], flags;

	if (!is_log(fd, first) || (first[BINLOG_FLAGS_AT] & BINLOG_IN_USE))
		return 0;
	flags = first[BINLOG_FLAGS_AT] | BINLOG_IN_USE;
	errno = EIO;
	if (pwrite(fd, &flags, 1, BINLOG_FLAGS_AT) != 1)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	return 1;
}

int inuse_mark(const char *datadir, struct errbuf *e)
{
	char name[NAME_BYTES], path[PATH_BYTES + NAME_BYTES];
	int fd, code = last_name(datadir, name, e);

	if (code || !name[0])
		return code;
	(void)snprintf(path, sizeof(path), "%.*s/%s", PATH_BYTES - 1, datadir, name);
	fd = open_file(path, O_RDWR);
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));
	code = mark(fd, path, e);
	(void)close(fd);
	return code;
}
