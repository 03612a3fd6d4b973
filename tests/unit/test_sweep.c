/* gateway/sweep.c over holds that are played: what can be let go is, whatever cannot, and while it is not, it is known. */
#include "gateway/row.h"
#include "gateway/sweep.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define START_US UINT64_C(1700000000000000)
#define MINUTE_US UINT64_C(60000000)
#define HOLDS_MAX 600

struct hold {
	uint64_t expires_us;
	bool open, stuck;
	bool marked; /* was in the way once */
	bool silent; /* of one that is stuck: no error, and not let go either */
	unsigned tries;
};

static struct hold holds[HOLDS_MAX];
static size_t hold_count;
static struct batch_tools tools;

static struct due due_of(size_t i)
{
	struct due ret = {.expires_us = holds[i].expires_us};

	ret.payment.byte[0] = (uint8_t)(i >> 8);
	ret.payment.byte[1] = (uint8_t)i;
	return ret;
}

static struct hold *hold_of(const struct ulid *id)
{
	return &holds[(size_t)id->byte[0] << 8 | id->byte[1]];
}

static bool is_behind(const struct due *a, const struct due *b)
{
	if (a->expires_us != b->expires_us)
		return a->expires_us > b->expires_us;
	return memcmp(&a->payment, &b->payment, sizeof(a->payment)) > 0;
}

/* The first behind `after`; hold_count: there is none. */
static size_t next_behind(const struct due *after)
{
	size_t ret = hold_count;

	for (size_t i = 0; i < hold_count; i++) {
		struct due one = due_of(i), best = ret < hold_count ? due_of(ret) : one;

		if (holds[i].open && is_behind(&one, after) && (ret == hold_count || is_behind(&best, &one)))
			ret = i;
	}
	return ret;
}

int row_find_due(struct store *s, uint64_t now_us, const struct due *after, struct due *ret, size_t *count,
    uint64_t *next_us, struct text *sql, struct errbuf *e)
{
	struct due at = *after;
	size_t max = *count;

	(void)s;
	(void)sql;
	(void)e;
	*next_us = UINT64_MAX;
	for (*count = 0;;) {
		size_t i = next_behind(&at);

		if (i == hold_count)
			return 0;
		at = due_of(i);
		if (at.expires_us > now_us || *count == max) {
			*next_us = at.expires_us;
			return 0;
		}
		ret[(*count)++] = at;
	}
}

int batch_read(struct batch_tools *t, struct request *list, struct errbuf *e)
{
	(void)t;
	(void)list;
	(void)e;
	return 0;
}

enum batch_end batch_write(struct batch_tools *t, struct request *list, struct request **rest, struct errbuf *e)
{
	bool some = false;

	*rest = NULL;
	for (struct request *r = list; r; r = r->next)
		hold_of(&r->message.op.subject)->tries++;
	for (struct request *r = list; r; r = r->next) {
		const struct hold *h = hold_of(&r->message.op.subject);

		if (h->stuck && !h->silent) {
			(void)err_set(e, -EBADMSG, "a check refuses it");
			return BATCH_REFUSED;
		}
	}
	for (struct request *r = list; r; r = r->next) {
		struct hold *h = hold_of(&r->message.op.subject);

		h->open = h->stuck;
		some = some || !h->stuck;
	}
	t->head.batch_seq += some;
	return BATCH_COMMITTED;
}

static int set_up(void **state)
{
	(void)state;
	memset(holds, 0, sizeof(holds));
	hold_count = 0;
	memset(&tools, 0, sizeof(tools));
	tools.now_us = START_US;
	return 0;
}

static void add(size_t count, uint64_t expires_us, bool stuck)
{
	while (count--) {
		assert_true(hold_count < HOLDS_MAX);
		holds[hold_count++] =
		    (struct hold){.open = true, .stuck = stuck, .marked = stuck, .expires_us = expires_us};
		if (expires_us < tools.next_expiry_us) /* as batch.c does */
			tools.next_expiry_us = expires_us;
	}
}

static size_t open_due(bool marked)
{
	size_t ret = 0;

	for (size_t i = 0; i < hold_count; i++)
		ret += holds[i].open && holds[i].marked == marked && holds[i].expires_us <= tools.now_us;
	return ret;
}

static void run_once(void)
{
	struct errbuf e = {""};
	enum batch_end end = sweep_run(&tools, &e);

	assert_true(end == BATCH_COMMITTED || end == BATCH_REFUSED);
	/* Whoever is refused while something can still be let go is not told so for good. */
	if (open_due(false))
		assert_true(sweep_is_behind(&tools));
}

