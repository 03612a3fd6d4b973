#include "gateway/subject.h"

#include "gateway/user.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

/* Who has one IPv6 address has all of its /64, and every failure could come from another one. False: no such address. */
static bool ipv6_network(const char *address, size_t bytes, uint8_t ret[static 8])
{
	char text[INET6_ADDRSTRLEN + 1];
	struct in6_addr a;

	if (bytes >= sizeof(text))
		return false;
	memcpy(text, address, bytes);
	text[bytes] = '\0';
	if (inet_pton(AF_INET6, text, &a) != 1 || IN6_IS_ADDR_V4MAPPED(&a))
		return false;
	memcpy(ret, a.s6_addr, 8);
	return true;
}

void lockout_subject(char what, const char *name, size_t bytes, uint8_t ret[static 32])
{
	char folded[LOGIN_CHARS_MAX + 1];
	size_t n = bytes < LOGIN_CHARS_MAX ? bytes : LOGIN_CHARS_MAX;

	folded[0] = what;
	if (what == 'a' && ipv6_network(name, bytes, (uint8_t *)folded + 1)) {
		n = 8;
	} else if (n) {
		memcpy(folded + 1, name, n);
		user_fold_login(folded + 1, n);
	}
	(void)crypto_generichash(ret, HASH_BYTES, (const unsigned char *)folded, n + 1, NULL, 0);
}
