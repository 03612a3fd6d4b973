/* The manifest of a backup: it comes back as it was, and not when anything of it has changed. */
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replication/manifest.h"

static const struct manifest sample = {.format = "1",
    .product = "0.1.0",
    .mariadb = "10.11.19-MariaDB",
    .cluster = "pay",
    .cluster_id = "0123456789abcdef",
    .node = "b",
    .role = "standby",
    .begun = "2026-11-21T21:00:00Z",
    .ended = "2026-11-21T21:00:09Z",
    .gtid = "0-1-500",
    .blake2b = "00",
    .level = 3,
    .epoch = 7,
    .ledger_epoch = 7,
    .operations = UINT64_MAX,
    .accounts = 2,
    .data_bytes = 1,
    .stream_bytes = 0};

static void test_round_trip(void **state)
{
	char text[MANIFEST_TEXT_BYTES], again[MANIFEST_TEXT_BYTES];
	struct manifest m;
	size_t length;

	(void)state;
	length = manifest_format(&sample, text);
	assert_int_equal(length, strlen(text));
	assert_int_equal(manifest_parse(text, &m, NULL), 0);
	assert_string_equal(m.gtid, "0-1-500");
	assert_true(m.operations == UINT64_MAX);
	(void)manifest_format(&m, again);
	assert_string_equal(text, again);
}

static void test_longest(void **state)
{
	char text[MANIFEST_TEXT_BYTES];
	struct manifest m = sample;

	(void)state;
	memset(m.blake2b, 'a', sizeof(m.blake2b) - 1);
	(void)manifest_format(&m, text);
	assert_int_equal(manifest_parse(text, &m, NULL), 0);
	assert_int_equal(strlen(m.blake2b), sizeof(m.blake2b) - 1);
}

/* No byte can change, no line go, and nothing be added. */
static void test_every_byte(void **state)
{
	char text[MANIFEST_TEXT_BYTES], spoilt[MANIFEST_TEXT_BYTES + 1];
	size_t length = manifest_format(&sample, text);
	struct errbuf e;
	struct manifest m;

	(void)state;
	for (size_t i = 0; i < length; i++) {
		memcpy(spoilt, text, length + 1);
		spoilt[i] ^= 1;
		e.text[0] = '\0';
		assert_int_equal(manifest_parse(spoilt, &m, &e), -EBADMSG);
		assert_non_null(strstr(e.text, "line "));
		memcpy(spoilt, text, length + 1);
		spoilt[i] = '\0';
		assert_int_equal(manifest_parse(spoilt, &m, &e), -EBADMSG);
	}
	memcpy(spoilt, text, length);
	memcpy(spoilt + length, "x", 2);
	assert_int_equal(manifest_parse(spoilt, &m, &e), -EBADMSG);
}

static void test_later_format(void **state)
{
	struct manifest m = sample;
	char text[MANIFEST_TEXT_BYTES];
	struct errbuf e;

	(void)state;
	m.format[0] = '2';
	(void)manifest_format(&m, text);
	assert_int_equal(manifest_parse(text, &m, &e), -EBADMSG);
	assert_string_equal(e.text, "line 1: format 2, this release knows 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_every_byte),
	    cmocka_unit_test(test_later_format),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
