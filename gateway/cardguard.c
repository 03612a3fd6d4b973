#include "gateway/cardguard.h"

#include "heartbeat/ids.h"

#include <stdint.h>
#include <string.h>

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19

/* A character of UTF-8: its length in bytes, 0: none. */
static size_t decode(const char *at, size_t count, uint32_t *ret)
{
	const unsigned char *b = (const unsigned char *)at;
	size_t bytes = !count	     ? 0
		       : b[0] < 0x80 ? 1
		       : b[0] < 0xc0 ? 0
		       : b[0] < 0xe0 ? 2
		       : b[0] < 0xf0 ? 3
		       : b[0] < 0xf8 ? 4
				     : 0;
	uint32_t c;

	if (!bytes || bytes > count)
		return 0;
	c = bytes == 1 ? b[0] : b[0] & (0x7fu >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3fu);
	}
	*ret = c;
	return bytes;
}

/* Its length in bytes, and which; 0: something else. Those of full width (U+FF10 on), as an East Asian keyboard has them, are digits too. */
static size_t digit_bytes(const char *at, size_t count, char *ret)
{
	uint32_t c, zero;
	size_t bytes = decode(at, count, &c);

	if (!bytes)
		return 0;
	zero = c < 0xff10 ? '0' : 0xff10;
	if (c < zero || c > zero + 9)
		return 0;
	*ret = (char)('0' + (c - zero));
	return bytes;
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

/* What may stand between two digits of a card number, as people and their programs write it: from, to. All that Unicode (16) calls a space, a
 * separator or a dash (Zs, Zl, Zp, Pd), all that it calls ignorable, which is not seen (Default_Ignorable_Code_Point), and what looks like a dash. */
static const uint32_t separators[][2] = {
    {'\t', '\r'},			  /* tab, ends of lines */
    {' ', ' '}, {'-', '-'}, {0x85, 0x85}, /* next line */
    {0xa0, 0xa0},			  /* no-break space */
    {0xad, 0xad},			  /* soft hyphen */
    {0x2d7, 0x2d7},			  /* modifier minus */
    {0x34f, 0x34f},			  /* joiner of graphemes */
    {0x58a, 0x58a},			  /* Armenian hyphen */
    {0x5be, 0x5be},			  /* maqaf */
    {0x61c, 0x61c},			  /* Arabic mark of direction */
    {0x115f, 0x1160},			  /* fillers of Hangul */
    {0x1400, 0x1400},			  /* Canadian hyphen */
    {0x1680, 0x1680},			  /* ogham space */
    {0x17b4, 0x17b5},			  /* vowels of Khmer that are not seen */
    {0x1806, 0x1806},			  /* Mongolian hyphen */
    {0x180b, 0x180f},			  /* Mongolian selectors of variants, vowel separator */
    {0x2000, 0x2015},	/* spaces of all widths, also of none, marks of direction, hyphens and dashes */
    {0x2028, 0x202f},	/* ends of lines and paragraphs, marks of direction, narrow no-break space */
    {0x2043, 0x2043},	/* hyphen bullet */
    {0x2053, 0x2053},	/* swung dash */
    {0x205f, 0x206f},	/* mathematical space, and what is not seen */
    {0x20e3, 0x20e3},	/* the key around a digit, as telephones write it */
    {0x2212, 0x2212},	/* minus */
    {0x2500, 0x2501},	/* lines of boxes */
    {0x2800, 0x2800},	/* braille with no dots */
    {0x2e17, 0x2e17},	/* double oblique hyphen */
    {0x2e1a, 0x2e1a},	/* hyphen with diaeresis */
    {0x2e3a, 0x2e3b},	/* long dashes */
    {0x2e40, 0x2e40},	/* double hyphen */
    {0x2e5d, 0x2e5d},	/* oblique hyphen */
    {0x3000, 0x3000},	/* space of full width */
    {0x301c, 0x301c},	/* wave dash */
    {0x3030, 0x3030},	/* wavy dash */
    {0x30a0, 0x30a0},	/* katakana's double hyphen */
    {0x30fc, 0x30fc},	/* katakana's long vowel, which looks like a dash */
    {0x3161, 0x3161},	/* a vowel of Hangul that looks like one */
    {0x3164, 0x3164},	/* filler of Hangul */
    {0xfe00, 0xfe0f},	/* selectors of variants, which telephones write behind a digit */
    {0xfe31, 0xfe32},	/* upright dashes */
    {0xfe58, 0xfe58},	/* small dash */
    {0xfe63, 0xfe63},	/* small hyphen */
    {0xfeff, 0xfeff},	/* byte order mark, a space of no width */
    {0xff0d, 0xff0d},	/* hyphen of full width */
    {0xff5e, 0xff5e},	/* tilde of full width */
    {0xff70, 0xff70},	/* katakana's long vowel of half width */
    {0xffa0, 0xffa0},	/* filler of Hangul of half width */
    {0xfff0, 0xfffb},	/* marks of annotations */
    {0x10d6e, 0x10d6e}, /* Garay hyphen */
    {0x10ead, 0x10ead}, /* Yezidi hyphen */
    {0x1bca0, 0x1bca3}, /* marks of shorthand */
    {0x1d173, 0x1d17a}, /* marks of music */
    {0xe0000, 0xe0fff}, /* tags, more selectors of variants */
};

/* Its length in bytes, 0: something else. */
static size_t separator_bytes(const char *at, size_t count)
{
	uint32_t c;
	size_t bytes = decode(at, count, &c);

	for (size_t i = 0; bytes && i < sizeof(separators) / sizeof(separators[0]); i++)
		if (c >= separators[i][0] && c <= separators[i][1])
			return bytes;
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
