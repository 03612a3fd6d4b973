#include "replication/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/copydir.h"

#define MARK "holdfast-unfinished"

static int fail(struct errbuf *e, const char *path)
{
	return err_set(e, -errno, "%.180s: %s", path, strerror(errno));
}

int workdir_check_path(const char *path, struct errbuf *e)
{
	char parent[WORKDIR_PATH_BYTES];
	size_t length = strlen(path);
	struct stat st;

	if (path[0] != '/' || length < 2 || path[length - 1] == '/' || length >= WORKDIR_PATH_BYTES)
		return err_set(e, -EINVAL,
		    "'%.100s': want an absolute path of less than %d bytes, without a slash at its end", path,
		    WORKDIR_PATH_BYTES);
	memcpy(parent, path, length + 1);
	*strrchr(parent, '/') = '\0';
	if (stat(parent[0] ? parent : "/", &st))
		return fail(e, parent);
	return S_ISDIR(st.st_mode) ? 0 : err_set(e, -ENOTDIR, "%.180s: is not a directory", parent);
}

/* How many entries: -errno when it cannot be read. */
static int count_entries(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int count = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return count;
}

/* A directory cannot be renamed to where one of these is, which is better known before the work than after it. */
static int check_plain(const char *path, struct errbuf *e)
{
	char up[WORKDIR_PATH_BYTES + 8];
	struct stat st, parent;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(e, path);
	if (S_ISLNK(st.st_mode))
		return err_set(e, -EEXIST, "%.180s: is a symbolic link: name the directory itself", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -ENOTDIR, "%.180s: is there, and no directory", path);
	(void)snprintf(up, sizeof(up), "%s/..", path);
	if (stat(up, &parent))
		return fail(e, up);
	if (parent.st_dev != st.st_dev || parent.st_ino == st.st_ino)
		return err_set(e, -EEXIST, "%.150s: something is mounted there: name a directory in it", path);
	return 0;
}

int workdir_check_owner(const char *path, struct errbuf *e)
{
	struct stat st;

	if (stat(path, &st))
		return fail(e, path);
	if (st.st_uid != 0)
		return err_set(e, -EPERM, "%.140s: belongs to user %u, who can change it: want root", path, st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(
		    e, -EPERM, "%.140s: others than root can write there (mode %03o)", path, st.st_mode & 0777);
	return 0;
}

int workdir_check_free(const char *path, struct errbuf *e)
{
	int code = check_plain(path, e), count = code ? code : count_entries(path);

	if (code)
		return code;
	if (count == 0 || count == -ENOENT)
		return 0;
	if (count > 0)
		return err_set(e, -EEXIST, "%.180s: is not empty, and nothing is ever overwritten", path);
	return err_set(e, count, "%.180s: %s", path, strerror(-count));
}

static int lock(struct workdir *w, struct errbuf *e)
{
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->fd < 0)
		return fail(e, w->path);
	if (flock(w->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? err_set(e, -EBUSY, "%.180s: another one works there", w->path) : fail(e, w->path);
}

static int make(struct workdir *w, struct errbuf *e)
{
	char mark[sizeof(w->path) + sizeof(MARK) + 1];
	int code;

	if (mkdir(w->path, 0700))
		return fail(e, w->path);
	code = lock(w, e);
	(void)snprintf(mark, sizeof(mark), "%s/" MARK, w->path);
	return code ? code : durable_write(mark, "", e);
}

/* What an interrupted attempt left goes away. */
static int remove_left(struct workdir *w, struct errbuf *e)
{
	char mark[sizeof(w->path) + sizeof(MARK) + 1];
	int code = lock(w, e);

	if (code)
		return code;
	(void)snprintf(mark, sizeof(mark), "%s/" MARK, w->path);
	if (access(mark, F_OK) && count_entries(w->path) != 0)
		return err_set(e, -EEXIST, "%.150s: is in the way, and not of our making: move it away", w->path);
	code = copydir_remove(w->path, e);
	close(w->fd);
	w->fd = -1;
	return code;
}

static void forget(struct workdir *w)
{
	if (w->fd >= 0)
		close(w->fd);
	*w = (struct workdir){.fd = -1};
}

int workdir_begin(const char *path, const char *suffix, struct workdir *ret, struct errbuf *e)
{
	int code = 0;

	*ret = (struct workdir){.fd = -1};
	if ((size_t)snprintf(ret->path, sizeof(ret->path), "%s%s", path, suffix) >= sizeof(ret->path))
		code = err_set(e, -ENAMETOOLONG, "%.100s: path too long", path);
	if (!code && access(ret->path, F_OK) == 0)
		code = remove_left(ret, e);
	if (code) {
		forget(ret); /* it is not ours to drop */
		return code;
	}
	code = make(ret, e);
	if (code == -EEXIST || code == -EBUSY)
		forget(ret);
	else if (code)
		workdir_drop(ret);
	return code;
}

int workdir_finish(struct workdir *w, const char *path, struct errbuf *e)
{
	char mark[sizeof(w->path) + sizeof(MARK) + 1];
	int code;

	(void)snprintf(mark, sizeof(mark), "%s/" MARK, w->path);
	if (syncfs(w->fd))
		return fail(e, w->path);
	code = durable_remove(mark, e);
	if (code)
		return code;
	/* In the place of an empty directory, too; never of another one. */
	if (rename(w->path, path)) {
		code = fail(e, path);
		(void)durable_write(mark, "", NULL);
		return code;
	}
	forget(w);
	return durable_sync_parent(path, e);
}

void workdir_drop(struct workdir *w)
{
	if (w->path[0])
		(void)copydir_remove(w->path, NULL);
	forget(w);
}
