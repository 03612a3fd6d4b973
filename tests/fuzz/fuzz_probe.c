/*
 * Throws damaged packets at what init and doctor, as root, read from the network: answers to probes of ARP and NDP; and damaged texts at what
 * reads addresses. fuzz_probe [SECONDS [SEED]]: 1 s unless told; the seed is printed. Each input stands in memory of exactly its size.
 */
#include "heartbeat/ctl_ndp.h"
#include "heartbeat/ctl_probe.h"
#include "heartbeat/ip_text.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_BYTES 120
#define TEXT_BYTES 64

static const uint8_t own[CTL_PROBE_MAC_BYTES] = {2, 0, 0, 0, 0, 1};
static unsigned long long hits, addresses;

static void damage(uint8_t *bytes, size_t *count, size_t max)
{
	for (uint64_t changes = draw(4); changes && *count; changes--) {
		size_t at = draw(*count);

		switch (draw(4)) {
		case 0: bytes[at] = (uint8_t)draw(256); break;
		case 1: bytes[at] ^= (uint8_t)(1 << draw(8)); break;
		case 2: *count = at; break;
		default: *count += draw(max - *count + 1); break;
		}
	}
}

static void *exactly(const void *bytes, size_t count)
{
	void *copy = malloc(count ? count : 1);

	insist(copy, "no memory");
	memcpy(copy, bytes, count);
	return copy;
}

/* An answer from machine 2 with up to three options, the hardware address in one of them or in none. */
static size_t an_answer(const struct ip *ip, uint8_t ret[static PACKET_BYTES])
{
	size_t at = 64;

	memset(ret, 0, PACKET_BYTES);
	ret[0] = 0x60;
	ret[6] = 58;
	ret[7] = 255;
	ret[40] = 136;
	memcpy(ret + 48, ip->byte, IP_BYTES);
	for (uint64_t options = draw(4); options; options--, at += ret[at + 1] * 8u) {
		ret[at] = (uint8_t)(1 + draw(3));
		ret[at + 1] = (uint8_t)(1 + draw(2));
		memcpy(ret + at + 2, "\2\0\0\0\0\2", CTL_NDP_MAC_BYTES);
	}
	return at;
}

static void one_packet(void)
{
	struct ip ip = {{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)draw(4)}};
	uint8_t packet[PACKET_BYTES] = "\0\1\10\0\6\4\0\2\2\0\0\0\0\2\12\115\0\2", mac[CTL_PROBE_MAC_BYTES] = {0},
		*exact;
	bool arp = draw(2);
	size_t count = arp ? CTL_PROBE_BYTES : an_answer(&ip, packet);
	bool hit;

	damage(packet, &count, sizeof(packet));
	exact = exactly(packet, count);
	hit = arp ? ctl_probe_hit(exact, count, own, 0x0a4d0002, mac) : ctl_ndp_hit(exact, count, own, &ip, mac);
	insist(!hit || memcmp(mac, own, sizeof(own)) != 0, "our own answer is taken for another's");
	hits += hit;
	free(exact);
}

static void one_text(void)
{
	static const char *const examples[] = {"10.0.0.100/24", "2001:db8::100/64", "::/1", "1:2:3:4:5:6:7:8/128",
	    "64:ff9b::10.0.0.1/96", "::ffff:1.2.3.4/128"};
	char text[TEXT_BYTES] = "", back[IP_TEXT_BYTES], *exact;
	size_t count;
	unsigned bits;
	struct ip ip, again;

	(void)snprintf(text, sizeof(text), "%s", examples[draw(sizeof(examples) / sizeof(examples[0]))]);
	count = strlen(text);
	damage((uint8_t *)text, &count, sizeof(text) - 1);
	text[count] = '\0';
	exact = exactly(text, strlen(text) + 1);
	if (ip_parse_cidr(exact, &ip, &bits)) {
		struct ip before = ip_before_slash(exact);

		insist(bits <= IP_BITS && ip_same(&ip, &before), "it has another prefix or address than it says");
		insist(ip_parse(ip_text(&ip, back), &again) && ip_same(&ip, &again), "it is written as another one");
		addresses++;
	}
	free(exact);
}

int main(int argc, char **argv)
{
	unsigned long long count = 0;

	if (!fuzz_begin("fuzz_probe", argc, argv))
		return 1;
	while (fuzz_goes_on())
		for (unsigned i = 0; i < 1000; i++, count++) {
			one_packet();
			one_text();
		}
	insist(hits && addresses, "nothing was good");
	printf("fuzz_probe: %llu inputs, %llu hits, %llu addresses\n", count, hits, addresses);
	return 0;
}
