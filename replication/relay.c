#include "replication/relay.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heartbeat/ip_socket.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"

#define PAIRS_MAX 8
#define BUFFER_BYTES 65536
/* An active that has vanished with bytes of ours un-acknowledged is noticed by TCP after this time. */
#define USER_TIMEOUT_MS 2000

/* One direction: what was read from a side and not yet written to the other. */
struct lane {
	uint8_t *buf;
	size_t from, to;
	bool ended; /* end of file was read */
};

struct pair {
	struct relay *relay;
	int fd[2]; /* 0: mariadbd here, 1: the active; -1 none */
	sd_event_source *source[2];
	struct lane lane[2]; /* [i]: read from fd[i] */
	bool connected;	     /* fd[1] */
};

struct relay {
	sd_event *loop;
	uint16_t port;
	int listener;
	sd_event_source *source;
	struct ip active;
	uint16_t active_port;
	_Atomic uint64_t epoch, connected_epoch;
	struct pair pair[PAIRS_MAX];
};

static void count_connected(struct relay *r)
{
	uint64_t epoch = 0;

	for (unsigned i = 0; i < PAIRS_MAX; i++)
		if (r->pair[i].fd[0] >= 0 && r->pair[i].connected)
			epoch = r->epoch;
	r->connected_epoch = epoch;
}

static void end_pair(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		p->source[i] = sd_event_source_disable_unref(p->source[i]);
		if (p->fd[i] >= 0)
			close(p->fd[i]);
		p->fd[i] = -1;
		free(p->lane[i].buf);
		p->lane[i] = (struct lane){0};
	}
	p->connected = false;
	count_connected(p->relay);
}

struct relay *relay_new(sd_event *loop, uint16_t port)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->port = port;
	r->listener = -1;
	for (unsigned i = 0; i < PAIRS_MAX; i++)
		r->pair[i] = (struct pair){.relay = r, .fd = {-1, -1}};
	return r;
}

void relay_close(struct relay *r)
{
	if (r->listener >= 0)
		LOG(LOG_NOTICE, "relay.close", KV_U("epoch", r->epoch));
	r->source = sd_event_source_disable_unref(r->source);
	if (r->listener >= 0)
		close(r->listener);
	r->listener = -1;
	for (unsigned i = 0; i < PAIRS_MAX; i++)
		end_pair(&r->pair[i]);
	r->epoch = 0;
	r->connected_epoch = 0;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	relay_close(r);
	free(r);
}

uint64_t relay_epoch(const struct relay *r)
{
	return r->connected_epoch;
}

uint64_t relay_open_epoch(const struct relay *r)
{
	return r->epoch;
}

/* Reads what there is room for. False: the connection is broken. */
static bool fill(int fd, struct lane *l)
{
	ssize_t n;

	if (l->ended || l->to > 0)
		return true;
	n = read(fd, l->buf, BUFFER_BYTES);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	l->ended = n == 0;
	l->to = (size_t)n;
	return true;
}

static bool drain(int fd, struct lane *l)
{
	ssize_t n;

	if (l->from == l->to)
		return true;
	n = send(fd, l->buf + l->from, l->to - l->from, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	l->from += (size_t)n;
	if (l->from == l->to)
		l->from = l->to = 0;
	return true;
}

static bool finish_connect(struct pair *p)
{
	int error = 0;
	socklen_t length = sizeof(error);
	union ip_socket peer;
	socklen_t peer_length = sizeof(peer);

	if (getsockopt(p->fd[1], SOL_SOCKET, SO_ERROR, &error, &length) || error)
		return false;
	/* Not yet: the loop may wake us for the other side. */
	if (getpeername(p->fd[1], &peer.any, &peer_length))
		return errno == ENOTCONN;
	p->connected = true;
	count_connected(p->relay);
	return true;
}

/* Waits for what can be done next on either side. */
static bool rearm(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct lane *in = &p->lane[i], *out = &p->lane[!i];
		uint32_t want = (in->to == 0 && !in->ended ? EPOLLIN : 0u) | (out->to > 0 ? EPOLLOUT : 0u);

		if (!p->connected)
			want = i == 1 ? EPOLLOUT : 0;
		if (sd_event_source_set_io_events(p->source[i], want) < 0)
			return false;
	}
	return true;
}

static int on_pair(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct pair *p = userdata;
	bool good = p->connected || finish_connect(p);

	(void)source;
	if (p->connected) {
		for (unsigned i = 0; good && i < 2; i++)
			good = fill(p->fd[i], &p->lane[i]) && drain(p->fd[!i], &p->lane[i]);
		for (unsigned i = 0; i < 2; i++)
			good = good && !(p->lane[i].ended && p->lane[i].to == 0);
	}
	/* Both directions are over: nothing that is still under way would arrive as a whole. */
	if (revents & (EPOLLHUP | EPOLLERR))
		good = false;
	(void)fd;
	if (!good || !rearm(p))
		end_pair(p);
	return 0;
}

static void make_prompt(int fd)
{
	int one = 1, limit_ms = USER_TIMEOUT_MS;

	/* An acknowledgement is a small packet that a payment waits for. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
}

static bool begin_pair(struct pair *p, int fd)
{
	struct relay *r = p->relay;
	union ip_socket to;
	socklen_t length = ip_to_socket(&r->active, r->active_port, &to);

	p->fd[0] = fd;
	p->fd[1] = socket(ip_family(&r->active), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	p->lane[0].buf = malloc(BUFFER_BYTES);
	p->lane[1].buf = malloc(BUFFER_BYTES);
	if (p->fd[1] < 0 || !p->lane[0].buf || !p->lane[1].buf)
		return false;
	make_prompt(p->fd[0]);
	make_prompt(p->fd[1]);
	if (connect(p->fd[1], &to.any, length) && errno != EINPROGRESS)
		return false;
	return sd_event_add_io(r->loop, &p->source[0], p->fd[0], 0, on_pair, p) >= 0 &&
	       sd_event_add_io(r->loop, &p->source[1], p->fd[1], EPOLLOUT, on_pair, p) >= 0;
}

static int on_listener(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct relay *r = userdata;
	int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source;
	(void)revents;
	if (one < 0)
		return 0;
	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		if (r->pair[i].fd[0] >= 0)
			continue;
		if (!begin_pair(&r->pair[i], one))
			end_pair(&r->pair[i]);
		return 0;
	}
	close(one);
	return 0;
}

static int listen_here(struct relay *r, struct errbuf *e)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_port = htons(r->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int one = 1;

	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->listener < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	(void)setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(r->listener, (struct sockaddr *)&sa, sizeof(sa)) || listen(r->listener, PAIRS_MAX))
		return err_set(e, -errno, "relay on 127.0.0.1:%u: %s", r->port, strerror(errno));
	if (sd_event_add_io(r->loop, &r->source, r->listener, EPOLLIN, on_listener, r) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

int relay_open(struct relay *r, const char *address, uint16_t port, uint64_t epoch, struct errbuf *e)
{
	struct ip active;
	int code;

	if (!ip_parse(address, &active)) {
		relay_close(r);
		return err_set(e, -EINVAL, "'%s' is not an IP address", address);
	}
	if (r->epoch == epoch && ip_same(&r->active, &active) && r->active_port == port)
		return 0;
	relay_close(r);
	r->active = active;
	r->active_port = port;
	code = listen_here(r, e);
	if (code) {
		relay_close(r);
		return code;
	}
	r->epoch = epoch;
	LOG(LOG_NOTICE, "relay.open", KV_U("epoch", epoch), KV_S("active", address));
	return 0;
}
