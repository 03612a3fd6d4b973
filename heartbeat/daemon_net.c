#include "heartbeat/daemon.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"
#include "heartbeat/replica.h"

#define DATAGRAMS_A_TURN 64
#define STRANGER_US 100000
#define HOSTS_US 1000000
#define REFUSED_SAME_US 60000000
#define REFUSED_OTHER_US 5000000
#define OUTCAST_PAUSE_US 2000000
#define OUTCAST_LONG_US 5000000

/* The number of the next member after `at` that has this address; members: there is none. */
static uint8_t next_at(const struct hb_record *r, uint8_t at, const struct ip *ip)
{
	while (at < r->members && !ip_same(&r->member[at].address, ip) && !ip_same(&r->member[at].second_address, ip))
		at++;
	return at;
}

/* Somebody who knows of this cluster, or of one that was here before, and has not its keys: a replica that a new key of the heartbeats has not
 * reached. It cannot read the answer either, but for that there is one, so that it does not take the pair for dead. The answer is shorter than
 * the question, so that nobody answers an answer, and nobody is flooded by way of us. */
static void answer_stranger(struct daemon *d, unsigned path, size_t size)
{
	struct hb_message m = {.type = HB_READ,
	    .from = d->node.self,
	    .boot = d->node.acceptor.reg.boot,
	    .instance = d->node.acceptor.reg.instance};
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24];
	uint64_t now_us = clock_boottime_us();
	size_t n;

	if (d->node.self == HB_NOBODY || d->node.given_up.epoch || now_us < d->strangers_us + STRANGER_US)
		return;
	randombytes_buf(nonce, sizeof(nonce));
	n = wire_seal(&d->wire, (struct wire_way){.version = WIRE_VERSION, .key = d->wire.use}, &m, nonce, buf);
	if (!n || n >= size)
		return;
	d->strangers_us = now_us;
	(void)sendto(d->udp[path], buf, n, MSG_DONTWAIT, &d->sender.any, d->sender_length);
}

/* It has our key and the number of a member, and is another machine than the record says: it was replaced, and is back. */
static void tell_outcast(struct daemon *d)
{
	struct ip from = ip_of_socket(&d->sender);
	uint64_t now_us = clock_boottime_us();
	char address[IP_TEXT_BYTES];

	if (now_us > d->outcast_heard_us + OUTCAST_PAUSE_US)
		d->outcast_since_us = now_us;
	d->outcast_heard_us = now_us;
	/* It may be the new one, which we are the last to be told of. */
	if (now_us < d->outcast_since_us + OUTCAST_LONG_US ||
	    (d->outcast_told_us && now_us < d->outcast_told_us + REFUSED_SAME_US))
		return;
	d->outcast_told_us = now_us;
	LOG(LOG_WARNING, "stranger.hear", KV_S("address", ip_text(&from, address)),
	    KV_S("why", "it was a member before another machine took its place: switch it off, or begin it anew"));
}

/* What could not be read. To a replica it is a sign of life all the same. */
static void take_unread(struct daemon *d, unsigned path, size_t size, bool other_cluster)
{
	const struct hb_record *r = &d->node.known;
	struct ip from = ip_of_socket(&d->sender);

	if (!d->node.settings.replica) {
		if (next_at(&d->node.acceptor.reg.accepted, 0, &from) == d->node.acceptor.reg.accepted.members)
			answer_stranger(d, path, size);
		return;
	}
	for (uint8_t i = next_at(r, 0, &from); i < r->members; i = next_at(r, (uint8_t)(i + 1), &from))
		hb_replica_sign(
		    &d->node, i, other_cluster ? HB_SIGN_BEGUN_ANEW : HB_SIGN_OTHER_KEY, clock_boottime_us());
}

/* Names that no other is to come under. */
static void look_at_hosts(struct daemon *d, const char *name)
{
	uint64_t now_us = clock_boottime_us();
	struct hostseen now;

	if (!d->hosts_us || now_us > d->hosts_us + HOSTS_US) {
		d->hosts_us = now_us;
		if (hostseen_take(d->run_dir, &now))
			d->hosts = now;
	}
	d->node.name_of_host = hostseen_has(&d->hosts, name);
}

static bool is_same_refusal(const struct hb_refused *a, const struct hb_refused *b)
{
	return a->why == b->why && strcmp(a->who.name, b->who.name) == 0 && ip_same(&a->who.address, &b->who.address);
}

/* It asks five times a second: once a minute, and when it is another, or for another reason. */
static void tell_refused(struct daemon *d)
{
	const struct hb_refused *r = &d->node.refused, *told = &d->refused_told;
	char address[IP_TEXT_BYTES];

	if (!r->why || r->at_us == told->at_us ||
	    (told->why && r->at_us < told->at_us + (is_same_refusal(r, told) ? REFUSED_SAME_US : REFUSED_OTHER_US)))
		return;
	d->refused_told = *r;
	LOG(LOG_WARNING, "join.refuse", KV_S("name", r->who.name), KV_S("address", ip_text(&r->who.address, address)),
	    KV_U("level", r->level), KV_S("why", r->why), KV_S("because_of", r->older ? r->older : ""));
}

