#include "config.h"

#include "gateway/server.h"

#include "gateway/hello.h"
#include "gateway/opcheck.h"
#include "gateway/unixlisten.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSIONS_MAX 384
#define IN_BYTES (2 * WIRE_FRAME_BYTES_MAX)
#define REFUSED_LOG_US 1000000
#define FOREIGN_LOG_US 10000000
#define MESH_SESSIONS_MAX                                                                                              \
	256 /* 64 workers of the peer, 24 connections of each of 8 worker hosts (etc/haproxy.cfg.in); the rest are ours */
#define OUT_BYTES_MIN 65536u
#define OUT_BYTES_MAX (16u * 1024 * 1024) /* a session that lets more pile up is closed, */
#define OUT_TOTAL_BYTES_MAX                                                                                            \
	(96u * 1024 * 1024) /* and when it is more for all together the one with most, whoever needs room */

struct session {
	struct server *server;
	uint64_t id, opened_us;
	int fd;
	bool root, same_host, dead;
	bool greeted; /* its hello fits */
	bool foreign; /* it does not: nothing of what it says is looked at, until it hangs up */
	sd_event_source *source;
	size_t in_used, out_used, out_size;
	char *out; /* owned */
	char in[IN_BYTES];
};

struct server {
	sd_event *event;
	sd_event_source *source;
	int fd;
	struct server_users users;
	uint64_t refused, refused_logged_us; /* since the last line about them */
	uint64_t foreign_logged_us;
	server_handler *handler;
	void *userdata;
	uint64_t last_id;
	size_t out_total; /* sum of out_size */
	struct session *sessions[SESSIONS_MAX];
	struct stat there; /* the socket that we listen at */
	char path[];
};

static void session_free(struct session *s)
{
	sd_event_source_disable_unref(s->source);
	close(s->fd);
	s->server->out_total -= s->out_size;
	free(s->out);
	free(s);
}

static void reap(struct server *srv)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (srv->sessions[i] && srv->sessions[i]->dead) {
			session_free(srv->sessions[i]);
			srv->sessions[i] = NULL;
		}
}

