#include "heartbeat/tickle_segment.h"

#include <string.h>

#include "heartbeat/tickle_list.h"

#define IP_BYTES 20u
#define TCP_BYTES 20u
#define TIME_STAMPS_BYTES 12u

enum { FLAG_PSH = 8, FLAG_ACK = 16 };

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* RFC 1071, over the words of p on top of what is in sum. */
static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

size_t tickle_segment(uint32_t vip, uint64_t key, bool probe, uint8_t buf[static TICKLE_SEGMENT_BYTES_MAX])
{
	static const uint8_t time_stamps[TIME_STAMPS_BYTES] = {1, 1, 8, 10}; /* no-op, no-op, both 0 */
	uint32_t header = TCP_BYTES + (probe ? TIME_STAMPS_BYTES : 0), tcp_bytes = header + probe;
	uint8_t *tcp = buf + IP_BYTES;

	memset(buf, 0, TICKLE_SEGMENT_BYTES_MAX);
	buf[0] = 0x45;
	put16(buf + 2, IP_BYTES + tcp_bytes);
	buf[6] = 0x40; /* do not fragment */
	buf[8] = 64;
	buf[9] = 6;
	put32(buf + 12, vip);
	put32(buf + 16, tickle_client_ipv4(key));
	put16(buf + 10, fold(add_words(0, buf, IP_BYTES)));
	put16(tcp, tickle_local_port(key));
	put16(tcp + 2, tickle_client_port(key));
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = probe ? FLAG_ACK | FLAG_PSH : FLAG_ACK;
	put16(tcp + 14, 1234); /* window: CTDB's */
	if (probe)
		memcpy(tcp + TCP_BYTES, time_stamps, sizeof(time_stamps));
	put16(tcp + 16, fold(add_words(6 + tcp_bytes, buf + 12, 8 + tcp_bytes)));
	return IP_BYTES + tcp_bytes;
}
