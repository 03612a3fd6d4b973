#include "gateway/edgeprobe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "heartbeat/fitness.h"

#define QUESTION "GET /edgez HTTP/1.0\r\n\r\n"
#define ANSWER_BYTES 12 /* "HTTP/1.x 200" */

static void hang_up(struct edgeprobe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void note(struct edgeprobe *p, bool gone, uint64_t now_us)
{
	if (!p->silent_us)
		p->silent_us = now_us;
	p->gone = gone;
}

/* A connection on a unix socket is there at once or not at all. EAGAIN: its queue is full, so nobody takes from it. */
static void ask(struct edgeprobe *p, uint64_t now_us)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	p->asked_us = now_us;
	memcpy(sa.sun_path, p->path, sizeof(sa.sun_path));
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return; /* our own want of descriptors says nothing about the edge */
	if (connect(p->fd, (struct sockaddr *)&sa, sizeof(sa))) {
		note(p, errno == ECONNREFUSED || errno == ENOENT, now_us);
		hang_up(p);
	} else if (send(p->fd, QUESTION, strlen(QUESTION), MSG_NOSIGNAL) < 0) {
		note(p, false, now_us);
		hang_up(p);
	}
}

static void listen_for(struct edgeprobe *p, uint64_t now_us)
{
	char answer[ANSWER_BYTES + 1] = "";
	ssize_t n = recv(p->fd, answer, ANSWER_BYTES, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		/* From when it was asked: the answer is that late already. */
		if (now_us > p->asked_us + FIT_EDGE_TRY_US)
			note(p, false, p->asked_us);
		if (now_us > p->asked_us + FIT_EDGE_MUTE_US)
			hang_up(p);
		return;
	}
	if (n == ANSWER_BYTES && strncmp(answer, "HTTP/1.", 7) == 0 && strcmp(answer + 9, "200") == 0)
		p->silent_us = 0;
	else
		note(p, false, now_us);
	hang_up(p);
}

void edgeprobe_start(struct edgeprobe *p, const char *path, uint64_t now_us)
{
	*p = (struct edgeprobe){.fd = -1, .silent_us = now_us};
	(void)snprintf(p->path, sizeof(p->path), "%s", path);
}

void edgeprobe_step(struct edgeprobe *p, uint64_t now_us)
{
	if (p->fd >= 0)
		listen_for(p, now_us);
	else if (now_us >= p->asked_us + FIT_EDGE_TRY_US)
		ask(p, now_us);
}

void edgeprobe_end(struct edgeprobe *p)
{
	hang_up(p);
}