static void take(struct daemon *d, unsigned path, const uint8_t *buf, size_t size)
{
	struct hb_message m;
	struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};
	uint64_t wrong_key = d->wire.dropped[WIRE_WRONG_KEY], other = d->wire.dropped[WIRE_OTHER_CLUSTER];
	int code = wire_open(&d->wire, path, buf, size, &d->sender_way, &m);

	if (wrong_key != d->wire.dropped[WIRE_WRONG_KEY] || other != d->wire.dropped[WIRE_OTHER_CLUSTER])
		take_unread(d, path, size, other != d->wire.dropped[WIRE_OTHER_CLUSTER]);
	if (other != d->wire.dropped[WIRE_OTHER_CLUSTER] && !d->node.settings.replica &&
	    wire_is_ours(&d->wire, buf, size))
		tell_outcast(d);
	if (code < 0)
		return;
	if (m.from < HB_MEMBERS_MAX)
		d->heard_us[m.from][path] = clock_boottime_us();
	d->sender_path = path;
	if (code == 0 && (m.type == HB_JOIN || m.type == HB_WATCH))
		look_at_hosts(d, m.member.name);
	if (code == 0 && m.type == HB_KEYS)
		daemon_keys_hear(d, &m);
	else if (code == 0)
		daemon_step(d, &in);
	tell_refused(d);
}

static void drain(struct daemon *d, unsigned path)
{
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX + 1];

	for (unsigned i = 0; i < DATAGRAMS_A_TURN; i++) {
		ssize_t n;

		d->sender_length = sizeof(d->sender);
		n = recvfrom(d->udp[path], buf, sizeof(buf), MSG_DONTWAIT, &d->sender.any, &d->sender_length);
		if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH))
			continue; /* an ICMP answer to what we sent; the peer is away, as the silence says too */
		if (n < 0)
			break;
		take(d, path, buf, (size_t)n);
	}
}

static void on_first(void *userdata)
{
	drain(userdata, 0);
}

static void on_second(void *userdata)
{
	drain(userdata, 1);
}

static int open_path(struct daemon *d, unsigned path, const char *address, struct errbuf *e)
{
	union ip_socket sa;
	socklen_t length;
	struct ip ip;
	int code, fd;

	if (!ip_parse(address, &ip))
		return err_set(e, -EINVAL, "'%s' is not an IP address", address);
	length = ip_to_socket(&ip, (uint16_t)d->conf.heartbeat_port, &sa);
	fd = socket(ip_family(&ip), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	d->udp[path] = fd;
	/* A second network that is not there yet must not keep us from starting. */
	code = path ? ip_bind_early(fd, &ip) : 0;
	if (code)
		return err_set(e, code, "%s: FREEBIND: %s", address, strerror(-code));
	if (bind(fd, &sa.any, length))
		return err_set(e, -errno, "%s port %u: %s", address, d->conf.heartbeat_port, strerror(errno));
	if (loop_add(&d->loop, fd, path ? on_second : on_first, d))
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

int daemon_net_open(struct daemon *d, struct errbuf *e)
{
	const char *seed = d->conf.seed_address[0] ? d->conf.seed_address : d->conf.address;
	int code;

	d->udp[1] = -1;
	if (!ip_parse(seed, &d->seed))
		return err_set(e, -EINVAL, "join '%s' is not an IP address", seed);
	code = open_path(d, 0, d->conf.address, e);
	if (!code && d->conf.second_address[0])
		code = open_path(d, 1, d->conf.second_address, e);
	return code;
}

/* The length of *ret; 0: it has no address there. */
static socklen_t address_of(const struct daemon *d, uint8_t to, unsigned path, union ip_socket *ret)
{
	const struct hb_record *r = &d->node.acceptor.reg.accepted;
	const struct ip *ip;

	if (to == HB_TO_SEED)
		return path == 0 && d->conf.seed_address[0]
			   ? ip_to_socket(&d->seed, (uint16_t)d->conf.heartbeat_port, ret)
			   : 0;
	if (to == HB_TO_SENDER) {
		*ret = d->sender;
		return path == d->sender_path ? d->sender_length : 0;
	}
	if (to >= r->members)
		return 0;
	ip = path ? &r->member[to].second_address : &r->member[to].address;
	return ip_is_none(ip) ? 0 : ip_to_socket(ip, r->member[to].port, ret);
}

void daemon_net_send(struct daemon *d, const struct hb_letter *l)
{
	struct wire_way way = l->to == HB_TO_SENDER ? d->sender_way : wire_way_to(&d->wire, l->to);
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24];
	size_t n;

	randombytes_buf(nonce, sizeof(nonce));
	n = wire_seal(&d->wire, way, &l->message, nonce, buf); /* 0: it cannot be said to a release so old */
	for (unsigned path = 0; n && path < WIRE_PATHS; path++) {
		union ip_socket to;
		socklen_t length = d->udp[path] < 0 ? 0 : address_of(d, l->to, path, &to);

		if (!length)
			continue;
		/* A datagram that cannot be sent is a lost datagram: the protocol lives with those, the log would not. */
		if (sendto(d->udp[path], buf, n, MSG_DONTWAIT, &to.any, length) < 0)
			LOG(LOG_DEBUG, "datagram.unsent", KV_S("why", strerror(errno)));
	}
}

void daemon_net_tell(
    struct daemon *d, struct wire *w, uint8_t key, const struct hb_member *to, const struct hb_message *m)
{
	union ip_socket sa;
	socklen_t length = ip_to_socket(&to->address, to->port, &sa);
	struct wire_way way = {.version = WIRE_VERSION, .key = key};
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24];
	size_t n;

	randombytes_buf(nonce, sizeof(nonce));
	n = wire_seal(w, way, m, nonce, buf);
	if (n && d->udp[0] >= 0 && sendto(d->udp[0], buf, n, MSG_DONTWAIT, &sa.any, length) < 0)
		LOG(LOG_DEBUG, "datagram.unsent", KV_S("why", strerror(errno)));
}
