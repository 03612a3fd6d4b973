/* Addresses of both families: text, prefixes, and what is one of which family. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "heartbeat/ip_socket.h"
#include "heartbeat/ip_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_text_comes_back_in_its_shortest_form(void **state)
{
	static const struct {
		const char *text, *back;
		bool v4;
	} cases[] = {
	    {"10.0.0.1", "10.0.0.1", true},
	    {"0.0.0.0", "0.0.0.0", true},
	    {"255.255.255.255", "255.255.255.255", true},
	    {"2001:DB8:0:0::0:100", "2001:db8::100", false},
	    {"::", "::", false},
	    {"::1", "::1", false},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
	    {"64:ff9b::10.0.0.1", "64:ff9b::a00:1", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[IP_TEXT_BYTES], url[IP_URL_BYTES], want[IP_URL_BYTES];
		struct ip ip;

		assert_true(ip_parse(cases[i].text, &ip));
		assert_int_equal(ip_is_v4(&ip), cases[i].v4);
		assert_string_equal(ip_text(&ip, text), cases[i].back);
		(void)snprintf(want, sizeof(want), cases[i].v4 ? "%s" : "[%s]", text);
		assert_string_equal(ip_url(&ip, url), want);
	}
}

static void test_what_is_no_address_changes_nothing(void **state)
{
	static const char *const texts[] = {"", " ", "10.0.0", "10.0.0.256", "10.0.0.1/24", "10.0.0.1 ",
	    "::ffff:10.0.0.1", "::ffff:a00:1", "2001:db8::g", "2001:db8::1%eth0", "[2001:db8::1]",
	    "2001:db8::1::", "host", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	struct ip ip = ip_of_v4(7);

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (ip_parse(texts[i], &ip))
			fail_msg("'%s' is taken for an address", texts[i]);
	assert_int_equal(ip_to_v4(&ip), 7);
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *text;
		unsigned bits, length; /* 0: no prefix */
	} cases[] = {
	    {"10.0.0.100/24", 120, 24},
	    {"10.0.0.100/1", 97, 1},
	    {"10.0.0.100/32", 128, 32},
	    {"2001:db8::100/64", 64, 64},
	    {"2001:db8::100/128", 128, 128},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", 127, 127},
	    {"10.0.0.100/33", 0, 0},
	    {"10.0.0.100/0", 0, 0},
	    {"10.0.0.100/024", 0, 0},
	    {"10.0.0.100/ 24", 0, 0},
	    {"10.0.0.100/2x", 0, 0},
	    {"10.0.0.100/4294967320", 0, 0},
	    {"10.0.0.100/", 0, 0},
	    {"10.0.0.100", 0, 0},
	    {"2001:db8::100/129", 0, 0},
	    {"2001:db8::/64/64", 0, 0},
	    {"::ffff:10.0.0.100/120", 0, 0},
	    {"/64", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = ip_of_v4(7), there = ip_before_slash(cases[i].text);
		unsigned bits = 0;

		if (ip_parse_cidr(cases[i].text, &ip, &bits) != (cases[i].bits != 0) || bits != cases[i].bits)
			fail_msg("'%s': %u", cases[i].text, bits);
		if (!bits) {
			assert_int_equal(ip_to_v4(&ip), 7);
			continue;
		}
		assert_int_equal(ip_length(&ip, bits), cases[i].length);
		assert_true(ip_same(&ip, &there));
	}
}

static void test_a_network_begins_and_ends(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
		const char *first, *last;
	} cases[] = {
	    {"10.77.1.100", 120, "10.77.1.0", "10.77.1.255"},
	    {"10.77.1.100", 118, "10.77.0.0", "10.77.3.255"},
	    {"10.77.1.100", 128, "10.77.1.100", "10.77.1.100"},
	    {"10.77.1.100", 96, "0.0.0.0", "255.255.255.255"},
	    {"2001:db8:0:7::100", 64, "2001:db8:0:7::", "2001:db8:0:7:ffff:ffff:ffff:ffff"},
	    {"2001:db8:0:7::100", 63, "2001:db8:0:6::", "2001:db8:0:7:ffff:ffff:ffff:ffff"},
	    {"2001:db8:0:7::100", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = ip_before_slash(cases[i].text);
		struct ip first = ip_first_of(&ip, cases[i].bits), last = ip_last_of(&ip, cases[i].bits);
		char text[IP_TEXT_BYTES];

		assert_string_equal(ip_text(&first, text), cases[i].first);
		assert_string_equal(ip_text(&last, text), cases[i].last);
	}
}

static void test_kinds(void **state)
{
	struct ip v4 = ip_of_v4(0x0a4d0001), none = ip_before_slash("nothing"), zero = ip_of_v4(0);
	struct ip local = ip_before_slash("febf::1"), site = ip_before_slash("fec0::1");

	(void)state;
	assert_int_equal(ip_to_v4(&v4), 0x0a4d0001);
	assert_memory_equal(v4.byte, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x4d\0\1", 16);
	assert_true(ip_is_none(&none));
	assert_false(ip_is_none(&zero));
	assert_false(ip_is_none(&v4));
	assert_true(ip_is_link_local(&local));
	assert_false(ip_is_link_local(&site));
	assert_false(ip_is_link_local(&v4));
}

static void test_sockets(void **state)
{
	static const struct {
		const char *text;
		int family;
		socklen_t length;
		bool loopback;
	} cases[] = {
	    {"10.0.0.1", AF_INET, sizeof(struct sockaddr_in), false},
	    {"127.8.0.1", AF_INET, sizeof(struct sockaddr_in), true},
	    {"2001:db8::1", AF_INET6, sizeof(struct sockaddr_in6), false},
	    {"::1", AF_INET6, sizeof(struct sockaddr_in6), true},
	};
	union ip_socket s;
	struct ip other;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip = ip_before_slash(cases[i].text), back;

		assert_int_equal(ip_to_socket(&ip, 7400, &s), cases[i].length);
		assert_int_equal(s.any.sa_family, cases[i].family);
		assert_int_equal(ip_family(&ip), cases[i].family);
		assert_int_equal(ip_is_loopback(&ip), cases[i].loopback);
		assert_int_equal(cases[i].family == AF_INET ? ntohs(s.four.sin_port) : ntohs(s.six.sin6_port), 7400);
		back = ip_of_socket(&s);
		assert_true(ip_same(&ip, &back));
	}
	s.any.sa_family = AF_UNIX;
	other = ip_of_socket(&s);
	assert_true(ip_is_none(&other));
	assert_true(ip_text_same_family("10.0.0.1", "192.0.2.1/24"));
	assert_true(ip_text_same_family("fd00::1", "2001:db8::1"));
	assert_false(ip_text_same_family("10.0.0.1", "2001:db8::1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_comes_back_in_its_shortest_form),
	    cmocka_unit_test(test_what_is_no_address_changes_nothing),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_a_network_begins_and_ends),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
