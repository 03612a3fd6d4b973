#include "config.h"

#include "gateway/client.h"

#include "gateway/hello.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKOFF_US 20000
#define FOREIGN_BACKOFF_US 200000
#define IN_BYTES (2 * WIRE_FRAME_BYTES_MAX)
#define OUT_BYTES (8u * 1024 * 1024)
#define OUT_AT_ONCE_BYTES 65536u /* as much is not kept for the end of a turn of the loop */

struct client {
	sd_event *event;
	sd_event_source *source, *turn;
	const char *path;
	const struct client_handlers *handlers;
	void *userdata;
	int fd;
	bool complained;
	enum client_state state;
	bool greeted; /* on this line */
	uint64_t retry_us;
	uint64_t heard_us, heard_at_us; /* the ledger's clock in its last answer, and when it came; 0 none */
	size_t in_used, out_used;
	char *out; /* OUT_BYTES, owned */
	char in[IN_BYTES];
};

static void hang_up(struct client *c)
{
	c->source = sd_event_source_disable_unref(c->source);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->in_used = c->out_used = 0;
	c->heard_us = c->heard_at_us = 0;
	if (c->state == CLIENT_READY)
		c->state = CLIENT_AWAY; /* a foreign one stays that until it says hello */
	c->retry_us = clock_boottime_us() + (c->state == CLIENT_FOREIGN ? FOREIGN_BACKOFF_US : BACKOFF_US);
}

void client_free(struct client *c)
{
	if (!c)
		return;
	hang_up(c);
	sd_event_source_disable_unref(c->turn);
	free(c->out);
	free(c);
}

static void lose(struct client *c)
{
	hang_up(c);
	c->handlers->lost(c->userdata, c);
}

/* Sends what is waiting. False: the line is broken. */
static bool push(struct client *c)
{
	size_t sent = 0;

	while (sent < c->out_used) {
		ssize_t n = send(c->fd, c->out + sent, c->out_used - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			return false;
	}
	if (sent)
		memmove(c->out, c->out + sent, c->out_used - sent);
	c->out_used -= sent;
	return sd_event_source_set_io_events(c->source, c->out_used ? EPOLLIN | EPOLLOUT : EPOLLIN) >= 0;
}

/* What came together goes together: a call, and a wake-up of the ledger, for all that one turn of the loop had to send. */
static int on_turn(sd_event_source *source, void *userdata)
{
	struct client *c = userdata;

	(void)source;
	/* A line found broken here is reported by the loop (EPOLLHUP). */
	if (c->fd >= 0 && c->out_used)
		(void)push(c);
	return 0;
}

struct client *client_new(sd_event *event, const char *path, const struct client_handlers *handlers, void *userdata)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->event = event;
	c->path = path;
	c->handlers = handlers;
	c->userdata = userdata;
	c->fd = -1;
	c->out = malloc(OUT_BYTES);
	if (!c->out || sd_event_add_defer(event, &c->turn, on_turn, c) < 0 ||
	    sd_event_source_set_enabled(c->turn, SD_EVENT_OFF) < 0) {
		client_free(c);
		return NULL;
	}
	return c;
}

/* The first frame. False: no operation may go this way. */
static bool take_hello(struct client *c, const struct wire_header *h, const char *payload, size_t count)
{
	struct hello theirs;

	if ((h->type != WIRE_HELLO && h->type != WIRE_FOREIGN) || hello_decode(payload, count, &theirs))
		return false;
	if (h->type == WIRE_FOREIGN || !hello_fits(&theirs)) {
		if (c->state != CLIENT_FOREIGN)
			LOG(LOG_WARNING, "ledger.foreign", KV_S("socket", c->path), KV_S("release", theirs.release),
			    KV_U("version", theirs.version), KV_U("ours", WIRE_VERSION));
		c->state = CLIENT_FOREIGN;
		return false;
	}
	c->heard_us = theirs.clock_us;
	c->heard_at_us = clock_boottime_us();
	c->state = CLIENT_READY;
	c->greeted = true;
	c->handlers->ready(c->userdata, c);
	return true;
}

/* False: the other end does not speak our language. */
static bool parse(struct client *c)
{
	size_t at = 0;

	for (;;) {
		struct wire_header h;
		struct wire_answer a;
		const char *body;
		ssize_t n = wire_frame(c->in + at, c->in_used - at, &h);

		if (n == 0)
			break;
		if (n > 0 && !c->greeted) {
			if (!take_hello(c, &h, c->in + at + sizeof(h), (size_t)n - sizeof(h)))
				return false;
			at += (size_t)n;
			continue;
		}
		if (n < 0 || h.type != WIRE_ANSWER ||
		    wire_decode_answer(c->in + at + sizeof(h), (size_t)n - sizeof(h), &a, &body))
			return false;
		c->heard_us = a.clock_us;
		c->heard_at_us = clock_boottime_us();
		c->handlers->answer(c->userdata, h.id, &a, body);
		if (c->fd < 0)
			return true; /* a handler's next send has found the line broken */
		at += (size_t)n;
	}
	memmove(c->in, c->in + at, c->in_used - at);
	c->in_used -= at;
	return true;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct client *c = userdata;
	bool good = true;

	(void)source;
	if (revents & EPOLLOUT)
		good = push(c);
	if (good && (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		ssize_t n = recv(fd, c->in + c->in_used, sizeof(c->in) - c->in_used, MSG_DONTWAIT);

		if (n > 0) {
			c->in_used += (size_t)n;
			good = parse(c);
		} else {
			good = n < 0 && (errno == EAGAIN || errno == EINTR);
		}
	}
	if (!good)
		lose(c);
	return 0;
}

static bool dial(struct client *c)
{
	struct hello ours = hello_make(PACKAGE_VERSION, 0);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	uint64_t now_us = clock_boottime_us();
	size_t n = strlen(c->path);

	if (now_us < c->retry_us || n >= sizeof(sa.sun_path))
		return false;
	memcpy(sa.sun_path, c->path, n + 1);
	c->retry_us = now_us + BACKOFF_US;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return false;
	if (connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) ||
	    sd_event_add_io(c->event, &c->source, c->fd, EPOLLIN, on_io, c) < 0) {
		if (!c->complained)
			LOG(LOG_NOTICE, "ledger.miss", KV_S("socket", c->path), KV_S("why", strerror(errno)));
		c->complained = true;
		hang_up(c);
		return false;
	}
	c->complained = false;
	c->greeted = false;
	c->out_used = hello_encode(c->out, OUT_BYTES, WIRE_HELLO, &ours);
	(void)push(c);
	return true;
}

enum client_state client_look(struct client *c)
{
	if (c->fd < 0)
		(void)dial(c);
	return c->state;
}

bool client_send(struct client *c, uint64_t id, struct op_message *m)
{
	size_t n;

	if (client_look(c) != CLIENT_READY)
		return false;
	m->op.sent_us = clock_boottime_us();
	m->op.heard_us = c->heard_us;
	m->op.heard_ago_us = m->op.sent_us - c->heard_at_us;
	n = wire_encode_op(c->out + c->out_used, OUT_BYTES - c->out_used, id, m);
	if (!n)
		return false;
	c->out_used += n;
	/* A line found broken here is reported by the loop (EPOLLHUP), never from within the call. */
	if (c->out_used >= OUT_AT_ONCE_BYTES || sd_event_source_set_enabled(c->turn, SD_EVENT_ONESHOT) < 0)
		(void)push(c);
	return true;
}
