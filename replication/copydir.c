#include "replication/copydir.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"

static int fail(struct errbuf *e, const char *path)
{
	return err_set(e, -errno, "%.180s: %s", path, strerror(errno));
}

/* Calls act for everything below and including path, a directory after what is in it. */
static int walk(const char *path, int (*act)(const FTSENT *entry, void *context), void *context, struct errbuf *e)
{
	char copy[COPYDIR_PATH_BYTES + 8];
	char *paths[] = {copy, NULL};
	FTSENT *entry;
	FTS *fts;
	int code = 0;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!fts)
		return fail(e, path);
	while (!code && (errno = 0, entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D)
			continue;
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR)
			errno = entry->fts_errno;
		else if (act(entry, context) == 0)
			continue;
		/* A running mariadbd removes files while its directory is measured. */
		if (errno != ENOENT)
			code = fail(e, entry->fts_path);
	}
	if (!code && errno)
		code = fail(e, path);
	(void)fts_close(fts);
	return code;
}

static int act_remove(const FTSENT *entry, void *context)
{
	(void)context;
	return entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath);
}

static int act_give(const FTSENT *entry, void *context)
{
	const struct passwd *pw = context;

	return lchown(entry->fts_accpath, pw->pw_uid, pw->pw_gid);
}

static int act_measure(const FTSENT *entry, void *context)
{
	static const char *const not_copied[] = {"binlog.", "relay", "ib_logfile", "ibtmp"};
	uint64_t *bytes = context;

	for (size_t i = 0; entry->fts_level == 1 && i < sizeof(not_copied) / sizeof(not_copied[0]); i++)
		if (strncmp(entry->fts_name, not_copied[i], strlen(not_copied[i])) == 0)
			return 0;
	*bytes += (uint64_t)entry->fts_statp->st_blocks * 512;
	return 0;
}

int copydir_remove(const char *path, struct errbuf *e)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(e, path);
	return walk(path, act_remove, NULL, e);
}

int copydir_size(const char *path, uint64_t *ret_bytes, struct errbuf *e)
{
	*ret_bytes = 0;
	return walk(path, act_measure, ret_bytes, e);
}

int copydir_in_use(const char *dir, struct errbuf *e)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[COPYDIR_PATH_BYTES + 16];
	int fd, code = 0;

	(void)snprintf(path, sizeof(path), "%s/ibdata1", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail(e, path);
	if (fcntl(fd, F_GETLK, &lock))
		code = fail(e, path);
	else if (lock.l_type != F_UNLCK)
		code = err_set(e, -EBUSY, "%.180s: process %d works on it", dir, (int)lock.l_pid);
	close(fd);
	return code;
}

static int take_lock(struct copydir *c, struct errbuf *e)
{
	char path[COPYDIR_PATH_BYTES + 8];

	(void)snprintf(path, sizeof(path), "%s.lock", c->dir);
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock_fd < 0)
		return fail(e, path);
	if (flock(c->lock_fd, LOCK_EX | LOCK_NB)) {
		int code = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(c->lock_fd);
		c->lock_fd = -1;
		return err_set(
		    e, code, "%.180s: %s", path, code == -EBUSY ? "another copy is being made" : strerror(-code));
	}
	return 0;
}

/* Whatever stands at DIR goes away in the end: it had better be data. */
static int check_replaceable(const char *dir, struct errbuf *e)
{
	static const char *const signs[] = {"ibdata1", "ib_logfile0", "aria_log_control", "mysql"};
	char path[COPYDIR_PATH_BYTES + 32];

	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return fail(e, dir);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, signs[i]);
		if (access(path, F_OK) == 0)
			return 0;
	}
	return err_set(e, -EEXIST, "%.180s: is not a data directory of MariaDB, and not empty", dir);
}

int copydir_begin(const char *dir, struct copydir *c, struct errbuf *e)
{
	size_t length = strlen(dir);
	int code;

	*c = (struct copydir){.lock_fd = -1};
	while (length > 1 && dir[length - 1] == '/')
		length--;
	if (dir[0] != '/' || length < 2 || length > COPYDIR_PATH_BYTES - 8)
		return err_set(
		    e, -EINVAL, "%.100s: an absolute path of at most %d bytes expected", dir, COPYDIR_PATH_BYTES - 8);
	(void)snprintf(c->dir, sizeof(c->dir), "%.*s", (int)length, dir);
	(void)snprintf(c->made, sizeof(c->made), "%.*s.new", (int)length, dir);
	(void)snprintf(c->old, sizeof(c->old), "%.*s.old", (int)length, dir);
	code = take_lock(c, e);
	if (code)
		return code;
	/* Interrupted between two renames: the old one is the only one. */
	if (access(c->dir, F_OK) && errno == ENOENT && rename(c->old, c->dir) && errno != ENOENT)
		return fail(e, c->old);
	code = check_replaceable(c->dir, e);
	if (!code)
		code = copydir_in_use(c->dir, e);
	if (!code)
		code = copydir_remove(c->made, e);
	if (!code)
		code = copydir_remove(c->old, e);
	if (!code && mkdir(c->made, 0700))
		code = fail(e, c->made);
	return code;
}

int copydir_give(const char *path, const char *user, struct errbuf *e)
{
	struct passwd entry, *pw = NULL;
	char text[1024];

	if (getpwnam_r(user, &entry, text, sizeof(text), &pw) || !pw)
		return err_set(e, -ENOENT, "there is no user %s", user);
	/* The directory itself comes last: until then nobody but root reaches what is in it. */
	return walk(path, act_give, pw, e);
}

static int give_and_sync(const struct copydir *c, const char *user, struct errbuf *e)
{
	int fd, code = copydir_give(c->made, user, e);

	if (code)
		return code;
	fd = open(c->made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, c->made);
	if (syncfs(fd))
		code = fail(e, c->made);
	close(fd);
	return code;
}

/* Afterwards DIR is the new one and the old one, if any, lies in DIR.new or DIR.old. */
static int swap(const struct copydir *c, struct errbuf *e)
{
	if (renameat2(AT_FDCWD, c->made, AT_FDCWD, c->dir, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != ENOENT && errno != EINVAL && errno != ENOSYS)
		return fail(e, c->dir);
	/* There was none, or the file system cannot exchange: copydir_begin brings DIR.old back if we die in
	 * between. */
	if (rename(c->dir, c->old) && errno != ENOENT)
		return fail(e, c->dir);
	if (rename(c->made, c->dir)) {
		int code = fail(e, c->dir);

		(void)rename(c->old, c->dir);
		return code;
	}
	return 0;
}

int copydir_finish(struct copydir *c, const char *user, struct errbuf *e)
{
	int code = give_and_sync(c, user, e);

	if (!code)
		code = copydir_in_use(c->dir, e);
	if (!code)
		code = swap(c, e);
	if (!code)
		code = durable_sync_parent(c->dir, e);
	/* Whole already: what is left of the old one is removed by the next begin. */
	if (!code)
		(void)copydir_remove(c->old, NULL);
	return code;
}

void copydir_close(struct copydir *c)
{
	if (c->lock_fd < 0)
		return;
	(void)copydir_remove(c->made, NULL);
	close(c->lock_fd);
	c->lock_fd = -1;
}