static void session_send(struct session *s)
{
	size_t sent = 0;

	while (!s->dead && sent < s->out_used) {
		ssize_t n = send(s->fd, s->out + sent, s->out_used - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		else if (errno != EINTR)
			s->dead = true;
	}
	if (sent)
		memmove(s->out, s->out + sent, s->out_used - sent);
	s->out_used -= sent;
	if (!s->out_used && s->out_size > OUT_BYTES_MIN) { /* what a burst needed is not kept */
		s->server->out_total -= s->out_size;
		free(s->out);
		s->out = NULL;
		s->out_size = 0;
	}
	if (!s->dead && sd_event_source_set_io_events(s->source, s->out_used ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
		s->dead = true;
}

/* So that who does not read takes no room from those who do. False: none has more than that. */
static bool drop_largest(struct server *srv, const struct session *asks, size_t more_than_bytes)
{
	struct session *most = NULL;

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = srv->sessions[i];

		if (s && s != asks && s->out_size > (most ? most->out_size : more_than_bytes))
			most = s;
	}
	if (!most)
		return false;
	LOG(LOG_WARNING, "session.stuffed", KV_U("session", most->id), KV_U("same_host", most->same_host),
	    KV_U("bytes", most->out_used));
	srv->out_total -= most->out_size;
	free(most->out);
	most->out = NULL;
	most->out_used = most->out_size = 0;
	most->dead = true;
	return true;
}

static bool make_room(struct session *s, size_t bytes)
{
	size_t size = s->out_size ? s->out_size : OUT_BYTES_MIN;
	char *out;

	while (size < s->out_used + bytes)
		size *= 2;
	if (size > OUT_BYTES_MAX)
		return false;
	if (size == s->out_size)
		return true;
	while (s->server->out_total + size - s->out_size > OUT_TOTAL_BYTES_MAX)
		if (!drop_largest(s->server, s, size))
			return false;
	out = realloc(s->out, size);
	if (!out)
		return false;
	s->server->out_total += size - s->out_size;
	s->out = out;
	s->out_size = size;
	return true;
}

static void session_take(struct session *s, uint64_t id, const struct op_message *m)
{
	const struct wire_answer ask_again = {.outcome = WIRE_NOT_EXECUTED};
	uint64_t sent_us;

	if (wire_sent_at(&m->op, s->same_host, clock_boottime_us(), &sent_us))
		s->server->handler(s->server->userdata, s->id, s->root, sent_us, id, m);
	else
		server_send(s->server, s->id, id, &ask_again, NULL); /* it tells our clock */
}

static bool session_say_hello(struct session *s, enum wire_type type)
{
	struct hello ours = hello_make(PACKAGE_VERSION, clock_boottime_us());
	size_t n = make_room(s, WIRE_HELLO_BYTES_MAX)
		       ? hello_encode(s->out + s->out_used, s->out_size - s->out_used, type, &ours)
		       : 0;

	s->out_used += n;
	return n;
}

/* A worker of another release comes again and again while a cluster is upgraded. */
static void log_foreign(struct session *s, const struct hello *theirs)
{
	uint64_t now_us = clock_boottime_us();

	if (s->server->foreign_logged_us && now_us < s->server->foreign_logged_us + FOREIGN_LOG_US)
		return;
	LOG(LOG_NOTICE, "session.foreign", KV_S("release", theirs->release), KV_U("version", theirs->version),
	    KV_U("ours", WIRE_VERSION), KV_U("same_host", s->same_host));
	s->server->foreign_logged_us = now_us;
}

/* The first frame. False: it is no hello. */
static bool session_greet(struct session *s, const struct wire_header *h, const char *payload, size_t count)
{
	struct hello theirs;

	if (h->type != WIRE_HELLO || hello_decode(payload, count, &theirs))
		return false;
	s->greeted = hello_fits(&theirs);
	s->foreign = !s->greeted;
	if (s->foreign)
		log_foreign(s, &theirs);
	return session_say_hello(s, s->greeted ? WIRE_HELLO : WIRE_FOREIGN);
}

static bool session_take_frame(struct session *s, const struct wire_header *h, const char *payload, size_t count)
{
	struct op_message m;

	if (!s->greeted)
		return session_greet(s, h, payload, count);
	if (h->type != WIRE_OP || wire_decode_op(payload, count, &m) || !op_is_sound(&m))
		return false;
	session_take(s, h->id, &m);
	return true;
}

/* Hands on the whole frames in the buffer. False: the other end does not speak our language. */
static bool session_parse(struct session *s)
{
	size_t at = 0;
	bool good = true;

	while (good && !s->foreign) {
		struct wire_header h;
		ssize_t n = wire_frame(s->in + at, s->in_used - at, &h);

		if (n == 0)
			break;
		good = n > 0 && session_take_frame(s, &h, s->in + at + sizeof(h), (size_t)n - sizeof(h));
		if (good)
			at += (size_t)n;
	}
	if (s->foreign)
		at = s->in_used;
	memmove(s->in, s->in + at, s->in_used - at);
	s->in_used -= at;
	return good;
}

static void session_receive(struct session *s)
{
	ssize_t n = recv(s->fd, s->in + s->in_used, sizeof(s->in) - s->in_used, MSG_DONTWAIT);

	if (n > 0) {
		s->in_used += (size_t)n;
		if (!session_parse(s)) {
			LOG(LOG_WARNING, "session.garble", KV_U("session", s->id));
			s->dead = true;
		}
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		s->dead = true;
	}
}

static int on_session(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct session *s = userdata;
	struct server *srv = s->server;

	(void)source;
	(void)fd;
	if (revents & EPOLLIN)
		session_receive(s);
	if (!s->dead && s->out_used)
		session_send(s);
	if (revents & (EPOLLHUP | EPOLLERR))
		s->dead = true;
	reap(srv);
	return 0;
}

/* Is the other end one of those who may connect? The socket's mode alone would let in a whole group. */
static bool is_welcome(const struct server *srv, int fd, uint32_t *uid)
{
	struct ucred peer = {.uid = UINT32_MAX};
	socklen_t n = sizeof(peer);
	bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0;

	*uid = peer.uid;
	for (size_t i = 0; known && i < srv->users.count; i++)
		if (srv->users.uid[i] == peer.uid)
			return true;
	return false;
}

/* Whoever knocks in a loop must not fill the journal. */
static void log_refusal(struct server *srv, uint32_t uid)
{
	uint64_t now_us = clock_boottime_us();

	srv->refused++;
	if (now_us < srv->refused_logged_us + REFUSED_LOG_US)
		return;
	LOG(LOG_WARNING, "session.refuse", KV_U("uid", uid), KV_S("why", "this user may not use the ledger"),
	    KV_U("count", srv->refused));
	srv->refused_logged_us = now_us;
	srv->refused = 0;
}

static int session_new(struct server *srv, int fd, uint32_t uid, size_t slot)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->server = srv;
	s->fd = fd;
	s->id = ++srv->last_id;
	s->opened_us = clock_boottime_us();
	s->root = uid == 0;
	s->same_host = uid != srv->users.mesh_uid;
	if (sd_event_add_io(srv->event, &s->source, fd, EPOLLIN, on_session, s) < 0) {
		free(s);
		return -ENOMEM;
	}
	srv->sessions[slot] = s;
	return 0;
}

/* Whoever connects and has no hello that fits keeps no place. */
static void end_silent(struct server *srv)
{
	uint64_t now_us = clock_boottime_us();

	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = srv->sessions[i];

		if (s && !s->greeted && now_us >= s->opened_us + srv->users.hello_us)
			s->dead = true;
	}
	reap(srv);
}

