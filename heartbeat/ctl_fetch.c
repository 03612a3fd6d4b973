#include "heartbeat/ctl_fetch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "heartbeat/monotonic.h"

#define TIMEOUT_MS 2000
#define HEAD_BYTES 2048

static int open_socket(const char *path, struct errbuf *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if ((size_t)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path) >= sizeof(sa.sun_path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sa, sizeof(sa))) {
		int code = err_set(e, -errno, "%s: %s", path, strerror(errno));

		if (fd >= 0)
			(void)close(fd);
		return code;
	}
	return fd;
}

/* Until there is something to read, or it has ended. */
static int wait_for(int fd, int64_t until_ms)
{
	int64_t left_ms = until_ms - monotonic_ms();
	int n = left_ms > 0 ? poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, (int)left_ms) : 0;

	return n < 0 && errno != EINTR ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static int take_all(int fd, char *ret, size_t size)
{
	int64_t until_ms = monotonic_ms() + TIMEOUT_MS;
	size_t used = 0;

	for (;;) {
		ssize_t n = read(fd, ret + used, size - used);

		if (n == 0) {
			ret[used] = '\0';
			return 0;
		}
		if (n > 0)
			used += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (used == size)
			return -EFBIG;
		if (n < 0) {
			int code = wait_for(fd, until_ms);

			if (code)
				return code;
		}
	}
}

int ctl_unix_ask(const char *socket_path, const char *text, char *ret, size_t size, struct errbuf *e)
{
	size_t length = strlen(text);
	int fd = open_socket(socket_path, e), code = 0;

	if (fd < 0)
		return fd;
	/* So little fits into the buffer of a new socket. */
	if (send(fd, text, length, MSG_NOSIGNAL) != (ssize_t)length)
		code = -EIO;
	if (!code)
		code = take_all(fd, ret, size);
	(void)close(fd);
	return code ? err_set(e, code, "%s: %s", socket_path, strerror(-code)) : 0;
}

int ctl_fetch(const char *socket_path, const char *path, char *ret, size_t size, struct errbuf *e)
{
	char question[160], *answer = malloc(size + HEAD_BYTES);
	const char *body, *length;
	int code;

	if (!answer)
		return err_set(e, -ENOMEM, "out of memory");
	(void)snprintf(
	    question, sizeof(question), "GET %s HTTP/1.1\r\nHost: holdfast\r\nConnection: close\r\n\r\n", path);
	code = ctl_unix_ask(socket_path, question, answer, size + HEAD_BYTES, e);
	if (!code && strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
		code = err_set(e, -EPROTO, "%s of %s: '%.12s'", path, socket_path, answer);
	body = code ? NULL : strstr(answer, "\r\n\r\n");
	length = body ? strcasestr(answer, "\r\ncontent-length:") : NULL;
	if (!code &&
	    (!length || length > body || strtoul(length + strlen("\r\ncontent-length:"), NULL, 10) != strlen(body + 4)))
		code = err_set(e, -EPROTO, "%s of %s: an answer that is cut short", path, socket_path);
	if (!code && (size_t)snprintf(ret, size, "%s", body + 4) >= size)
		code = err_set(e, -EFBIG, "%s of %s: too long", path, socket_path);
	free(answer);
	return code;
}
