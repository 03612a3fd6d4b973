/* tickled's pure parts: the list, messages and their envelope, the segment, and the book that decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/tickle_book.h"
#include "heartbeat/tickle_segment.h"
#include "heartbeat/tickle_wire.h"

#define SECOND 1000000u

static const uint8_t cluster_key[TICKLE_WIRE_KEY_BYTES] = {1, 2, 3};
static struct tickle_book a, b;

static uint64_t client(uint32_t n)
{
	return tickle_key(0x0a000000 + n / 1000, (uint16_t)(20000 + n % 1000), 443);
}

static int set_up(void **state)
{
	(void)state;
	tickle_book_start(&a, 1);
	tickle_book_start(&b, 2);
	return 0;
}

static void test_list_is_a_set(void **state)
{
	struct tickle_list *l = &a.mine;

	(void)state;
	for (uint32_t i = 0; i < TICKLE_MAX; i++)
		assert_int_equal(tickle_list_put(l, client(i), 0), TICKLE_ADDED);
	assert_int_equal(tickle_list_put(l, client(TICKLE_MAX), 0), TICKLE_FULL);
	assert_int_equal(tickle_list_put(l, client(7), 0), TICKLE_KNOWN);
	for (uint32_t i = 0; i < TICKLE_MAX; i += 2)
		assert_true(tickle_list_remove(l, client(i)));
	assert_false(tickle_list_remove(l, client(0)));
	assert_int_equal(l->count, TICKLE_MAX / 2);
	for (uint32_t i = 0; i < TICKLE_MAX; i++)
		assert_int_equal(tickle_list_has(l, client(i)), i % 2);
	tickle_list_clear(l);
	assert_int_equal(l->count, 0);
	assert_false(tickle_list_has(l, client(1)));
}

/* Against a plain array of flags. */
static void test_list_after_many_changes(void **state)
{
	static bool there[3000];
	struct tickle_list *l = &a.mine;
	uint64_t random = 88172645463325252u;
	uint32_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t n;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		n = (uint32_t)(random >> 8) % 3000;
		if (random & 1) {
			assert_int_equal(tickle_list_put(l, client(n), i), there[n] ? TICKLE_KNOWN : TICKLE_ADDED);
			count += !there[n];
			there[n] = true;
		} else {
			assert_int_equal(tickle_list_remove(l, client(n)), there[n]);
			count -= there[n];
			there[n] = false;
		}
		assert_int_equal(l->count, count);
	}
	for (uint32_t n = 0; n < 3000; n++)
		assert_int_equal(tickle_list_has(l, client(n)), there[n]);
}

static void test_list_forgets_what_is_old(void **state)
{
	struct tickle_list *l = &a.mine;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		(void)tickle_list_put(l, client(i), UINT32_MAX - 1 + i / 50 * 3); /* the mark wraps */
	assert_int_equal(tickle_list_expire(l, 2, 3), 50);
	assert_int_equal(l->count, 50);
	assert_true(tickle_list_has(l, client(50)));
	assert_false(tickle_list_has(l, client(49)));
}

static struct tickle_message a_message(void)
{
	struct tickle_message m = {.start = 5,
	    .sequence = 6,
	    .kind = TICKLE_HOLDS,
	    .round = 7,
	    .added = 100,
	    .removed = TICKLE_KEYS_MAX - 100};

	for (uint32_t i = 0; i < TICKLE_KEYS_MAX; i++)
		m.key[i] = client(i);
	return m;
}

static void test_message_comes_back(void **state)
{
	struct tickle_message m = a_message(), back;
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES] = {9};
	struct tickle_wire w;
	size_t n;

	(void)state;
	tickle_wire_start(&w, cluster_key);
	n = tickle_wire_seal(&w, &m, nonce, buf);
	assert_int_equal(n, TICKLE_DATAGRAM_BYTES_MAX);
	assert_int_equal(tickle_wire_open(&w, buf, n, &back), 0);
	assert_int_equal(back.start, 5);
	assert_int_equal(back.sequence, 6);
	assert_int_equal(back.kind, TICKLE_HOLDS);
	assert_int_equal(back.round, 7);
	assert_int_equal(back.added, 100);
	assert_int_equal(back.removed, TICKLE_KEYS_MAX - 100);
	assert_memory_equal(back.key, m.key, sizeof(m.key));
}

