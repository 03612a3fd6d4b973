/* What a promoted replica keeps of its pair: it is read as it was written, and nothing that is damaged is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "heartbeat/pairfile.h"

static struct pairfile full(void)
{
	struct pairfile p = {
	    .at = {0, 1, 900}, .epoch = 1004, .when_ms = 1763802000123, .has_ring = true, .members = HB_MEMBERS_MAX};

	p.ring = (struct keyring){.cluster = 0x1122334455667788, .count = 2, .use = 1};
	for (uint8_t i = 0; i < KEYRING_KEYS; i++) {
		p.ring.key[i].number = 6u + i;
		memset(p.ring.key[i].secret, 0xa0 + i, KEYRING_SECRET_BYTES);
	}
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++)
		p.member[i] =
		    (struct hb_member){.address = ip_of_v4(UINT32_MAX - i), .port = 65535, .instance = UINT64_MAX - i};
	/* The longest there are. */
	for (unsigned i = 1; i < HB_MEMBERS_MAX; i++) {
		memset(p.member[i].address.byte, 0xfd, IP_BYTES);
		p.member[i].address.byte[IP_BYTES - 1] = (uint8_t)(0xa0 + i);
	}
	return p;
}

static void test_it_is_read_as_it_was_written(void **state)
{
	struct pairfile p = full(), q;
	char text[PAIRFILE_BYTES];

	(void)state;
	pairfile_format(&p, text);
	assert_true(strlen(text) + 1 < sizeof(text));
	assert_int_equal(pairfile_parse(text, &q), 0);
	assert_int_equal(q.at.seq, 900);
	assert_int_equal(q.epoch, 1004);
	assert_true(q.when_ms == 1763802000123);
	assert_true(q.has_ring);
	assert_int_equal(q.ring.count, 2);
	assert_int_equal(q.ring.use, 1);
	assert_int_equal(q.ring.key[1].number, 7);
	assert_memory_equal(q.ring.key[1].secret, p.ring.key[1].secret, KEYRING_SECRET_BYTES);
	assert_int_equal(q.members, HB_MEMBERS_MAX);
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++) {
		assert_true(ip_same(&q.member[i].address, &p.member[i].address));
		assert_int_equal(q.member[i].port, p.member[i].port);
		assert_true(q.member[i].instance == p.member[i].instance);
	}
}

/* As the first release wrote it; and with what a later one may add. */
static void test_one_without_keys(void **state)
{
	struct pairfile p;

	(void)state;
	assert_int_equal(pairfile_parse("at 0-1-900\n167772161 7400 100\n167772162 7400 101\n", &p), 0);
	assert_false(p.has_ring);
	assert_int_equal(p.epoch, 0);
	assert_int_equal(p.members, 2);
	assert_int_equal(p.member[1].instance, 101);
	assert_int_equal(pairfile_parse("at 0-1-900\ncolour blue\n167772161 7400 100\n", &p), 0);
	assert_int_equal(p.members, 1);
	/* Of IPv6 only in the one way that we write, and of IPv4 only as a number. */
	assert_int_equal(pairfile_parse("at 0-1-900\nfd00::1 7400 100\n10.0.0.1 7400 101\nfd00::g 7400 102\n"
					"167772161x 7400 103\n",
			     &p),
	    0);
	assert_int_equal(p.members, 1);
	assert_int_equal(p.member[0].address.byte[0], 0xfd);
	assert_int_equal(p.member[0].instance, 100);
}

static void test_what_is_damaged(void **state)
{
	static const char *const bad[] = {"", "\n", "at \n", "at 0-1\n", "167772161 7400 100\n", "at 0-1-900\nkeys \n",
	    "at 0-1-900\nkeys 0\n", "at 0-1-900\nkeys zz\n", "at 0-1-900\nkeys 0102030405\n"};
	struct pairfile p = full(), q = {.epoch = 5};
	char text[PAIRFILE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (pairfile_parse(bad[i], &q) != -EBADMSG || q.epoch != 5)
			fail_msg("'%s' is taken", bad[i]);
	/* Cut off anywhere it is refused, or says what was whole. */
	pairfile_format(&p, text);
	for (size_t n = strlen(text); n--;) {
		text[n] = '\0';
		if (pairfile_parse(text, &q) == 0)
			assert_true(q.members <= HB_MEMBERS_MAX && (!q.has_ring || q.ring.count == 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_is_read_as_it_was_written),
	    cmocka_unit_test(test_one_without_keys),
	    cmocka_unit_test(test_what_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
