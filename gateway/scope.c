#include "gateway/scope.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *word;
	uint32_t bit;
} scopes_known[] = {
    {"users:write", SCOPE_USERS_WRITE},
    {"accounts:write", SCOPE_ACCOUNTS_WRITE},
    {"ledger:read", SCOPE_LEDGER_READ},
    {"transfers:write", SCOPE_TRANSFERS_WRITE},
    {"payments:write", SCOPE_PAYMENTS_WRITE},
    {"topups:write", SCOPE_TOPUPS_WRITE},
    {"withdrawals:write", SCOPE_WITHDRAWALS_WRITE},
    {"admin", SCOPE_ADMIN},
    {"*", SCOPE_ALL},
};

int scope_parse(const char *text, uint32_t *ret, const char **bad)
{
	uint32_t found = 0;

	for (const char *at = text + strspn(text, " ,"); *at; at += strspn(at, " ,")) {
		size_t n = strcspn(at, " ,"), i;

		for (i = 0; i < sizeof(scopes_known) / sizeof(scopes_known[0]); i++)
			if (strlen(scopes_known[i].word) == n && memcmp(scopes_known[i].word, at, n) == 0)
				break;
		*bad = at;
		if (i == sizeof(scopes_known) / sizeof(scopes_known[0]))
			return -EINVAL;
		found |= scopes_known[i].bit;
		at += n;
	}
	*bad = text;
	if (!found)
		return -EINVAL;
	*ret = found;
	return 0;
}

const char *scope_format(uint32_t scopes, char buf[static SCOPE_TEXT_BYTES])
{
	size_t used = 0;

	if (scopes == SCOPE_ALL) {
		memcpy(buf, "*", 2);
		return buf;
	}
	for (size_t i = 0; i + 1 < sizeof(scopes_known) / sizeof(scopes_known[0]); i++) {
		size_t n = strlen(scopes_known[i].word);

		if (!(scopes & scopes_known[i].bit) || used + n + 2 > SCOPE_TEXT_BYTES)
			continue;
		if (used)
			buf[used++] = ' ';
		memcpy(buf + used, scopes_known[i].word, n);
		used += n;
	}
	buf[used] = '\0';
	return buf;
}
