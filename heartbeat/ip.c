#include "heartbeat/ip.h"

#include <assert.h>
#include <string.h>

static const uint8_t mapped[IP_V4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct ip ip_of_v4(uint32_t ipv4)
{
	struct ip ret;

	memcpy(ret.byte, mapped, sizeof(mapped));
	for (unsigned i = 0; i < 4; i++)
		ret.byte[IP_V4_AT + i] = (uint8_t)(ipv4 >> (24 - 8 * i));
	return ret;
}

bool ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->byte, mapped, sizeof(mapped)) == 0;
}

uint32_t ip_to_v4(const struct ip *ip)
{
	uint32_t ret = 0;

	assert(ip_is_v4(ip));
	for (unsigned i = IP_V4_AT; i < IP_BYTES; i++)
		ret = ret << 8 | ip->byte[i];
	return ret;
}

bool ip_is_none(const struct ip *ip)
{
	static const struct ip none;

	return ip_same(ip, &none);
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip loopback = {.byte = {[IP_BYTES - 1] = 1}};

	return ip_is_v4(ip) ? ip->byte[IP_V4_AT] == 127 : ip_same(ip, &loopback);
}

bool ip_is_for_hosts(const struct ip *ip)
{
	if (ip_is_v4(ip))
		return ip->byte[IP_V4_AT] && ip->byte[IP_V4_AT] < 224;
	return !ip_is_none(ip) && !ip_is_loopback(ip) && ip->byte[0] != 0xff && !ip_is_link_local(ip);
}

bool ip_is_link_local(const struct ip *ip)
{
	return ip->byte[0] == 0xfe && (ip->byte[1] & 0xc0) == 0x80;
}

bool ip_same(const struct ip *a, const struct ip *b)
{
	return memcmp(a->byte, b->byte, IP_BYTES) == 0;
}

/* rest: 0 or 0xff. */
static struct ip with_rest(const struct ip *ip, unsigned bits, uint8_t rest)
{
	struct ip ret = *ip;

	assert(bits <= IP_BITS);
	for (unsigned i = bits / 8; i < IP_BYTES; i++) {
		unsigned keep = i == bits / 8 ? 0xff00u >> bits % 8 & 0xff : 0;

		ret.byte[i] = (uint8_t)((ret.byte[i] & keep) | (rest & ~keep));
	}
	return ret;
}

struct ip ip_first_of(const struct ip *ip, unsigned bits)
{
	return with_rest(ip, bits, 0);
}

struct ip ip_last_of(const struct ip *ip, unsigned bits)
{
	return with_rest(ip, bits, 0xff);
}
