/* tickled's list, and the book that decides. What it says, to the byte: tests/unit/test_tickle_wire.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heartbeat/tickle_book.h"

#define SECOND 1000000u

static struct tickle_book a, b;

static struct tickle_key client(uint32_t n)
{
	return (struct tickle_key){ip_of_v4(0x0a000000 + n / 1000), (uint16_t)(20000 + n % 1000), 443};
}

/* As many clients, of one network and of many. */
static struct tickle_key client_v6(uint32_t n)
{
	struct tickle_key key = {{{0x20, 1, 0xd, 0xb8}}, (uint16_t)(20000 + n % 7), 443};

	key.client.byte[n % 2 ? 7 : 15] = (uint8_t)n;
	key.client.byte[n % 2 ? 6 : 14] = (uint8_t)(n >> 8);
	return key;
}

static enum tickle_put put(struct tickle_list *l, struct tickle_key key, uint32_t mark)
{
	return tickle_list_put(l, &key, mark);
}

static bool drop(struct tickle_list *l, struct tickle_key key)
{
	return tickle_list_remove(l, &key);
}

static bool has(const struct tickle_list *l, struct tickle_key key)
{
	return tickle_list_has(l, &key);
}

static int set_up(void **state)
{
	(void)state;
	tickle_book_start(&a, 1, false);
	tickle_book_start(&b, 2, false);
	return 0;
}

static void test_list_is_a_set(void **state)
{
	struct tickle_list *l = &a.mine;

	(void)state;
	for (uint32_t i = 0; i < TICKLE_MAX; i++)
		assert_int_equal(put(l, client(i), 0), TICKLE_ADDED);
	assert_int_equal(put(l, client(TICKLE_MAX), 0), TICKLE_FULL);
	assert_int_equal(put(l, client(7), 0), TICKLE_KNOWN);
	for (uint32_t i = 0; i < TICKLE_MAX; i += 2)
		assert_true(drop(l, client(i)));
	assert_false(drop(l, client(0)));
	assert_int_equal(l->count, TICKLE_MAX / 2);
	for (uint32_t i = 0; i < TICKLE_MAX; i++)
		assert_int_equal(has(l, client(i)), i % 2);
	tickle_list_clear(l);
	assert_int_equal(l->count, 0);
	assert_false(has(l, client(1)));
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
			assert_int_equal(put(l, client(n), i), there[n] ? TICKLE_KNOWN : TICKLE_ADDED);
			count += !there[n];
			there[n] = true;
		} else {
			assert_int_equal(drop(l, client(n)), there[n]);
			count -= there[n];
			there[n] = false;
		}
		assert_int_equal(l->count, count);
	}
	for (uint32_t n = 0; n < 3000; n++)
		assert_int_equal(has(l, client(n)), there[n]);
}

static void test_list_forgets_what_is_old(void **state)
{
	struct tickle_list *l = &a.mine;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		(void)put(l, client(i), UINT32_MAX - 1 + i / 50 * 3); /* the mark wraps */
	assert_int_equal(tickle_list_expire(l, 2, 3), 50);
	assert_int_equal(l->count, 50);
	assert_true(has(l, client(50)));
	assert_false(has(l, client(49)));
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
	for (uint32_t i = first; i < first + count; i++) {
		struct tickle_key key = book->v6 ? client_v6(i) : client(i);

		tickle_book_look_at(book, &key);
	}
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
	assert_true(has(&b.theirs, client(3)));
	assert_false(has(&b.theirs, client(2)));
}

static void test_the_other_knows_as_much_of_ipv6(void **state)
{
	uint64_t now_us = SECOND, keys = 0;
	struct tickle_key known = client(3);
	struct tickle_message m;
	uint32_t at = 0;

	(void)state;
	tickle_book_start(&a, 1, true);
	tickle_book_start(&b, 2, true);
	tickle_book_arrive(&a, now_us);
	look(&a, 0, TICKLE_MAX);
	while (tickle_book_tell(&a, &m)) {
		uint8_t buf[TICKLE_MESSAGE_BYTES_MAX];
		struct tickle_message back;

		assert_true(m.v6 && m.added <= TICKLE_KEYS_MAX_V6);
		assert_int_equal(tickle_message_decode(buf, tickle_message_encode(&m, buf), &back), 0);
		tickle_book_hear(&b, &back);
		keys += m.added;
	}
	assert_int_equal(keys, a.mine.count);
	assert_int_equal(b.theirs.count, a.mine.count);
	for (uint32_t i = 0; i < TICKLE_MAX; i++)
		assert_true(has(&b.theirs, client_v6(i)));
	assert_true(tickle_book_report(&b, &at, &m) && m.v6);
	/* What is said of the other family is not for this address. */
	m = (struct tickle_message){.kind = TICKLE_HOLDS, .added = 1, .key = {known}};
	tickle_book_hear(&b, &m);
	assert_false(has(&b.theirs, known));
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
	struct tickle_key key[TICKLE_BATCH];
	uint64_t now_us = SECOND, next_us;
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
			uint32_t at = (ip_to_v4(&key[i].client) - 0x0a000000) * 1000 + key[i].client_port - 20000;

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
	struct tickle_key key[TICKLE_BATCH];
	uint64_t now_us = SECOND, next_us;
	struct tickle_message m;
	uint32_t at = 0;
	bool probe;

	(void)state;
	tickle_book_arrive(&a, now_us);
	look(&a, 0, 400);
	run(&now_us, SECOND, 0);
	tickle_book_start(rebooted, 3, false);
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
	    cmocka_unit_test_setup(test_the_other_knows_at_once_what_is_new_and_gone, set_up),
	    cmocka_unit_test_setup(test_the_other_knows_as_much_of_ipv6, set_up),
	    cmocka_unit_test_setup(test_rounds_make_good_what_was_lost, set_up),
	    cmocka_unit_test_setup(test_a_round_is_spread_over_a_second, set_up),
	    cmocka_unit_test_setup(test_a_silent_holder_s_list_is_kept, set_up),
	    cmocka_unit_test_setup(test_each_is_tickled_four_times_and_then_forgotten, set_up),
	    cmocka_unit_test_setup(test_a_new_holder_asks_what_is_known, set_up),
	    cmocka_unit_test_setup(test_who_loses_the_address_tells_all_once_more, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
