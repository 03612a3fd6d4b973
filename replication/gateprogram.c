/* holdfast-gate: ExecStartPre of mariadb.service. Without a good answer of replicationd, mariadbd does not start (R8). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "heartbeat/cli.h"
#include "replication/gate.h"

#define LIMIT_S 5

static int refuse(const char *why)
{
	/* What was allowed for another start is not for this one. */
	(void)unlink(GATE_ENVIRONMENT);
	(void)fprintf(stderr, "holdfast-gate: mariadbd may not start: %s\n", why);
	return 1;
}

/* One line within the limit; false with errno otherwise. */
static bool ask(char line[static GATE_LINE_BYTES])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = GATE_SOCKET};
	struct timeval limit = {.tv_sec = LIMIT_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return false;
	while (n > 0 && used < GATE_LINE_BYTES - 1 && !memchr(line, '\n', used)) {
		n = read(fd, line + used, GATE_LINE_BYTES - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	line[used] = '\0';
	close(fd);
	return n > 0;
}

static bool write_environment(enum gate_role role, unsigned server_id)
{
	static const char fresh[] = GATE_ENVIRONMENT ".new";
	char text[128];
	int length = snprintf(text, sizeof(text), "HOLDFAST_MARIADB_OPTS=\"--init-rpl-role=%s --server-id=%u\"\n",
	    role == GATE_SLAVE ? "SLAVE" : "MASTER", server_id);
	int fd;
	bool good;

	/* A new file and no other, whatever lies there. It is for this start only: not worth an fsync. */
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	errno = ENOSPC; /* of a short write */
	good = write(fd, text, (size_t)length) == length;
	close(fd);
	return good && rename(fresh, GATE_ENVIRONMENT) == 0;
}

int main(int argc, char **argv)
{
	static const char *const usage[] = {
	    "(ExecStartPre of mariadb.service, and nobody else's: it asks holdfast-replicationd)", NULL};
	const struct cli cli = {"holdfast-gate", usage, NULL, 0, 0};
	int code = cli_read(&cli, argc, argv);
	char line[GATE_LINE_BYTES] = "", words[GATE_LINE_BYTES];
	enum gate_role role;
	unsigned server_id = 0;
	const char *why;

	if (code >= 0)
		return code;
	if (!ask(line)) {
		(void)snprintf(words, sizeof(words), "holdfast-replicationd does not answer at " GATE_SOCKET ": %s",
		    strerror(errno));
		return refuse(words);
	}
	if (!gate_parse(line, &role, &server_id, &why))
		return refuse("the answer of holdfast-replicationd makes no sense");
	if (role == GATE_REFUSED)
		return refuse(why);
	if (!write_environment(role, server_id)) {
		(void)snprintf(words, sizeof(words), GATE_ENVIRONMENT ": %s", strerror(errno));
		return refuse(words);
	}
	return 0;
}
