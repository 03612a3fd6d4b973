/* heartbeat/pace.c: a loop closed over a standby that takes its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heartbeat/pace.h"

#define TICK_US 1000u
#define HEARD_TICKS 100u /* what is known of the standby is so old */

/* An active that commits a batch every batch_us when it does not rest, and a standby that takes standby_us for each. */
struct pair {
	uint64_t batch_us, standby_us, now_us;
	uint64_t committed_ppm, received_ppm; /* batches, in millionths */
	struct hb_pace_lag heard[HEARD_TICKS];
	struct hb_pace pace;
};

static uint64_t behind(const struct pair *p)
{
	return (p->committed_ppm - p->received_ppm) / 1000000;
}

static void tick(struct pair *p, uint64_t allowed)
{
	struct hb_pace_lag *heard = &p->heard[p->now_us / TICK_US % HEARD_TICKS], known = *heard;

	p->now_us += TICK_US;
	p->committed_ppm += TICK_US * 1000000 / (p->batch_us + p->pace.rest_us);
	p->received_ppm += TICK_US * 1000000 / p->standby_us;
	if (p->received_ppm > p->committed_ppm)
		p->received_ppm = p->committed_ppm;
	heard->written_seq = p->committed_ppm / 1000000;
	heard->done_seq = p->received_ppm / 1000000;
	heard->percent = (unsigned)(behind(p) * 100 / allowed);
	/* The own position is known at once. */
	known.written_seq = heard->written_seq;
	hb_pace_step(&p->pace, &known, p->now_us);
}

static void run(struct pair *p, uint64_t for_us, uint64_t allowed)
{
	for (uint64_t end_us = p->now_us + for_us; p->now_us < end_us;)
		tick(p, allowed);
}

static void who_keeps_up_slows_nobody_down(void **state)
{
	struct pair p = {.batch_us = 2000, .standby_us = 1000};

	(void)state;
	run(&p, 10000000, 15);
	assert_int_equal(p.pace.rest_us, 0);
	assert_true(p.committed_ppm / 1000000 > 4900);
}

static struct pair far_behind(void)
{
	struct pair p = {.batch_us = 1500, .standby_us = 5000, .committed_ppm = 1000u * 1000000u};

	for (unsigned i = 0; i < HEARD_TICKS; i++)
		p.heard[i] = (struct hb_pace_lag){.percent = 1000};
	return p;
}

static void who_is_behind_gets_near_and_stays(void **state)
{
	struct pair p = far_behind();

	(void)state;
	run(&p, 15000000, 15);
	assert_true(behind(&p) < 60);
	for (unsigned i = 0; i < 100; i++) {
		run(&p, 100000, 15);
		assert_true(behind(&p) < 80);
	}
	/* Nor is it slowed down for more than that: both go on at the pace of the standby, or nearly. */
	p.committed_ppm -= p.received_ppm;
	p.received_ppm = 0;
	run(&p, 10000000, 15);
	assert_true(p.received_ppm / 1000000 > 1000);
}

/* A standby that does 200 a second makes good 100, and 100 are written: neither much less nor much more. */
static void payments_go_on_at_a_share_meanwhile(void **state)
{
	struct pair p = far_behind();
	uint64_t before;

	(void)state;
	run(&p, 2000000, 15);
	for (unsigned second = 2; second < 7; second++) {
		before = p.committed_ppm;
		run(&p, 1000000, 15);
		assert_in_range((p.committed_ppm - before) / 1000000, 70, 130);
	}
}

static void nobody_rests_for_long_nor_for_nobody(void **state)
{
	struct hb_pace_lag slow = {.applying = true, .percent = 10000, .written_seq = 20, .done_seq = 10};
	struct hb_pace p = {0};
	uint64_t now_us = 1000000;

	(void)state;
	for (; now_us < 10000000; now_us += TICK_US) {
		slow.done_seq = now_us / 1000000;
		slow.written_seq = now_us / 50000;
		hb_pace_step(&p, &slow, now_us);
	}
	assert_int_equal(p.rest_us, PACE_REST_MAX_US);
	for (; now_us < 10500000; now_us += TICK_US)
		hb_pace_step(&p, NULL, now_us);
	assert_int_equal(p.rest_us, 0);
}

/* Its applier stands still, and it goes on to acknowledge. */
static void who_does_nothing_is_not_waited_for(void **state)
{
	struct pair p = far_behind();

	(void)state;
	run(&p, 2000000, 15);
	assert_true(p.pace.rest_us > 1000);
	p.standby_us = 1000000000;
	run(&p, 3000000, 15);
	assert_int_equal(p.pace.rest_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_keeps_up_slows_nobody_down),
	    cmocka_unit_test(who_is_behind_gets_near_and_stays),
	    cmocka_unit_test(payments_go_on_at_a_share_meanwhile),
	    cmocka_unit_test(nobody_rests_for_long_nor_for_nobody),
	    cmocka_unit_test(who_does_nothing_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
