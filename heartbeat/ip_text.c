#include "heartbeat/ip_text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LENGTH_DIGITS 3

_Static_assert(IP_TEXT_BYTES == INET6_ADDRSTRLEN, "the longest text");

bool ip_parse(const char *text, struct ip *ret)
{
	struct in_addr v4;
	struct ip v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret = ip_of_v4(ntohl(v4.s_addr));
		return true;
	}
	if (inet_pton(AF_INET6, text, v6.byte) != 1 || ip_is_v4(&v6))
		return false;
	*ret = v6;
	return true;
}

static bool copy_before_slash(const char *text, char ret[static IP_TEXT_BYTES])
{
	size_t n = strcspn(text, "/");

	if (n >= IP_TEXT_BYTES)
		return false;
	memcpy(ret, text, n);
	ret[n] = '\0';
	return true;
}

bool ip_parse_cidr(const char *text, struct ip *ret, unsigned *bits)
{
	const char *digits = text + strcspn(text, "/");
	char address[IP_TEXT_BYTES];
	unsigned n = 0, before;
	struct ip ip;

	if (!*digits++ || *digits < '1' || *digits > '9' || strlen(digits) > LENGTH_DIGITS ||
	    strspn(digits, "0123456789") != strlen(digits) || !copy_before_slash(text, address) ||
	    !ip_parse(address, &ip))
		return false;
	for (; *digits; digits++)
		n = 10 * n + (unsigned)(*digits - '0');
	before = ip_is_v4(&ip) ? IP_V4_PREFIX : 0;
	if (before + n > IP_BITS)
		return false;
	*ret = ip;
	*bits = before + n;
	return true;
}

struct ip ip_before_slash(const char *text)
{
	char address[IP_TEXT_BYTES];
	struct ip ret = {{0}};

	if (copy_before_slash(text, address))
		(void)ip_parse(address, &ret);
	return ret;
}

bool ip_text_same_family(const char *one, const char *other)
{
	struct ip a = ip_before_slash(one), b = ip_before_slash(other);

	return ip_is_v4(&a) == ip_is_v4(&b);
}

const char *ip_text(const struct ip *ip, char ret[static IP_TEXT_BYTES])
{
	bool v4 = ip_is_v4(ip);
	const char *text = inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip->byte + IP_V4_AT : ip->byte, ret, IP_TEXT_BYTES);

	assert(text);
	return text;
}

const char *ip_url(const struct ip *ip, char ret[static IP_URL_BYTES])
{
	char text[IP_TEXT_BYTES];

	(void)snprintf(ret, IP_URL_BYTES, ip_is_v4(ip) ? "%s" : "[%s]", ip_text(ip, text));
	return ret;
}

unsigned ip_length(const struct ip *ip, unsigned bits)
{
	return ip_is_v4(ip) ? bits - IP_V4_PREFIX : bits;
}