/* The bytes of version 1 do not change by accident: key 01 02 03 00.., nonce 0, connection 10.0.0.0:20000 -> 443. */
static void test_pinned_bytes(void **state)
{
	static const char want[] =
	    "4854010055b70d302da55ad0000000000000000000000000000000000000000000000000f3c51ae1dcd016966c93feccebb9c04e4e"
	    "32897686c76637c05700761cba885fa4dd74cae2092122983e11645794463c46";
	struct tickle_message m = {
	    .start = 1, .sequence = 2, .kind = TICKLE_HOLDS, .round = 3, .added = 1, .key = {client(0)}};
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES] = {0};
	char hex[2 * TICKLE_DATAGRAM_BYTES_MAX + 1];
	struct tickle_wire w;
	size_t n;

	(void)state;
	tickle_wire_start(&w, cluster_key);
	n = tickle_wire_seal(&w, &m, nonce, buf);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), buf, n), want);
}

static void test_every_flipped_bit_and_every_cut_is_refused(void **state)
{
	struct tickle_message m = {.kind = TICKLE_ASK}, back;
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES] = {0};
	uint8_t other_key[TICKLE_WIRE_KEY_BYTES] = {3, 2, 1};
	struct tickle_wire w;
	size_t n;

	(void)state;
	tickle_wire_start(&w, cluster_key);
	n = tickle_wire_seal(&w, &m, nonce, buf);
	for (size_t i = 0; i < 8 * n; i++) {
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(tickle_wire_open(&w, buf, n, &back), i / 8 == 2 ? -ENOTSUP : -EINVAL);
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tickle_wire_open(&w, buf, i, &back), -EINVAL);
	assert_int_equal(tickle_wire_open(&w, buf, n, &back), 0);
	tickle_wire_start(&w, other_key);
	assert_int_equal(tickle_wire_open(&w, buf, n, &back), -EINVAL);
}

static void test_message_out_of_range_is_refused(void **state)
{
	uint8_t buf[TICKLE_MESSAGE_BYTES_MAX + 1] = {0};
	struct tickle_message m = a_message(), back;
	size_t n = tickle_message_encode(&m, buf);

	(void)state;
	assert_int_equal(tickle_message_decode(buf, n, &back), 0);
	assert_int_equal(tickle_message_decode(buf, n + 1, &back), -EINVAL);
	assert_int_equal(tickle_message_decode(buf, n - 1, &back), -EINVAL);
	buf[21]++; /* one added more than there may be */
	assert_int_equal(tickle_message_decode(buf, n, &back), -EINVAL);
	buf[21] = buf[22] = buf[23] = buf[24] = 0xff;
	assert_int_equal(tickle_message_decode(buf, n, &back), -EINVAL);
	memset(buf + 21, 0, 4);
	assert_int_equal(tickle_message_decode(buf, 25, &back), 0);
	buf[16] = 0;
	assert_int_equal(tickle_message_decode(buf, 25, &back), -EINVAL);
	buf[16] = TICKLE_KINDS;
	assert_int_equal(tickle_message_decode(buf, 25, &back), -EINVAL);
}

static bool taken(struct tickle_window *v, uint64_t start, uint64_t sequence, uint64_t now_us)
{
	struct tickle_message m = {.start = start, .sequence = sequence};

	return tickle_window_take(v, &m, now_us);
}

static void test_what_is_repeated_is_refused(void **state)
{
	struct tickle_window v = {0};

	(void)state;
	assert_true(taken(&v, 10, 1, 0));
	assert_false(taken(&v, 10, 1, 0));
	assert_true(taken(&v, 10, 70, 0));
	assert_true(taken(&v, 10, 69, 0));
	assert_false(taken(&v, 10, 69, 0));
	assert_false(taken(&v, 10, 6, 0));
	assert_true(taken(&v, 10, 7, 0));
	assert_true(taken(&v, 11, 1, SECOND));
	assert_false(taken(&v, 10, 99, 10 * SECOND));
	/* The sender's clock was set back: heard again when the later start has been silent. */
	assert_true(taken(&v, 10, 99, 11 * SECOND));
	assert_true(taken(&v, 10, 100, 11 * SECOND));
}

