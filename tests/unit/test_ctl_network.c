/* Of holdfastctl: whether addresses fit the machine, and whether another one has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_ndp.h"
#include "heartbeat/ctl_probe.h"
#include "heartbeat/sum16.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "lo" is an interface that every machine has; that it is the loopback is told by a flag. */
#define V4(a, b, c, d)                                                                                                 \
	{                                                                                                              \
		{                                                                                                      \
			[10] = 0xff, 0xff, a, b, c, d                                                                  \
		}                                                                                                      \
	}
#define V6(a, b, last)                                                                                                 \
	{                                                                                                              \
		{                                                                                                      \
			0x20, 1, 0xd, 0xb8, [6] = a, b, [15] = last                                                    \
		}                                                                                                      \
	}
static const struct ctl_host host = {
    .address = {{"lo", V4(10, 77, 0, 1), 120, false}, {"other", V4(10, 78, 0, 1), 120, false},
	{"lo0", V4(127, 0, 0, 1), 104, true}, {"lo", V6(0, 9, 1), 64, false}, {"lo", V6(0, 7, 1), 64, false}},
    .addresses = 5,
};

static void test_network_is_checked(void **state)
{
	static const struct {
		const char *address, *interface, *vip, *said;
	} cases[] = {
	    {"10.77.0.1", "lo", "10.77.0.100/24", NULL},
	    {"10.77.0.1", "", "", NULL},
	    {"10.77.0.1", "none9", "10.77.0.100/24", "--interface none9: this machine has no such"},
	    {"10.77.0.2", "lo", "10.77.0.100/24", "--address 10.77.0.2 is not an address of this machine"},
	    {"10.78.0.1", "lo", "10.78.0.100/24", "--address 10.78.0.1 is on other, not on --interface lo"},
	    {"127.0.0.1", "", "", "loopback"},
	    {"10.77.0.1", "lo", "10.77.0.1/24", "--vip is the address of this machine"},
	    {"10.77.0.1", "lo", "10.78.0.1/24", "already an address of this machine, on other"},
	    {"10.77.0.1", "lo", "10.77.1.100/24", "--vip 10.77.1.100/24 is not in the network of lo, 10.77.0.0/24"},
	    {"10.77.0.1", "lo", "10.77.0.255/24", "broadcast"},
	    {"10.77.0.1", "lo", "10.77.0.0/24", "network or the broadcast"},
	    {"10.77.0.1", "lo", "2001:db8:0:7::100/64", NULL},
	    {"10.77.0.1", "lo", "2001:DB8:0:9:0:0:0:100/128", NULL},
	    {"10.77.0.1", "lo", "2001:db8:0:7:ffff:ffff:ffff:ffff/64", NULL},
	    {"10.77.0.1", "lo", "2001:db8:0:7::1/64", "already an address of this machine, on lo"},
	    {"10.77.0.1", "lo", "2001:db8:0:8::100/64", "is not in the network of lo, 2001:db8:0:9::/64"},
	    {"10.77.0.1", "lo", "2001:db8:0:7::/64",
		"2001:db8:0:7::/64 is the address of every router in the network of lo"},
	    {"10.78.0.1", "", "2001:db8:0:7::100/64", "other has no address of IPv6 that others than its link know"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {""};
		struct conf c = {0};
		int code;

		(void)snprintf(c.address, sizeof(c.address), "%s", cases[i].address);
		(void)snprintf(c.interface, sizeof(c.interface), "%s", cases[i].interface);
		(void)snprintf(c.vip, sizeof(c.vip), "%s", cases[i].vip);
		code = ctl_check_network(&c, &host, &e);
		assert_int_equal(code, cases[i].said ? -EINVAL : 0);
		if (cases[i].said && !strstr(e.text, cases[i].said))
			fail_msg("case %zu is answered with '%s'", i, e.text);
	}
}

static void test_who_answers_a_probe_has_the_address(void **state)
{
	static const uint8_t own[] = {2, 0, 0, 0, 0, 1}, other[] = {2, 0, 0, 0, 0, 2};
	static const struct {
		size_t at, size;
		uint8_t value;
		bool hit;
	} cases[] = {
	    {7, 28, 2, true},	/* a reply */
	    {7, 46, 2, true},	/* padded */
	    {7, 28, 1, true},	/* it asks for another's address from this one */
	    {7, 28, 3, false},	/* another operation */
	    {6, 28, 1, false},	/* the same */
	    {7, 27, 2, false},	/* cut off */
	    {7, 0, 2, false},	/* nothing */
	    {13, 28, 1, false}, /* our own */
	    {17, 28, 3, false}, /* of another address */
	    {14, 28, 0, false}, /* the same */
	    {1, 28, 6, false},	/* not Ethernet */
	    {3, 28, 1, false},	/* not IPv4 */
	    {4, 28, 20, false}, /* lengths that are none of Ethernet's */
	};
	uint8_t question[CTL_PROBE_BYTES], mac[CTL_PROBE_MAC_BYTES];

	(void)state;
	ctl_probe_make(own, 0x0a4d0002, question);
	assert_memory_equal(question, "\0\1\10\0\6\4\0\1\2\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\12\115\0\2", 28);
	assert_false(ctl_probe_hit(question, sizeof(question), other, 0x0a4d0002, mac)); /* tells of no address */
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t packet[64] = "\0\1\10\0\6\4\0\2\2\0\0\0\0\2\12\115\0\2\2\0\0\0\0\1";

		packet[cases[i].at] = cases[i].value;
		memset(mac, 0, sizeof(mac));
		if (ctl_probe_hit(packet, cases[i].size, own, 0x0a4d0002, mac) != cases[i].hit)
			fail_msg("case %zu", i);
		if (cases[i].hit)
			assert_memory_equal(mac, other, sizeof(mac));
	}
}

