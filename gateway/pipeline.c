#include "gateway/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define HEADER_BYTES 4
#define CONTENT_BYTES_MAX 0xfffffe /* one byte more would be the first of two packets */

void pipeline_init(struct pipeline *p, char *buf, size_t size)
{
	text_init(&p->out, buf, size);
	pipeline_clear(p);
}

void pipeline_clear(struct pipeline *p)
{
	text_clear(&p->out);
	p->at = 0;
	p->count = 0;
}

/* The length of the last packet is known. */
static void end_packet(struct pipeline *p)
{
	size_t bytes = p->out.used - p->at - HEADER_BYTES;

	if (!p->count || p->out.cut)
		return;
	if (bytes > CONTENT_BYTES_MAX) {
		p->out.cut = true;
		return;
	}
	for (unsigned i = 0; i < 3; i++)
		p->out.at[p->at + i] = (char)(bytes >> 8 * i & 0xff);
}

void pipeline_next(struct pipeline *p)
{
	static const char header[HEADER_BYTES] = {0};

	end_packet(p);
	p->at = p->out.used;
	text_put(&p->out, header, HEADER_BYTES);
	p->count++;
}

int pipeline_send(struct pipeline *p, int fd)
{
	size_t sent = 0;

	end_packet(p);
	if (p->out.cut)
		return -EMSGSIZE;
	while (sent < p->out.used) {
		ssize_t n = send(fd, p->out.at + sent, p->out.used - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			(void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}
