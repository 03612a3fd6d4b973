#include "heartbeat/link.h"

#include "heartbeat/localclient.h"
#include "heartbeat/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct link {
	sd_event *event;
	sd_event_source *source;
	const char *path;
	int fd;
	enum local_client who;
	bool complained;
	link_handler *handler;
	void *userdata;
};

struct link *link_new(sd_event *event, const char *path, enum local_client who, link_handler *handler, void *userdata)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->event = event;
	l->path = path;
	l->who = who;
	l->fd = -1;
	l->handler = handler;
	l->userdata = userdata;
	return l;
}

static void hang_up(struct link *l)
{
	l->source = sd_event_source_disable_unref(l->source);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	hang_up(l);
	free(l);
}

static int on_packet(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct link *l = userdata;
	union {
		struct local_header header;
		_Alignas(max_align_t) char bytes[sizeof(struct local_text)]; /* the largest */
	} packet;
	ssize_t n;

	(void)source;
	(void)revents;
	while ((n = local_receive(fd, &packet, sizeof(packet))) > 0)
		l->handler(l->userdata, &packet.header);
	if (n != -EAGAIN) {
		LOG(LOG_NOTICE, "heartbeatd.lose", KV_S("why", n ? strerror((int)-n) : "end of file"));
		hang_up(l);
	}
	return 0;
}

static bool dial(struct link *l)
{
	struct errbuf e = {""};

	l->fd = local_connect(l->path, l->who, &e);
	if (l->fd >= 0 && sd_event_add_io(l->event, &l->source, l->fd, EPOLLIN, on_packet, l) < 0)
		hang_up(l);
	if (l->fd < 0 && !l->complained)
		LOG(LOG_NOTICE, "heartbeatd.miss", KV_S("why", e.text));
	l->complained = l->fd < 0;
	return l->fd >= 0;
}

void link_send(struct link *l, enum local_type type, void *packet, size_t size)
{
	int code;

	if ((l->fd < 0 && !dial(l)) || !packet)
		return;
	code = local_send(l->fd, type, packet, size);
	/* A heartbeatd that reads too slowly gets the next one: each report is complete. */
	if (code && code != -EAGAIN)
		hang_up(l);
}
