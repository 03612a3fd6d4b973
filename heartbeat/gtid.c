#include "heartbeat/gtid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static bool take_number(const char **at, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	const char *p = *at;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*at = p;
	*ret = n;
	return true;
}

int gtid_parse(const char *text, struct gtid *ret)
{
	uint64_t domain, server, seq;

	if (!*text) {
		*ret = (struct gtid){0};
		return 0;
	}
	if (!take_number(&text, UINT32_MAX, &domain) || *text++ != '-')
		return -EINVAL;
	if (!take_number(&text, UINT32_MAX, &server) || *text++ != '-')
		return -EINVAL;
	if (!take_number(&text, UINT64_MAX, &seq) || *text)
		return -EINVAL;
	*ret = (struct gtid){(uint32_t)domain, (uint32_t)server, seq};
	return 0;
}

const char *gtid_format(struct gtid g, char buf[static GTID_TEXT_BYTES])
{
	if (g.seq == 0)
		buf[0] = '\0';
	else
		(void)snprintf(buf, GTID_TEXT_BYTES, "%" PRIu32 "-%" PRIu32 "-%" PRIu64, g.domain, g.server, g.seq);
	return buf;
}
