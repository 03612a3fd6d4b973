#include "heartbeat/conf_value.h"

#include <string.h>

bool value_is_of(const char *text, size_t max, const char *extra)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
		    !strchr(extra, text[i]))
			return false;
	return n >= 1 && n <= max;
}

static bool take_address(const char *text, struct ip *ret)
{
	return ip_parse(text, ret) && (ip_is_for_hosts(ret) || ip_is_loopback(ret));
}

bool value_is_address(const char *text)
{
	struct ip ip;

	return take_address(text, &ip);
}

const char *value_shortest(const char *address, char ret[static IP_TEXT_BYTES])
{
	struct ip ip = ip_before_slash(address);

	return ip_text(&ip, ret);
}

bool value_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	if (n < min || n > max)
		return false;
	*ret = (uint32_t)n;
	return true;
}

bool value_is_cidr(const char *text)
{
	struct ip ip;
	unsigned bits;

	return ip_parse_cidr(text, &ip, &bits) && ip_is_for_hosts(&ip);
}

bool value_is_endpoint(const char *text, struct ip *ip, uint32_t *port)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = *text == '[';
	char address[IP_TEXT_BYTES];
	struct ip one;
	size_t n;

	if (!colon || (bracketed && colon[-1] != ']'))
		return false;
	text += bracketed;
	n = (size_t)(colon - text) - bracketed;
	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	/* 0.0.0.0 and :: would be the virtual IP, too, which is for clients. */
	if (!take_address(address, &one) || ip_is_v4(&one) == bracketed || !value_number(colon + 1, 1024, 65535, port))
		return false;
	*ip = one;
	return true;
}

/* Is the word of n bytes at there already before it, in the list that begins at text? */
static bool is_there_before(const char *text, const char *at, size_t n)
{
	for (; text < at; text += strcspn(text, " "), text += strspn(text, " "))
		if (strcspn(text, " ") == n && strncmp(text, at, n) == 0)
			return true;
	return false;
}

bool value_is_list(const char *text)
{
	const char *at = text;
	unsigned words = 0;

	while (*at) {
		char word[33];
		size_t n = strcspn(at, " ");

		if (n >= sizeof(word))
			return false;
		memcpy(word, at, n);
		word[n] = '\0';
		if (n && (!value_is_of(word, 32, "_-") || is_there_before(text, at, n)))
			return false;
		words += n > 0;
		at += n + strspn(at + n, " ");
	}
	return words > 0;
}