static uint32_t sum16(const uint8_t *p, size_t size, uint32_t sum)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (size % 2)
		sum += (uint32_t)p[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_segment(void **state)
{
	static const uint8_t want[] = {10, 0, 0, 100, 192, 168, 1, 2, 443 >> 8, 443 & 0xff, 50000 >> 8, 50000 & 0xff, 0,
	    0, 0, 0, 0, 0, 0, 0, 0x50, 16};
	uint64_t key = tickle_key(0xc0a80102, 50000, 443);
	uint8_t buf[TICKLE_SEGMENT_BYTES_MAX];

	(void)state;
	for (int probe = 0; probe < 2; probe++) {
		size_t n = tickle_segment(0x0a000064, key, probe, buf);

		assert_int_equal(n, probe ? 53 : 40);
		assert_int_equal(buf[0], 0x45);
		assert_int_equal(buf[3], n);
		assert_int_equal(sum16(buf, 20, 0), 0xffff);
		assert_int_equal(sum16(buf + 12, n - 12, 6 + (uint32_t)n - 20), 0xffff);
		assert_memory_equal(buf + 12, want, 20);
		assert_int_equal(buf[32], probe ? 0x80 : 0x50);
		assert_int_equal(buf[33], probe ? 24 : 16);
	}
}

/* One tick of the holder: everything it has to say reaches `to`, but for every lose-th message. */
static void tick(struct tickle_book *from, struct tickle_book *to, uint64_t now_us, unsigned lose)
{
	static unsigned count;
	struct tickle_message m;

	while (tickle_book_tell(from, &m) || tickle_book_tell_again(from, now_us, &m)) {
		m.start = 1;
		if (!lose || ++count % lose)
			tickle_book_hear(to, &m);
	}
}

static void look(struct tickle_book *book, uint32_t first, uint32_t count)
{
	tickle_book_look_begin(book);
	for (uint32_t i = first; i < first + count; i++)
		tickle_book_look_at(book, client(i));
	tickle_book_look_end(book);
}

static void run(uint64_t *now_us, uint64_t for_us, unsigned lose)
{
	for (uint64_t end = *now_us + for_us; *now_us < end; *now_us += 100000)
		tick(&a, &b, *now_us, lose);
}

static void test_the_other_knows_at_once_what_is_new_and_gone(void **state)
{
	uint64_t now_us = SECOND;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, TICKLE_MAX);
	tick(&a, &b, now_us, 0);
	assert_int_equal(b.theirs.count, TICKLE_MAX);
	look(&a, 3, 200);
	tick(&a, &b, now_us, 0);
	assert_int_equal(b.theirs.count, 200);
	assert_true(tickle_list_has(&b.theirs, client(3)));
	assert_false(tickle_list_has(&b.theirs, client(2)));
}

static void test_rounds_make_good_what_was_lost(void **state)
{
	uint64_t now_us = SECOND;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, TICKLE_MAX);
	run(&now_us, 4 * SECOND, 4);
	assert_int_equal(b.theirs.count, TICKLE_MAX);
	look(&a, 0, 5000);
	run(&now_us, 100000, 1); /* all lost */
	assert_int_equal(b.theirs.count, TICKLE_MAX);
	run(&now_us, 6 * SECOND, 0);
	assert_int_equal(b.theirs.count, 5000);
	look(&a, 0, 0);
	run(&now_us, 100000, 1);
	run(&now_us, 6 * SECOND, 0);
	assert_int_equal(b.theirs.count, 0);
}

static void test_a_round_is_spread_over_a_second(void **state)
{
	uint64_t now_us = SECOND, keys = 0;
	struct tickle_message m;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, TICKLE_MAX);
	while (tickle_book_tell(&a, &m))
		keys += m.added;
	assert_int_equal(keys, TICKLE_MAX);
	for (unsigned t = 0; t < 50; t++, now_us += 100000) {
		uint64_t before = keys;

		while (tickle_book_tell_again(&a, now_us, &m))
			keys += m.added;
		assert_true(keys - before <= TICKLE_MAX / 10 + 2 * TICKLE_KEYS_MAX);
	}
	assert_in_range(keys, 4 * TICKLE_MAX, 6 * TICKLE_MAX);
}

static void test_a_silent_holder_s_list_is_kept(void **state)
{
	uint64_t now_us = SECOND;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, 10);
	run(&now_us, SECOND, 0);
	tickle_book_arrive(&b, now_us + 3600u * SECOND);
	assert_int_equal(b.theirs.count, 10);
}

