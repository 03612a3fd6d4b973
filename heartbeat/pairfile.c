#include "heartbeat/pairfile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ip_text.h"

static void put_hex(const uint8_t *bytes, size_t size, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * size] = '\0';
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void pairfile_format(const struct pairfile *p, char ret[static PAIRFILE_BYTES])
{
	uint8_t bytes[KEYRING_BYTES_MAX];
	char at[GTID_TEXT_BYTES], hex[2 * KEYRING_BYTES_MAX + 1];
	size_t used = (size_t)snprintf(ret, PAIRFILE_BYTES, "at %s\n", gtid_format(p->at, at));

	used += (size_t)snprintf(
	    ret + used, PAIRFILE_BYTES - used, "epoch %" PRIu64 "\nwhen %" PRIu64 "\n", p->epoch, p->when_ms);
	if (p->has_ring) {
		put_hex(bytes, keyring_encode(&p->ring, bytes), hex);
		used += (size_t)snprintf(ret + used, PAIRFILE_BYTES - used, "keys %s\n", hex);
	}
	for (unsigned i = 0; i < p->members; i++) {
		const struct hb_member *m = &p->member[i];
		char address[IP_TEXT_BYTES];

		/* Without a word, and IPv4 as one number, as the first release had them. */
		if (ip_is_v4(&m->address))
			(void)snprintf(address, sizeof(address), "%" PRIu32, ip_to_v4(&m->address));
		else
			(void)ip_text(&m->address, address);
		used += (size_t)snprintf(
		    ret + used, PAIRFILE_BYTES - used, "%s %u %" PRIu64 "\n", address, m->port, m->instance);
	}
}

static int take_ring(const char *hex, struct keyring *ret)
{
	uint8_t bytes[KEYRING_BYTES_MAX];
	size_t n = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		int high = digit_of(hex[0]), low = digit_of(hex[1]);

		if (high < 0 || low < 0 || n == sizeof(bytes))
			return -EBADMSG;
		bytes[n++] = (uint8_t)(high << 4 | low);
	}
	return hex[0] || keyring_decode(bytes, n, ret) ? -EBADMSG : 0;
}

static bool take_address(const char *text, struct ip *ret)
{
	uint32_t ipv4;
	int end = 0;

	if (sscanf(text, "%" SCNu32 "%n", &ipv4, &end) != 1 || text[end])
		return ip_parse(text, ret) && !ip_is_v4(ret);
	*ret = ip_of_v4(ipv4);
	return true;
}

static int take_line(struct pairfile *p, const char *line)
{
	struct hb_member *m = &p->member[p->members];
	char address[IP_TEXT_BYTES];

	if (strncmp(line, "at ", 3) == 0)
		return gtid_parse(line + 3, &p->at) ? -EBADMSG : 0;
	if (strncmp(line, "keys ", 5) == 0) {
		p->has_ring = true;
		return take_ring(line + 5, &p->ring);
	}
	if (sscanf(line, "epoch %" SCNu64, &p->epoch) == 1 || sscanf(line, "when %" SCNu64, &p->when_ms) == 1)
		return 0;
	if (p->members < HB_MEMBERS_MAX && sscanf(line, "%45s %hu %" SCNu64, address, &m->port, &m->instance) == 3 &&
	    take_address(address, &m->address))
		p->members++;
	return 0;
}

int pairfile_parse(const char *text, struct pairfile *ret)
{
	struct pairfile p = {0};
	char line[2 * KEYRING_BYTES_MAX + 16];

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n < sizeof(line)) {
			memcpy(line, text, n);
			line[n] = '\0';
			if (take_line(&p, line))
				return -EBADMSG;
		}
		text += n + (text[n] == '\n');
	}
	if (!p.at.seq)
		return -EBADMSG;
	*ret = p;
	return 0;
}
