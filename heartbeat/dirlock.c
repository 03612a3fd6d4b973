#include "heartbeat/dirlock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int dirlock_take(const char *path, struct errbuf *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	code = errno == EWOULDBLOCK ? -EBUSY : -errno;
	(void)close(fd);
	if (code == -EBUSY)
		return err_set(e, code, "%s: held by another process of this program: is its service running?", path);
	return err_set(e, code, "%s: %s", path, strerror(-code));
}
