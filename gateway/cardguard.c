#include "gateway/cardguard.h"

#include "heartbeat/ids.h"

#include <string.h>

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19

/* Its length in bytes, and which; 0: something else. Those of full width (U+FF10 on), as an East Asian keyboard has them, are digits too. */
static size_t digit_bytes(const char *at, size_t count, char *ret)
{
	const unsigned char *b = (const unsigned char *)at;

	if (count >= 1 && b[0] >= '0' && b[0] <= '9') {
		*ret = at[0];
		return 1;
	}
	if (count >= 3 && b[0] == 0xef && b[1] == 0xbc && b[2] >= 0x90 && b[2] <= 0x99) {
		*ret = (char)('0' + (b[2] - 0x90));
		return 3;
	}
	return 0;
}

static bool passes_luhn(const char *digits, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned d = (unsigned)(digits[count - 1 - i] - '0');

		if (i % 2)
			d = d * 2 > 9 ? d * 2 - 9 : d * 2;
		sum += d;
	}
	return sum % 10 == 0;
}

static bool is_our_id(const char *bytes, size_t count)
{
	static const char *const prefixes[] = {
	    "acc_", "tr_", "pay_", "ref_", "top_", "wd_", "usr_", "evt_", "req_", ""};
	struct ulid ignored;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (id_parse(bytes, count, prefixes[i], &ignored))
			return true;
	return false;
}

/* What may stand between two digits of a card number, as people write it: blanks, tabs, ends of lines and dashes, also the
 * typographic ones. Its length in bytes, 0: something else. */
static size_t separator_bytes(const char *at, size_t count)
{
	const unsigned char *b = (const unsigned char *)at;

	if (count >= 1 && (b[0] == ' ' || b[0] == '-' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r'))
		return 1;
	if (count >= 2 && b[0] == 0xc2 && (b[1] == 0xa0 || b[1] == 0xad)) /* no-break space, soft hyphen */
		return 2;
	if (count >= 3 && b[0] == 0xe2 && b[1] == 0x80 && ((b[2] >= 0x80 && b[2] <= 0x95) || b[2] == 0xaf))
		return 3; /* spaces and dashes from U+2000 on, narrow no-break space */
	if (count >= 3 && b[0] == 0xe2 && b[1] == 0x88 && b[2] == 0x92)
		return 3; /* minus */
	return 0;
}

/*
 * Does a card number begin here, at the first digit of a group? It ends with a group: what follows it in the
 * same run (an expiry date, a CVV) does not hide it, and neither does what stands before it.
 */
static bool begins_card(const char *bytes, size_t count)
{
	char digits[CARD_DIGITS_MAX];
	size_t i = 0, n = 0;

	while (i < count) {
		size_t gap;
		char digit;

		for (; (gap = digit_bytes(bytes + i, count - i, &digit)); i += gap) {
			if (n == CARD_DIGITS_MAX)
				return false;
			digits[n++] = digit;
		}
		if (n >= CARD_DIGITS_MIN && passes_luhn(digits, n))
			return true;
		for (gap = 0; i < count && (gap = separator_bytes(bytes + i, count - i)); i += gap)
			;
		if (!digit_bytes(bytes + i, count - i, &digit))
			return false;
	}
	return false;
}

bool cardguard_finds(const char *bytes, size_t count)
{
	bool in_group = false;

	if (is_our_id(bytes, count))
		return false;
	for (size_t i = 0, n; i < count; i += n ? n : 1) {
		char digit;

		n = digit_bytes(bytes + i, count - i, &digit);
		if (n && !in_group && begins_card(bytes + i, count - i))
			return true;
		in_group = n;
	}
	return false;
}