/* Until there is nothing more to be done at this time. */
static void run_all(void)
{
	unsigned runs = 0;

	do {
		run_once();
		assert_true(++runs < 20 * HOLDS_MAX);
	} while (tools.next_expiry_us <= tools.now_us);
	assert_int_equal(open_due(false), 0);
	assert_false(sweep_is_behind(&tools));
}

static void all_are_let_go(void **state)
{
	(void)state;
	add(300, START_US - 5, false);
	add(1, START_US + 7, false);
	run_once();
	assert_true(sweep_is_behind(&tools));
	run_all();
	assert_int_equal(tools.next_expiry_us, START_US + 7);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(holds[i].tries, 1);
	tools.now_us = START_US + 7;
	assert_true(sweep_is_behind(&tools)); /* until it was looked */
	run_once();
	assert_false(sweep_is_behind(&tools));
	assert_int_equal(tools.next_expiry_us, UINT64_MAX);
}

static void some_are_stepped_over(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		add(3, START_US - 100 + (uint64_t)i, false);
		add(1, START_US - 100 + (uint64_t)i, true);
		holds[hold_count - 1].silent = i % 2;
	}
	run_all();
	assert_int_equal(open_due(true), 20);
	assert_int_equal(tools.next_expiry_us, START_US + MINUTE_US);
}

/* They are tried again each minute, and nobody's refusal waits for that. */
static void those_that_are_known_hold_nobody_up(void **state)
{
	(void)state;
	add(200, START_US - 5, true);
	run_all();
	tools.now_us += MINUTE_US;
	for (unsigned runs = 0; tools.next_expiry_us <= tools.now_us; runs++) {
		if (runs == 100) /* others come before those, and only those are waited for */
			add(200, tools.now_us, false);
		run_once();
		assert_int_equal(sweep_is_behind(&tools), open_due(false) != 0);
		assert_true(runs < 20 * HOLDS_MAX);
	}
	assert_int_equal(hold_count, 400);
	assert_int_equal(open_due(false), 0);
	for (size_t i = 0; i < 200; i++)
		assert_true(holds[i].tries > 1);
	assert_int_equal(tools.next_expiry_us, tools.now_us + MINUTE_US);
}

static void what_is_mended_is_let_go(void **state)
{
	(void)state;
	add(5, START_US - 5, true);
	run_all();
	for (size_t i = 1; i < 5; i++)
		holds[i].stuck = false;
	tools.now_us += MINUTE_US;
	run_all();
	assert_int_equal(open_due(true), 1);
	holds[0].stuck = false;
	tools.now_us += MINUTE_US;
	run_all();
	assert_int_equal(tools.next_expiry_us, UINT64_MAX); /* and nothing is tried any more */
	add(1, START_US - 6, false);
	run_all();
}

/* Others that get in the way all the time do not put it off. */
static void what_is_mended_has_its_turn_while_others_are_in_the_way(void **state)
{
	(void)state;
	add(1, START_US - 5, true);
	run_all();
	holds[0].stuck = false;
	for (int i = 0; i < 4; i++) {
		tools.now_us += MINUTE_US / 2;
		add(1, tools.now_us - 1, true);
		run_all();
	}
	assert_false(holds[0].open);
}

/* Whatever comes when, some of it silent, some of it mended later: behind while something can be let go that was never in the way. The seed is
 * printed; HOLDFAST_TEST_SEED gives one back. */
static void drawn(void **state)
{
	const char *given = getenv("HOLDFAST_TEST_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned game = 0; game < 50; game++) {
		assert_int_equal(set_up(NULL), 0);
		for (unsigned step = 0; step < 300; step++) {
			unsigned what = (unsigned)rand_r(&seed) % 8;

			if (what < 3 && hold_count < HOLDS_MAX - 8)
				add((size_t)rand_r(&seed) % 8, tools.now_us + (uint64_t)rand_r(&seed) % 9, what == 0);
			if (what == 0 && hold_count)
				holds[hold_count - 1].silent = holds[hold_count - 1].stuck && rand_r(&seed) % 2;
			if (what == 1 && hold_count)
				holds[(size_t)rand_r(&seed) % hold_count].stuck = false;
			if (what < 3)
				continue;
			if (what == 3)
				tools.now_us += (uint64_t)rand_r(&seed) % (2 * MINUTE_US);
			else
				tools.now_us += (uint64_t)rand_r(&seed) % 5;
			run_once();
		}
		run_all();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(all_are_let_go, set_up),
	    cmocka_unit_test_setup(some_are_stepped_over, set_up),
	    cmocka_unit_test_setup(those_that_are_known_hold_nobody_up, set_up),
	    cmocka_unit_test_setup(what_is_mended_is_let_go, set_up),
	    cmocka_unit_test_setup(what_is_mended_has_its_turn_while_others_are_in_the_way, set_up),
	    cmocka_unit_test_setup(drawn, set_up),
	};

	return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