static bool is_mesh_full(const struct server *srv, uint32_t uid)
{
	size_t count = 0;

	if (uid != srv->users.mesh_uid)
		return false;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		count += srv->sessions[i] && !srv->sessions[i]->same_host;
	return count >= MESH_SESSIONS_MAX;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct server *srv = userdata;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t slot = 0;
	uint32_t uid;

	(void)source;
	(void)revents;
	if (client < 0)
		return 0;
	if (!is_welcome(srv, client, &uid)) {
		log_refusal(srv, uid);
		close(client);
		return 0;
	}
	end_silent(srv);
	while (slot < SESSIONS_MAX && srv->sessions[slot])
		slot++;
	if (slot == SESSIONS_MAX || is_mesh_full(srv, uid) || session_new(srv, client, uid, slot)) {
		LOG(LOG_WARNING, "session.refuse", KV_U("limit", SESSIONS_MAX));
		close(client);
	}
	return 0;
}

/* In place of what it listens at now, if it does. */
static int start_listening(struct server *srv, struct errbuf *e)
{
	int fd = unix_listen(srv->path, e);
	sd_event_source *source;
	struct stat there;

	if (fd < 0)
		return fd;
	if (lstat(srv->path, &there) || sd_event_add_io(srv->event, &source, fd, EPOLLIN, on_connection, srv) < 0) {
		close(fd);
		return err_set(e, -EIO, "%s: cannot watch the socket", srv->path);
	}
	sd_event_source_disable_unref(srv->source);
	if (srv->fd >= 0)
		close(srv->fd);
	srv->source = source;
	srv->fd = fd;
	srv->there = there; /* one that could not be watched is to be made again */
	return 0;
}

int server_new(sd_event *event, const char *path, const struct server_users *users, server_handler *handler,
    void *userdata, struct server **ret, struct errbuf *e)
{
	struct server *srv = calloc(1, sizeof(*srv) + strlen(path) + 1);
	int code;

	if (!srv)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(srv->path, path, strlen(path) + 1);
	srv->fd = -1;
	srv->event = event;
	srv->users = *users;
	srv->handler = handler;
	srv->userdata = userdata;
	code = start_listening(srv, e);
	if (code)
		server_free(srv);
	else
		*ret = srv;
	return code;
}

int server_mend(struct server *srv, struct errbuf *e)
{
	struct stat now;
	int code;

	if (lstat(srv->path, &now) == 0 && now.st_dev == srv->there.st_dev && now.st_ino == srv->there.st_ino)
		return 0;
	code = start_listening(srv, e);
	if (!code)
		LOG(LOG_WARNING, "server.mend", KV_S("path", srv->path),
		    KV_S("why", "somebody has removed the socket"));
	return code;
}

void server_free(struct server *srv)
{
	if (!srv)
		return;
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (srv->sessions[i])
			session_free(srv->sessions[i]);
	sd_event_source_disable_unref(srv->source);
	if (srv->fd >= 0)
		close(srv->fd);
	free(srv);
}

void server_send(struct server *srv, uint64_t session, uint64_t id, const struct wire_answer *a, const char *body)
{
	struct wire_answer stamped = *a;

	stamped.clock_us = clock_boottime_us();
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = srv->sessions[i];
		size_t need = sizeof(struct wire_header) + sizeof(*a) + a->body_bytes, n;

		if (!s || s->id != session || s->dead)
			continue;
		n = make_room(s, need)
			? wire_encode_answer(s->out + s->out_used, s->out_size - s->out_used, id, &stamped, body)
			: 0;
		if (!n)
			s->dead = true; /* the worker takes a broken connection for "unknown" */
		s->out_used += n;
	}
}

void server_flush(struct server *srv)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (srv->sessions[i] && srv->sessions[i]->out_used)
			session_send(srv->sessions[i]);
	reap(srv);
}

void server_drop_unsent(struct server *srv)
{
	server_flush(srv);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (srv->sessions[i] && srv->sessions[i]->out_used)
			srv->sessions[i]->dead = true;
	reap(srv);
}
