#include "heartbeat/ctl_files.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"

#define OPEN_DIRS 16

static int find_owner(const struct ctl_owner *owner, uid_t *uid, gid_t *gid, struct errbuf *e)
{
	const struct passwd *p = owner->user ? getpwnam(owner->user) : NULL;
	const struct group *g = owner->group ? getgrnam(owner->group) : NULL;

	if (owner->user && !p)
		return err_set(e, -ENOENT, "there is no user '%s'", owner->user);
	if (owner->group && !g)
		return err_set(e, -ENOENT, "there is no group '%s'", owner->group);
	*uid = p ? p->pw_uid : 0;
	*gid = g ? g->gr_gid : 0;
	return 0;
}

int ctl_file_write(const char *path, const char *text, const struct ctl_owner *owner, struct errbuf *e)
{
	char fresh[CTL_PATH_BYTES + 8];
	uid_t uid;
	gid_t gid;
	int fd, code = find_owner(owner, &uid, &gid, e);

	assert(path[0] == '/' && strlen(path) < CTL_PATH_BYTES);
	if (code)
		return code;
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	(void)unlink(fresh);
	/* Nobody else may open it before it has its owner and mode: it may hold a key. */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	code = durable_write_all(fd, text, strlen(text));
	if (!code && (fchown(fd, uid, gid) || fchmod(fd, owner->mode) || fsync(fd)))
		code = -errno;
	close(fd);
	if (!code && rename(fresh, path))
		code = -errno;
	if (code) {
		(void)unlink(fresh);
		return err_set(e, code, "%s: %s", path, strerror(-code));
	}
	return durable_sync_parent(path, e);
}

int ctl_owner_set(const char *path, const struct ctl_owner *owner, struct errbuf *e)
{
	uid_t uid;
	gid_t gid;
	int code = find_owner(owner, &uid, &gid, e);

	if (code)
		return code;
	if (lchown(path, uid, gid) || chmod(path, owner->mode))
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	return 0;
}

int ctl_dir_make(const char *path, const struct ctl_owner *owner, struct errbuf *e)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	return ctl_owner_set(path, owner, e);
}

int ctl_dir_count(const char *path)
{
	const struct dirent *d;
	DIR *dir = opendir(path);
	int count = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((d = readdir(dir)))
		count += d->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

static int is_shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int compare_sets(const struct dirent **a, const struct dirent **b)
{
	const char *left = (*a)->d_name, *right = (*b)->d_name;
	size_t left_size = strcspn(left, "."), right_size = strcspn(right, ".");
	int order = memcmp(left, right, left_size < right_size ? left_size : right_size);

	return order ? order : (left_size > right_size) - (left_size < right_size);
}

int ctl_dir_count_sets(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, is_shown, compare_sets), count = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++)
		count +=
		    i == 0 || compare_sets((const struct dirent **)&names[i - 1], (const struct dirent **)&names[i]);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return count;
}

static bool is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	bool empty = dir;

	while (empty && (d = readdir(dir)))
		empty = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
	if (dir)
		(void)closedir(dir);
	return empty;
}

void ctl_undo_expect(struct ctl_undo *u, const char *path)
{
	struct stat s;
	bool exists = lstat(path, &s) == 0;

	if (exists && !is_empty_dir(path))
		return;
	assert(u->entries < CTL_UNDO_MAX && strlen(path) < CTL_PATH_BYTES);
	(void)snprintf(u->entry[u->entries].path, CTL_PATH_BYTES, "%s", path);
	u->entry[u->entries++].existed = exists;
}

static unsigned left_behind;

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	(void)s;
	(void)at;
	(void)kind;
	if (remove(path) && errno != ENOENT) {
		(void)fprintf(stderr, "holdfastctl: %s stays behind: %s\n", path, strerror(errno));
		left_behind++;
	}
	return 0;
}

static int remove_below(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	return at->level ? remove_one(path, s, kind, at) : 0;
}

unsigned ctl_undo_run(struct ctl_undo *u)
{
	left_behind = 0;
	while (u->entries) {
		u->entries--;
		(void)nftw(u->entry[u->entries].path, u->entry[u->entries].existed ? remove_below : remove_one,
		    OPEN_DIRS, FTW_DEPTH | FTW_PHYS);
	}
	return left_behind;
}
