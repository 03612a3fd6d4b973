#include "heartbeat/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "heartbeat/localclient.h"
#include "heartbeat/log.h"

#define HELLO_US 2000000 /* by then a client has said who it is */
#define DISPLACED_LOG_US 1000000
#define PACKETS_A_TURN 4 /* the others wait meanwhile */

static const char *const kinds[] = {"unknown", "replicationd", "ledgerd", "workerd", "holdfastctl"};

static void feed(struct daemon *d, enum local_client kind, const void *packet)
{
	struct hb_input in = {0};

	if (kind == LOCAL_CLIENT_REPLICATIOND) {
		in.kind = HB_IN_REPLICATION;
		in.repl = packet;
	} else if (kind == LOCAL_CLIENT_LEDGERD) {
		in.kind = HB_IN_LEDGER;
		in.ledger = packet;
	} else {
		return;
	}
	daemon_step(d, &in);
}

static void hang_up(struct daemon_client *c, const char *why)
{
	enum local_client kind = c->kind;

	if (kind == LOCAL_CLIENT_REPLICATIOND || kind == LOCAL_CLIENT_LEDGERD)
		LOG(LOG_NOTICE, "client.gone", KV_S("client", kinds[kind]), KV_S("why", why));
	loop_remove(&c->daemon->loop, c->fd);
	close(c->fd);
	c->fd = -1;
	c->kind = 0;
	feed(c->daemon, kind, NULL);
}

static void tell_replicationd(struct daemon_client *c)
{
	struct repl_order order = c->daemon->order;
	int code = local_send(c->fd, LOCAL_ORDER, &order, sizeof(order));

	if (code)
		hang_up(c, strerror(-code));
}

static void tell_gate(struct daemon_client *c)
{
	struct ledger_gate gate = {.close_generation = c->daemon->close_generation};
	int code = local_send(c->fd, LOCAL_GATE, &gate, sizeof(gate));

	/* One that reads too slowly reads the page by itself; the word is only a nudge. */
	if (code && code != -EAGAIN)
		hang_up(c, strerror(-code));
}

/* Questions are anybody's, what changes something is root's. */
static const char *obey(struct daemon_client *c, const char *question)
{
	if (strcmp(question, "key-rotate") == 0) {
		if (c->uid != 0 && c->uid != geteuid())
			return "{\"error\":\"only root may do that\"}";
		if (daemon_keys_ask(c->daemon))
			return "{\"error\":\"a new key is on its way already\"}";
		question = "key";
	}
	return status_answer(c->daemon, question, clock_boottime_us());
}

static void answer(struct daemon_client *c, const char *question)
{
	const char *text = obey(c, question);
	size_t left = strlen(text), at = 0;

	do {
		struct local_text packet = {0};
		size_t n = left < sizeof(packet.text) - 1 ? left : sizeof(packet.text) - 1;

		memcpy(packet.text, text + at, n);
		at += n;
		left -= n;
		packet.last = left == 0;
		if (local_send(c->fd, LOCAL_ANSWER, &packet, sizeof(packet)))
			break;
	} while (left);
}

static bool may_be(const struct daemon *d, uint32_t uid, uint32_t kind)
{
	if (uid == 0 || uid == geteuid())
		return kind >= LOCAL_CLIENT_REPLICATIOND && kind <= LOCAL_CLIENT_CTL;
	return (kind == LOCAL_CLIENT_LEDGERD && uid == d->ledger_uid) ||
	       (kind == LOCAL_CLIENT_WORKERD && uid == d->worker_uid) || kind == LOCAL_CLIENT_CTL;
}

static void hello(struct daemon_client *c, const struct local_hello *h)
{
	struct daemon *d = c->daemon;

	if (c->kind || !may_be(d, c->uid, h->client)) {
		LOG(LOG_WARNING, "client.refused", KV_U("uid", c->uid), KV_U("client", h->client));
		hang_up(c, "not allowed");
		return;
	}
	/* A daemon that was restarted replaces the connection of its earlier life. */
	for (unsigned i = 0; i < DAEMON_CLIENTS_MAX; i++)
		if (d->client[i].fd >= 0 && d->client[i].kind == (enum local_client)h->client &&
		    h->client <= LOCAL_CLIENT_LEDGERD)
			hang_up(&d->client[i], "replaced");
	c->kind = h->client;
	if (c->kind == LOCAL_CLIENT_REPLICATIOND)
		tell_replicationd(c);
	else if (c->kind != LOCAL_CLIENT_CTL)
		tell_gate(c);
	if (c->kind <= LOCAL_CLIENT_LEDGERD)
		LOG(LOG_NOTICE, "client.here", KV_S("client", kinds[c->kind]));
}

static void take_packet(struct daemon_client *c, void *buf)
{
	struct local_header *h = buf;

	if (h->type == LOCAL_HELLO)
		hello(c, buf);
	else if (h->type == LOCAL_REPLICATION && c->kind == LOCAL_CLIENT_REPLICATIOND)
		feed(c->daemon, c->kind, buf);
	else if (h->type == LOCAL_LEDGER && c->kind == LOCAL_CLIENT_LEDGERD)
		feed(c->daemon, c->kind, buf);
	else if (h->type == LOCAL_ASK && c->kind == LOCAL_CLIENT_CTL) {
		struct local_text *t = buf;

		t->text[sizeof(t->text) - 1] = '\0';
		if (!daemon_command_take(c, t->text))
			answer(c, t->text);
	} else
		hang_up(c, "unexpected packet");
}

