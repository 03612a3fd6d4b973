#include "heartbeat/tickle_segment.h"

#include <string.h>

#include "heartbeat/sum16.h"

#define V4_BYTES 20u
#define V6_BYTES 40u
#define TCP_BYTES 20u
#define TIME_STAMPS_BYTES 12u
#define TCP 6u
#define HOPS 64

_Static_assert(V6_BYTES + TCP_BYTES + TIME_STAMPS_BYTES + 1 == TICKLE_SEGMENT_BYTES_MAX, "the longest");

enum { FLAG_PSH = 8, FLAG_ACK = 16 };

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t put_v4(const struct ip *vip, const struct ip *client, size_t tcp_bytes, uint8_t *buf)
{
	buf[0] = 0x45;
	put16(buf + 2, (uint32_t)(V4_BYTES + tcp_bytes));
	buf[6] = 0x40; /* do not fragment */
	buf[8] = HOPS;
	buf[9] = TCP;
	memcpy(buf + V4_BYTES - 8, vip->byte + IP_V4_AT, 4);
	memcpy(buf + V4_BYTES - 4, client->byte + IP_V4_AT, 4);
	put16(buf + 10, sum16_finish(sum16_add(0, buf, V4_BYTES)));
	return V4_BYTES;
}

static size_t put_v6(const struct ip *vip, const struct ip *client, size_t tcp_bytes, uint8_t *buf)
{
	buf[0] = 0x60;
	put16(buf + 4, (uint32_t)tcp_bytes);
	buf[6] = TCP;
	buf[7] = HOPS;
	memcpy(buf + 8, vip->byte, IP_BYTES);
	memcpy(buf + 24, client->byte, IP_BYTES);
	return V6_BYTES;
}

size_t tickle_segment(
    const struct ip *vip, const struct tickle_key *key, bool probe, uint8_t buf[static TICKLE_SEGMENT_BYTES_MAX])
{
	static const uint8_t time_stamps[TIME_STAMPS_BYTES] = {1, 1, 8, 10}; /* no-op, no-op, both 0 */
	uint32_t header = TCP_BYTES + (probe ? TIME_STAMPS_BYTES : 0), tcp_bytes = header + probe;
	bool v4 = ip_is_v4(vip);
	size_t at,
	    addresses = v4 ? 8 : 32; /* they end the header, and are the first of what is summed up (RFC 8200, 8.1) */
	uint8_t *tcp;

	memset(buf, 0, TICKLE_SEGMENT_BYTES_MAX);
	at = (v4 ? put_v4 : put_v6)(vip, &key->client, tcp_bytes, buf);
	tcp = buf + at;
	put16(tcp, key->local_port);
	put16(tcp + 2, key->client_port);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = probe ? FLAG_ACK | FLAG_PSH : FLAG_ACK;
	put16(tcp + 14, 1234); /* window: CTDB's */
	if (probe)
		memcpy(tcp + TCP_BYTES, time_stamps, sizeof(time_stamps));
	put16(tcp + 16, sum16_finish(sum16_add(TCP + tcp_bytes, tcp - addresses, addresses + tcp_bytes)));
	return at + tcp_bytes;
}
