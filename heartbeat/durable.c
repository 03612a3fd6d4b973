#include "heartbeat/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 512

int durable_sync_parent(const char *path, struct errbuf *e)
{
	char dir[PATH_BYTES];
	char *slash;
	int fd, code = 0;

	if (strlen(path) >= sizeof(dir))
		return err_set(e, -ENAMETOOLONG, "%.100s...: path too long", path);
	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (!slash)
		memcpy(dir, ".", 2);
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", dir, strerror(errno));
	if (fsync(fd))
		code = err_set(e, -errno, "%s: fsync: %s", dir, strerror(errno));
	close(fd);
	return code;
}

int durable_write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int durable_write(const char *path, const char *text, struct errbuf *e)
{
	char temporary[PATH_BYTES];
	int fd, code;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= sizeof(temporary))
		return err_set(e, -ENAMETOOLONG, "%.100s...: path too long", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, -errno, "%s: %s", temporary, strerror(errno));
	code = durable_write_all(fd, text, strlen(text));
	if (!code && fsync(fd))
		code = -errno;
	close(fd);
	if (!code && rename(temporary, path))
		code = -errno;
	if (code) {
		(void)unlink(temporary);
		return err_set(e, code, "%s: %s", path, strerror(-code));
	}
	return durable_sync_parent(path, e);
}

int durable_sync(const char *dir, const char *name, struct errbuf *e)
{
	char path[PATH_BYTES];
	int fd, code;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%.100s...: path too long", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));
	code = fsync(fd) ? err_set(e, -errno, "%s: fsync: %s", path, strerror(errno)) : 0;
	close(fd);
	return code ? code : durable_sync_parent(path, e);
}

int durable_remove(const char *path, struct errbuf *e)
{
	if (unlink(path) && errno != ENOENT)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	return durable_sync_parent(path, e);
}

int durable_read(const char *path, char *buf, size_t size, struct errbuf *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	while (used < size && (n = read(fd, buf + used, size - used)) > 0)
		used += (size_t)n;
	close(fd);
	if (n < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (used == size)
		return err_set(e, -EFBIG, "%s: larger than %zu bytes", path, size - 1);
	buf[used] = '\0';
	return 0;
}