static void test_who_answers_a_probe_of_ipv6_has_the_address(void **state)
{
	static const uint8_t own[] = {2, 0, 0, 0, 0, 1}, other[] = {2, 0, 0, 0, 0, 2};
	static const struct ip ip = V6(0, 7, 0x64);
	static const struct {
		size_t at, size;
		uint8_t value;
		bool hit;
	} cases[] = {
	    {40, 72, 136, true},   /* an advertisement */
	    {63, 80, 0x64, true},  /* something behind its option */
	    {40, 72, 135, false},  /* a question */
	    {41, 72, 1, false},	   /* no code of these */
	    {7, 72, 254, false},   /* from behind a router */
	    {6, 72, 17, false},	   /* UDP */
	    {0, 72, 0x45, false},  /* IPv4 */
	    {63, 72, 0x65, false}, /* of another address */
	    {48, 72, 0xfe, false}, /* the same */
	    {64, 72, 1, false},	   /* no option with the hardware address */
	    {65, 72, 0, false},	   /* an option without a length */
	    {65, 72, 2, false},	   /* one that says to be longer */
	    {71, 72, 1, false},	   /* our own */
	    {40, 71, 136, false},  /* cut off */
	    {40, 63, 136, false},  /* cut off */
	    {40, 0, 136, false},   /* nothing */
	};
	uint8_t question[CTL_NDP_BYTES], mac[CTL_NDP_MAC_BYTES], to[CTL_NDP_MAC_BYTES];

	(void)state;
	ctl_ndp_make(&ip, question, to);
	assert_memory_equal(to, "\x33\x33\xff\0\0\x64", 6);
	assert_memory_equal(question, "\x60\0\0\0\0\x18\x3a\xff", 8);
	assert_memory_equal(question + 24, "\xff\2\0\0\0\0\0\0\0\0\0\1\xff\0\0\x64\x87\0", 18);
	assert_int_equal(sum16_finish(sum16_add(58 + 24, question + 8, 56)), 0);
	assert_false(ctl_ndp_hit(question, sizeof(question), other, &ip, mac));
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t packet[80] = {0x60, [5] = 32, [6] = 58, [7] = 255, [40] = 136, [64] = 2, 1, 2, [71] = 2};

		memcpy(packet + 48, ip.byte, sizeof(ip.byte));
		packet[cases[i].at] = cases[i].value;
		memset(mac, 0, sizeof(mac));
		if (ctl_ndp_hit(packet, cases[i].size, own, &ip, mac) != cases[i].hit)
			fail_msg("case %zu", i);
		if (cases[i].hit)
			assert_memory_equal(mac, other, sizeof(mac));
	}
}

/* "lo" is an interface that every machine has, and there is no asking on it. */
static void test_an_interface_that_cannot_be_probed_is_passed_over(void **state)
{
	struct conf c = {.interface = "lo", .vip = "127.0.0.2/8"};
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(ctl_probe_vip(&c, &e), 0);
	memcpy(c.vip, "::2/64", sizeof("::2/64"));
	assert_int_equal(ctl_probe_vip(&c, &e), 0);
	memcpy(c.interface, "none9", sizeof("none9"));
	assert_int_equal(ctl_probe_vip(&c, &e), 0);
	assert_string_equal(e.text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_network_is_checked),
	    cmocka_unit_test(test_who_answers_a_probe_has_the_address),
	    cmocka_unit_test(test_who_answers_a_probe_of_ipv6_has_the_address),
	    cmocka_unit_test(test_an_interface_that_cannot_be_probed_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
