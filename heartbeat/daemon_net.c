#include "heartbeat/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/log.h"

#define DATAGRAMS_A_TURN 64

static void on_datagram(void *userdata)
{
	struct daemon *d = userdata;
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX + 1];

	for (unsigned i = 0; i < DATAGRAMS_A_TURN; i++) {
		socklen_t length = sizeof(d->sender);
		ssize_t n = recvfrom(d->udp, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&d->sender, &length);
		struct hb_message m;
		struct hb_input in = {.kind = HB_IN_MESSAGE, .message = &m};

		if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH))
			continue; /* an ICMP answer to what we sent; the peer is away, as the silence says too */
		if (n < 0)
			break;
		if (wire_open(&d->wire, 0, buf, (size_t)n, &d->sender_way, &m) == 0)
			daemon_step(d, &in);
	}
}

int daemon_net_open(struct daemon *d, struct errbuf *e)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->conf.heartbeat_port)};

	if (inet_pton(AF_INET, d->conf.address, &sa.sin_addr) != 1)
		return err_set(e, -EINVAL, "address '%s' is not an IPv4 address", d->conf.address);
	d->seed = sa;
	if (d->conf.seed_address[0] && inet_pton(AF_INET, d->conf.seed_address, &d->seed.sin_addr) != 1)
		return err_set(e, -EINVAL, "join '%s' is not an IPv4 address", d->conf.seed_address);
	d->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->udp < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	if (bind(d->udp, (struct sockaddr *)&sa, sizeof(sa)))
		return err_set(e, -errno, "%s:%u: %s", d->conf.address, d->conf.heartbeat_port, strerror(errno));
	if (loop_add(&d->loop, d->udp, on_datagram, d))
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

static bool address_of(const struct daemon *d, uint8_t to, struct sockaddr_in *ret)
{
	const struct hb_record *r = &d->node.acceptor.reg.accepted;

	if (to == HB_TO_SEED) {
		*ret = d->seed;
		return d->conf.seed_address[0] != '\0';
	}
	if (to == HB_TO_SENDER) {
		*ret = d->sender;
		return true;
	}
	if (to >= r->members)
		return false;
	*ret = (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons(r->member[to].port),
	    .sin_addr.s_addr = htonl(r->member[to].ipv4),
	};
	return true;
}

void daemon_net_send(struct daemon *d, const struct hb_letter *l)
{
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24];
	struct sockaddr_in to;
	size_t n;

	if (!address_of(d, l->to, &to))
		return;
	randombytes_buf(nonce, sizeof(nonce));
	n = wire_seal(
	    &d->wire, l->to == HB_TO_SENDER ? d->sender_way : wire_way_to(&d->wire, l->to), &l->message, nonce, buf);
	if (!n)
		return; /* it cannot be said to a release so old */
	/* A datagram that cannot be sent is a lost datagram: the protocol lives with those, the log would not. */
	if (sendto(d->udp, buf, n, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) < 0)
		LOG(LOG_DEBUG, "datagram.unsent", KV_S("why", strerror(errno)));
}