static void test_each_is_tickled_four_times_and_then_forgotten(void **state)
{
	static uint8_t times[TICKLE_MAX];
	uint64_t now_us = SECOND, key[TICKLE_BATCH], next_us;
	bool probe;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, TICKLE_MAX);
	run(&now_us, SECOND, 0);
	tickle_book_arrive(&b, now_us);
	look(&b, 5, 1); /* this one is here: it must not be bothered */
	do {
		uint32_t n = tickle_book_aim(&b, now_us, key, &probe, &next_us);

		for (uint32_t i = 0; i < n; i++) {
			uint32_t at =
			    (uint32_t)((key[i] >> 32) - 0x0a000000) * 1000 + tickle_client_port(key[i]) - 20000;

			assert_int_equal(probe, times[at] > 0);
			times[at]++;
		}
		assert_true(!next_us || next_us > now_us);
		if (next_us)
			now_us = next_us;
	} while (next_us);
	for (uint32_t i = 0; i < TICKLE_MAX; i++)
		assert_int_equal(times[i], i == 5 ? 0 : TICKLE_VOLLEYS);
	assert_in_range(now_us - b.since_us, 1000000, 1300000);
	assert_int_equal(b.theirs.count, 0);
	/* From now on it has its own to tell, and what a's last words say is too late. */
	tick(&a, &b, now_us + SECOND, 0);
	assert_int_equal(b.theirs.count, 0);
}

static void test_a_new_holder_asks_what_is_known(void **state)
{
	struct tickle_book *rebooted = &a;
	uint64_t now_us = SECOND, key[TICKLE_BATCH], next_us;
	struct tickle_message m;
	uint32_t at = 0;
	bool probe;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, 400);
	run(&now_us, SECOND, 0);
	tickle_book_start(rebooted, 3);
	tickle_book_arrive(rebooted, now_us);
	look(rebooted, 0, 0);
	assert_int_equal(tickle_book_aim(rebooted, now_us, key, &probe, &next_us), 0);
	while (tickle_book_report(&b, &at, &m))
		tickle_book_hear(rebooted, &m);
	assert_int_equal(tickle_book_aim(rebooted, next_us, key, &probe, &next_us), 400);
}

static void test_who_loses_the_address_tells_all_once_more(void **state)
{
	uint64_t now_us = SECOND;
	struct tickle_message m;
	uint32_t at = 0;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, 300);
	run(&now_us, 100000, 1); /* b has heard nothing */
	assert_int_equal(b.theirs.count, 0);
	look(&a, 0, 301);
	tickle_book_leave(&a);
	tick(&a, &b, now_us, 0);
	assert_int_equal(b.theirs.count, 301);
	assert_true(tickle_book_report(&a, &at, &m));
	/* Not for ever: the new holder has done its part. */
	tickle_book_arrive(&b, now_us);
	for (unsigned i = 0; i < 60; i++, now_us += 100000)
		tick(&b, &a, now_us, 0);
	at = 0;
	assert_false(tickle_book_report(&a, &at, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_list_is_a_set, set_up),
	    cmocka_unit_test_setup(test_list_after_many_changes, set_up),
	    cmocka_unit_test_setup(test_list_forgets_what_is_old, set_up),
	    cmocka_unit_test(test_message_comes_back),
	    cmocka_unit_test(test_pinned_bytes),
	    cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_refused),
	    cmocka_unit_test(test_message_out_of_range_is_refused),
	    cmocka_unit_test(test_what_is_repeated_is_refused),
	    cmocka_unit_test(test_segment),
	    cmocka_unit_test_setup(test_the_other_knows_at_once_what_is_new_and_gone, set_up),
	    cmocka_unit_test_setup(test_rounds_make_good_what_was_lost, set_up),
	    cmocka_unit_test_setup(test_a_round_is_spread_over_a_second, set_up),
	    cmocka_unit_test_setup(test_a_silent_holder_s_list_is_kept, set_up),
	    cmocka_unit_test_setup(test_each_is_tickled_four_times_and_then_forgotten, set_up),
	    cmocka_unit_test_setup(test_a_new_holder_asks_what_is_known, set_up),
	    cmocka_unit_test_setup(test_who_loses_the_address_tells_all_once_more, set_up),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
