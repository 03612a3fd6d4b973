/* What an API key may do: a set of scopes, as words and as bits. Pure. */
#ifndef HOLDFAST_GATEWAY_SCOPE_H
#define HOLDFAST_GATEWAY_SCOPE_H

#include <stddef.h>
#include <stdint.h>

enum scope {
	SCOPE_NONE = 0,
	SCOPE_USERS_WRITE = 1 << 0,
	SCOPE_ACCOUNTS_WRITE = 1 << 1,
	SCOPE_LEDGER_READ = 1 << 2,
	SCOPE_TRANSFERS_WRITE = 1 << 3,
	SCOPE_PAYMENTS_WRITE = 1 << 4,
	SCOPE_TOPUPS_WRITE = 1 << 5,
	SCOPE_WITHDRAWALS_WRITE = 1 << 6,
	SCOPE_ADMIN = 1 << 7,
	SCOPE_ALL = (1 << 8) - 1,
	/* Not words: what every API key has, and what every session has. A route that needs the one refuses the other. */
	SCOPE_KEY = 1 << 16,
	SCOPE_SESSION = 1 << 17,
	SCOPE_PUBLIC = 1 << 18, /* of a route that needs no authentication */
	SCOPES_OF_SESSION = SCOPE_SESSION | SCOPE_ACCOUNTS_WRITE | SCOPE_LEDGER_READ | SCOPE_TRANSFERS_WRITE |
			    SCOPE_PAYMENTS_WRITE | SCOPE_WITHDRAWALS_WRITE,
};

#define SCOPE_TEXT_BYTES 160

/* Words separated by blanks or commas, "*" is all. 0, or -EINVAL: an unknown word, its place in *bad, or no
 * word at all. */
int scope_parse(const char *text, uint32_t *ret, const char **bad);

/* Writes the words ("*" for all), terminated. Returns buf. */
const char *scope_format(uint32_t scopes, char buf[static SCOPE_TEXT_BYTES]);

#endif