static void on_client(void *userdata)
{
	struct daemon_client *c = userdata;
	_Alignas(max_align_t) char buf[sizeof(struct local_text)];
	int fd = c->fd;

	for (unsigned i = 0; i < PACKETS_A_TURN && c->fd == fd; i++) {
		ssize_t n = local_receive(fd, buf, sizeof(buf));

		if (n == -EAGAIN || n == -EINTR)
			break;
		if (n <= 0) {
			hang_up(c, n ? strerror((int)-n) : "closed");
			break;
		}
		take_packet(c, buf);
	}
}

/* Who goes first when all places are taken? replicationd and ledgerd never, and what any user of the group can have in
 * plenty, silence and questions, before all else. */
static int rank_of(const struct daemon_client *c)
{
	if (c->kind == LOCAL_CLIENT_REPLICATIOND || c->kind == LOCAL_CLIENT_LEDGERD)
		return 0;
	if (c->uid == 0 || c->uid == c->daemon->ledger_uid)
		return 1;
	return c->kind == LOCAL_CLIENT_WORKERD ? 2 : 3;
}

/* Many may go in a second: one line a second is enough. */
static void displace(struct daemon_client *c)
{
	struct daemon *d = c->daemon;
	uint64_t now_us = clock_boottime_us();

	d->displaced++;
	if (now_us >= d->displaced_logged_us + DISPLACED_LOG_US) {
		LOG(LOG_WARNING, "client.displaced", KV_U("uid", c->uid), KV_S("client", kinds[c->kind]),
		    KV_U("count", d->displaced));
		d->displaced_logged_us = now_us;
		d->displaced = 0;
	}
	hang_up(c, "displaced");
}

/* A free place, or that of the one that can best be done without, the oldest of its kind. */
static struct daemon_client *find_place(struct daemon *d)
{
	struct daemon_client *least = NULL;
	int rank = 0;

	for (unsigned i = 0; i < DAEMON_CLIENTS_MAX; i++) {
		struct daemon_client *c = &d->client[i];
		int its;

		if (c->fd < 0)
			return c;
		its = rank_of(c);
		if (its > rank || (least && its == rank && c->since_us < least->since_us)) {
			least = c;
			rank = its;
		}
	}
	if (least)
		displace(least);
	return least;
}

static void on_connection(void *userdata)
{
	struct daemon *d = userdata;
	int one = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who = {0};
	socklen_t length = sizeof(who);
	struct daemon_client *c;

	if (one < 0)
		return;
	c = find_place(d);
	if (!c || getsockopt(one, SOL_SOCKET, SO_PEERCRED, &who, &length)) {
		close(one);
		return;
	}
	*c = (struct daemon_client){.daemon = d, .fd = one, .uid = who.uid, .since_us = clock_boottime_us()};
	if (loop_add(&d->loop, one, on_client, c)) {
		close(one);
		c->fd = -1;
	}
}

int daemon_local_open(struct daemon *d, struct errbuf *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	for (unsigned i = 0; i < DAEMON_CLIENTS_MAX; i++)
		d->client[i].fd = -1;
	if ((size_t)snprintf(sa.sun_path, sizeof(sa.sun_path), "%.90s/heartbeatd.sock", d->run_dir) >=
	    sizeof(sa.sun_path))
		return err_set(e, -ENAMETOOLONG, "%s: path too long", d->run_dir);
	d->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->listener < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	(void)unlink(sa.sun_path);
	if (bind(d->listener, (struct sockaddr *)&sa, sizeof(sa)) || chmod(sa.sun_path, 0660) ||
	    listen(d->listener, 16))
		return err_set(e, -errno, "%s: %s", sa.sun_path, strerror(errno));
	if (loop_add(&d->loop, d->listener, on_connection, d))
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

void daemon_local_look(struct daemon *d, uint64_t now_us)
{
	unsigned count = 0;
	uint32_t uid = 0;

	for (unsigned i = 0; i < DAEMON_CLIENTS_MAX; i++) {
		struct daemon_client *c = &d->client[i];

		if (c->fd < 0 || c->kind || now_us < c->since_us + HELLO_US)
			continue;
		count++;
		uid = c->uid;
		hang_up(c, "silent");
	}
	if (count)
		LOG(LOG_WARNING, "client.silent", KV_U("uid", uid), KV_U("count", count),
		    KV_U("limit_ms", HELLO_US / 1000));
}

static bool same_gate(const struct role_view *a, const struct role_view *b)
{
	return a->version == b->version && a->epoch == b->epoch && a->active == b->active && a->open == b->open &&
	       a->mode == b->mode && a->writable_epoch == b->writable_epoch &&
	       a->drain_generation == b->drain_generation && !a->gate_until_us == !b->gate_until_us;
}

void daemon_local_tell(struct daemon *d, const struct hb_output *out)
{
	bool order = memcmp(&d->order, &out->order, sizeof(d->order)) != 0;
	bool gate = d->close_generation != out->close_generation || !same_gate(&d->view, &out->view);

	d->order = out->order;
	d->close_generation = out->close_generation;
	d->view = out->view;
	for (unsigned i = 0; (order || gate) && i < DAEMON_CLIENTS_MAX; i++) {
		struct daemon_client *c = &d->client[i];

		if (c->fd >= 0 && order && c->kind == LOCAL_CLIENT_REPLICATIOND)
			tell_replicationd(c);
		else if (c->fd >= 0 && gate && (c->kind == LOCAL_CLIENT_LEDGERD || c->kind == LOCAL_CLIENT_WORKERD))
			tell_gate(c);
	}
}
