#include "heartbeat/tickled.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "heartbeat/clusterkey.h"
#include "heartbeat/ip_socket.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#define DATAGRAMS_A_TURN 64
#define RECEIVE_BYTES (1 << 20) /* a whole list at once; the kernel counts twice the bytes of a datagram */

static struct tickled_peer *peer_at(struct tickled *t, const struct ip *ip)
{
	for (unsigned i = 0; i < t->peers; i++)
		if (ip_same(&t->peer[i].address, ip))
			return &t->peer[i];
	return NULL;
}

static bool is_of(const struct timespec *time, const struct stat *st)
{
	return time->tv_sec == st->st_mtim.tv_sec && time->tv_nsec == st->st_mtim.tv_nsec;
}

int tickled_net_find_key(struct tickled *t, struct errbuf *e)
{
	uint8_t key[CLUSTERKEY_BYTES];
	struct tickle_wire now;
	struct stat st;
	int code;

	if (stat(t->key_path, &st))
		return err_set(e, -errno, "%s: %s", t->key_path, strerror(errno));
	if (is_of(&t->key_time, &st))
		return 0;
	code = clusterkey_load(t->key_path, key, e);
	if (!code) {
		tickle_wire_start(&now, key);
		if (sodium_memcmp(now.key, t->wire.key, sizeof(now.key)) != 0)
			t->old_wire = t->wire;
		t->wire = now;
		t->key_time = st.st_mtim;
	}
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&now, sizeof(now));
	return code;
}

static int open_either(const struct tickled *t, const uint8_t *datagram, size_t size, struct tickle_message *ret)
{
	int code = tickle_wire_open(&t->wire, datagram, size, ret);

	return code == -EINVAL && t->old_wire.cluster ? tickle_wire_open(&t->old_wire, datagram, size, ret) : code;
}

static void report(struct tickled *t)
{
	struct tickle_message m;
	uint32_t at = 0;

	while (tickle_book_report(&t->book, &at, &m))
		tickled_net_send(t, &m);
}

static void take(struct tickled *t, const uint8_t *datagram, size_t size, const struct ip *from)
{
	struct tickled_peer *p = peer_at(t, from);
	struct tickle_message m;

	if (!p || open_either(t, datagram, size, &m) != 0 || !tickle_window_take(&p->window, &m, clock_boottime_us()))
		return;
	if (m.kind == TICKLE_ASK)
		report(t);
	else
		tickle_book_hear(&t->book, &m);
}

static int on_datagram(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct tickled *t = userdata;
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX + 1];

	(void)source;
	(void)revents;
	for (unsigned i = 0; i < DATAGRAMS_A_TURN; i++) {
		union ip_socket sender;
		socklen_t length = sizeof(sender);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, &sender.any, &length);
		struct ip from;

		if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH))
			continue; /* an ICMP answer to what we sent: the peer is away */
		if (n < 0)
			break;
		from = ip_of_socket(&sender);
		take(t, buf, (size_t)n, &from);
	}
	return 0;
}

int tickled_net_open(struct tickled *t, struct errbuf *e)
{
	int bytes = RECEIVE_BYTES;
	union ip_socket sa;
	socklen_t length;
	struct ip ip;

	if (!ip_parse(t->conf.address, &ip))
		return err_set(e, -EINVAL, "address '%s' is not an IP address", t->conf.address);
	length = ip_to_socket(&ip, (uint16_t)(t->conf.heartbeat_port + 1), &sa);
	t->udp = socket(ip_family(&ip), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->udp < 0)
		return err_set(e, -errno, "socket: %s", strerror(errno));
	/* A wish: the kernel may allow less, then the rounds bring what was lost. */
	(void)setsockopt(t->udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(t->udp, &sa.any, length))
		return err_set(
		    e, -errno, "%s port %u: %s", t->conf.address, t->conf.heartbeat_port + 1, strerror(errno));
	if (sd_event_add_io(t->loop, NULL, t->udp, EPOLLIN, on_datagram, t) < 0)
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

/* "NUMBER NAME KIND ADDRESS", as heartbeatd writes it. */
static void add_peer(struct tickled *t, const char *line, const struct tickled_peer *old, unsigned olds)
{
	char name[16], kind[16], address[48];
	struct ip ip;
	unsigned number;

	if (sscanf(line, "%u %15s %15s %47s", &number, name, kind, address) != 4 || strcmp(kind, "gateway") != 0 ||
	    strcmp(name, t->conf.name) == 0 || !ip_parse(address, &ip) || t->peers == TICKLED_PEERS_MAX)
		return;
	t->peer[t->peers] = (struct tickled_peer){.address = ip};
	for (unsigned i = 0; i < olds; i++)
		if (ip_same(&old[i].address, &ip))
			t->peer[t->peers] = old[i];
	t->peers++;
}

void tickled_net_find_peers(struct tickled *t)
{
	struct tickled_peer old[TICKLED_PEERS_MAX];
	unsigned olds = t->peers;
	char path[160], line[128];
	struct stat st;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/members", t->run_dir);
	if (stat(path, &st) || is_of(&t->members_time, &st))
		return; /* there is none before heartbeatd has heard the record */
	f = fopen(path, "re");
	if (!f)
		return;
	memcpy(old, t->peer, sizeof(old));
	t->peers = 0;
	while (fgets(line, sizeof(line), f))
		add_peer(t, line, old, olds);
	(void)fclose(f);
	t->members_time = st.st_mtim;
	LOG(LOG_INFO, "tickle.peers", KV_U("gateways", t->peers));
}

void tickled_net_send(struct tickled *t, struct tickle_message *m)
{
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES];
	size_t n;

	m->start = t->start;
	m->sequence = ++t->sequence;
	randombytes_buf(nonce, sizeof(nonce));
	n = tickle_wire_seal(&t->wire, m, nonce, buf);
	for (unsigned i = 0; i < t->peers; i++) {
		union ip_socket to;
		socklen_t length = ip_to_socket(&t->peer[i].address, (uint16_t)(t->conf.heartbeat_port + 1), &to);

		/* One that cannot be sent is a lost one: the next round has it again. */
		(void)sendto(t->udp, buf, n, MSG_DONTWAIT, &to.any, length);
	}
}

void tickled_net_tell(struct tickled *t)
{
	struct tickle_message m;

	while (tickle_book_tell(&t->book, &m))
		tickled_net_send(t, &m);
}
