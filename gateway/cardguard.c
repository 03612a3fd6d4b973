#include "gateway/cardguard.h"

#include "gateway/ids.h"

#include <string.h>

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
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

/* A run is a maximal sequence of digits with at most one blank or dash between two of them. */
static size_t run_length(
    const char *bytes, size_t count, char digits[static CARD_DIGITS_MAX + 1], size_t *ret_digits)
{
	size_t i = 0, n = 0;

	while (i < count) {
		if ((bytes[i] == ' ' || bytes[i] == '-') && i + 1 < count && is_digit(bytes[i + 1]))
			i++;
		if (!is_digit(bytes[i]))
			break;
		if (n <= CARD_DIGITS_MAX)
			digits[n < CARD_DIGITS_MAX ? n : CARD_DIGITS_MAX] = bytes[i];
		n++;
		i++;
	}
	*ret_digits = n;
	return i;
}

bool cardguard_finds(const char *bytes, size_t count)
{
	char digits[CARD_DIGITS_MAX + 1];

	if (is_our_id(bytes, count))
		return false;
	for (size_t i = 0; i < count;) {
		size_t n;

		if (!is_digit(bytes[i])) {
			i++;
			continue;
		}
		i += run_length(bytes + i, count - i, digits, &n);
		if (n >= CARD_DIGITS_MIN && n <= CARD_DIGITS_MAX && passes_luhn(digits, n))
			return true;
	}
	return false;
}
