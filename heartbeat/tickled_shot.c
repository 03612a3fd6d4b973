#include "heartbeat/tickled.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "heartbeat/tickle_segment.h"

#define SEND_BYTES (1 << 20)

int tickled_shot_open(struct tickled *t, struct errbuf *e)
{
	int bytes = SEND_BYTES;

	/* IPPROTO_RAW: the header is ours (raw(7); since Linux 4.5 with IPv6 as well). */
	t->raw = socket(ip_is_v4(&t->vip) ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (t->raw < 0)
		return err_set(e, -errno, "raw socket (CAP_NET_RAW): %s", strerror(errno));
	(void)setsockopt(t->raw, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

/* To a client without a port: a raw socket of IPv6 insists on that. */
static ssize_t send_to(const struct tickled *t, const struct ip *client, const uint8_t *buf, size_t n)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (ip_is_v4(client)) {
		four.sin_addr.s_addr = htonl(ip_to_v4(client));
		return sendto(t->raw, buf, n, MSG_DONTWAIT, (struct sockaddr *)&four, sizeof(four));
	}
	memcpy(&six.sin6_addr, client->byte, IP_BYTES);
	six.sin6_scope_id = ip_is_link_local(client) ? t->interface : 0;
	return sendto(t->raw, buf, n, MSG_DONTWAIT, (struct sockaddr *)&six, sizeof(six));
}

void tickled_shoot(struct tickled *t, const struct tickle_key *key, bool probe)
{
	uint8_t buf[TICKLE_SEGMENT_BYTES_MAX];
	size_t n = tickle_segment(&t->vip, key, probe, buf);

	if (send_to(t, &key->client, buf, n) >= 0) {
		t->sent++;
		return;
	}
	t->refused++;
	t->refused_error = errno;
}
