#include "heartbeat/localclient.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const size_t sizes[] = {
    [LOCAL_HELLO] = sizeof(struct local_hello),
    [LOCAL_REPLICATION] = sizeof(struct repl_report),
    [LOCAL_LEDGER] = sizeof(struct ledger_report),
    [LOCAL_ORDER] = sizeof(struct repl_order),
    [LOCAL_GATE] = sizeof(struct ledger_gate),
    [LOCAL_ASK] = sizeof(struct local_text),
    [LOCAL_ANSWER] = sizeof(struct local_text),
};

int local_connect(const char *path, enum local_client who, struct errbuf *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct local_hello hello = {.client = who};
	int fd, code;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", path);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		code = -errno;
	else
		code = local_send(fd, LOCAL_HELLO, &hello, sizeof(hello));
	if (code) {
		close(fd);
		return err_set(e, code, "%s: %s", path, strerror(-code));
	}
	return fd;
}

int local_send(int fd, enum local_type type, void *packet, size_t size)
{
	struct local_header header = {.version = LOCAL_VERSION, .type = (uint16_t)type};

	memcpy(packet, &header, sizeof(header));
	if (send(fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

ssize_t local_receive(int fd, void *buf, size_t size)
{
	struct local_header header;
	ssize_t n = recv(fd, buf, size, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	if ((size_t)n < sizeof(header) || (size_t)n > size)
		return -EPROTO;
	memcpy(&header, buf, sizeof(header));
	if (header.version != LOCAL_VERSION || header.type == 0 || header.type >= sizeof(sizes) / sizeof(sizes[0]) ||
	    (size_t)n != sizes[header.type])
		return -EPROTO;
	return n;
}
