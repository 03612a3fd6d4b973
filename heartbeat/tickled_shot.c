#include "heartbeat/tickled.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "heartbeat/tickle_segment.h"

#define SEND_BYTES (1 << 20)

int tickled_shot_open(struct tickled *t, struct errbuf *e)
{
	int bytes = SEND_BYTES;

	/* IPPROTO_RAW: the header is ours (raw(7)). */
	t->raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (t->raw < 0)
		return err_set(e, -errno, "raw socket (CAP_NET_RAW): %s", strerror(errno));
	(void)setsockopt(t->raw, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

void tickled_shoot(struct tickled *t, uint64_t key, bool probe)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(tickle_client_ipv4(key))};
	uint8_t buf[TICKLE_SEGMENT_BYTES_MAX];
	size_t n = tickle_segment(t->vip, key, probe, buf);

	if (sendto(t->raw, buf, n, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) >= 0) {
		t->sent++;
		return;
	}
	t->refused++;
	t->refused_error = errno;
}
