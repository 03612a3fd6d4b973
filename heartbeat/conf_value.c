#include "heartbeat/conf_value.h"

#include <string.h>

#include "heartbeat/ip_text.h"

bool value_is_of(const char *text, size_t max, const char *extra)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
		    !strchr(extra, text[i]))
			return false;
	return n >= 1 && n <= max;
}

bool value_is_ipv4(const char *text)
{
	struct ip ip;

	return ip_parse(text, &ip) && ip_is_v4(&ip);
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

bool value_is_endpoint(const char *text, char address[static VALUE_IPV4_BYTES], uint32_t *port)
{
	const char *colon = strchr(text, ':');

	if (!colon || (size_t)(colon - text) >= VALUE_IPV4_BYTES)
		return false;
	memcpy(address, text, (size_t)(colon - text));
	address[colon - text] = '\0';
	/* 0.0.0.0 would be the virtual IP, too, which is for clients. */
	return value_is_ipv4(address) && strcmp(address, "0.0.0.0") != 0 && value_number(colon + 1, 1024, 65535, port);
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
		if (n && !value_is_of(word, 32, "_-"))
			return false;
		words += n > 0;
		at += n + strspn(at + n, " ");
	}
	return words > 0;
}
