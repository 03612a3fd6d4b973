/* What is taken for a card number, and what is not. */
#include "gateway/cardguard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Each character between the groups of a card number: some do not hide it, and they are those of the table. */
static void separators(void **state)
{
	static const uint32_t some[] = {' ', '-', '\t', '\n', '\r', 0xa0, 0xad, 0x2000, 0x2009, 0x200a, 0x200b, 0x2010,
	    0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2028, 0x202f, 0x205f, 0x2060, 0x2212, 0x3000, 0x30fc, 0xfe63,
	    0x58a, 0x5be, 0x1400, 0x1806, 0x2800, 0x2e17, 0x2e1a, 0x2e40, 0x2e5d, 0x301c, 0x3030, 0x30a0, 0x3164,
	    0xfe31, 0xffa0, 0xfeff, 0xff0d, 0x34f, 0x61c, 0x180b, 0x20e3, 0xfe00, 0xfe0f, 0x10d6e, 0x10ead, 0x1d173,
	    0xe0020, 0xe0100, 0xe0fff};
	size_t found = 0;

	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		char sep[5] = {0}, text[32];
		size_t n = 0;

		if ((c >= 0xd800 && c < 0xe000) || (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19))
			continue;
		if (c >= 0x10000) {
			sep[n++] = (char)(0xf0 | c >> 18);
			sep[n++] = (char)(0x80 | (c >> 12 & 0x3f));
			sep[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		} else if (c >= 0x800) {
			sep[n++] = (char)(0xe0 | c >> 12);
			sep[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		} else if (c >= 0x80) {
			sep[n++] = (char)(0xc0 | c >> 6);
		}
		sep[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
		(void)snprintf(text, sizeof(text), "4111%s1111%s1111%s1111", sep, sep, sep);
		n = 0;
		for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
			n += some[i] == c;
		if (n)
			assert_true(cardguard_finds(text, strlen(text)));
		found += cardguard_finds(text, strlen(text));
	}
	assert_int_equal(found, 4241); /* what the table has: letters and other signs are none */
}

static void card_numbers(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} cases[] = {
	    {"4111111111111111", true},
	    {"x4111 1111-1111 1111y", true},
	    {"4111111111111112", false},
	    {"411111111111", false},
	    {"4111  1111 1111 1111", true},
	    {"4111 - 1111 - 1111 - 1111", true},
	    {"4111\xc2\xa0"
	     "1111\xc2\xa0"
	     "1111\xc2\xa0"
	     "1111",
		true},
	    {"4111\xe2\x80\x93"
	     "1111\xe2\x80\x93"
	     "1111\xe2\x80\x93"
	     "1111",
		true},
	    {"4111\r\n1111\n1111\n1111", true},
	    {"４１１１　１１１１　１１１１　１１１１", true},
	    {"４１１１－１１１１－１１１１－１１１１", true},
	    {"4111　-　1111 1111 1111", true},
	    {"4111。1111 1111 1111", false},
	    {"４１１１１１１１１１１１１１１１", true},
	    {"４１１１ 1111-１１１１ 1111", true},
	    {"４１１１１１１１１１１１１１１２", false},
	    {"４１１１１１１１１１１１", false},
	    {"7４１１１１１１１１１１１１１１１", false},
	    {"7 ４１１１１１１１１１１１１１１１", true},
	    {"4111 1111 1111 1111 123", true},
	    {"4111 1111 1111 1111 12-27 123", true},
	    {"7 4111111111111111", true},
	    {"4111 1111 1111 111", false},
	    {"4111.1111.1111.1111", false},
	    {"4111\xe2\x80", false},
	    {"84111111111111111123", false},
	    {"", false},
	    {"-", false},
	    {"4222222222222", true},
	    {"00000000000000000000", false},
	    {"acc_01234567890123456789012345", false},
	    {"order 4111 1111 1111 1111 paid", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cardguard_finds(cases[i].text, strlen(cases[i].text)), cases[i].found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(card_numbers),
	    cmocka_unit_test(separators),
	};

	return cmocka_run_group_tests_name("cardguard", tests, NULL, NULL);
}
