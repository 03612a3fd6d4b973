#include "heartbeat/pace.h"

#include <stddef.h>

#define LOOK_US 25000	  /* what is heard of the standby is hardly newer */
#define MEASURE_US 100000 /* some beats with news of the standby */
#define STANDS_US 2000000 /* who has worked nothing off for so long is not waited for */
#define FIRST_US 500	  /* the smallest rest that is worth a timer */
#define NEAR_PERCENT 60	  /* then the rest shrinks; above it, up to 100, it stays */

static uint64_t within(uint64_t value, uint64_t least, uint64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* What the rest would have to be for one batch written in the time in which PACE_SHARE are worked off: the time that a batch takes
 * without its rest is in what was measured. One measurement does not change it by more than a factor. */
static uint64_t fitting(uint64_t rest_us, uint64_t took_us, uint64_t written, uint64_t done)
{
	uint64_t most_us = rest_us * 2 + FIRST_US, wanted_us = took_us * PACE_SHARE / done;
	uint64_t batch_us = written ? took_us / written : took_us;
	uint64_t fits_us = rest_us + wanted_us > batch_us ? rest_us + wanted_us - batch_us : 0;

	return within(within(fits_us, rest_us / 2, most_us), 0, PACE_REST_MAX_US);
}

static void measure(struct hb_pace *p, const struct hb_pace_lag *lag, uint64_t now_us)
{
	bool goes_on = p->measured_us && p->from.applying == lag->applying && lag->done_seq >= p->from.done_seq &&
		       lag->written_seq >= p->from.written_seq;

	if (goes_on && lag->done_seq == p->from.done_seq) {
		if (now_us > p->measured_us + STANDS_US)
			p->rest_us /= 2;
		return;
	}
	if (goes_on && now_us < p->measured_us + MEASURE_US)
		return;
	if (goes_on)
		p->rest_us = fitting(p->rest_us, now_us - p->measured_us, lag->written_seq - p->from.written_seq,
		    lag->done_seq - p->from.done_seq);
	p->from = *lag;
	p->measured_us = now_us;
}

void hb_pace_step(struct hb_pace *p, const struct hb_pace_lag *lag, uint64_t now_us)
{
	if (now_us < p->looked_us + LOOK_US)
		return;
	p->looked_us = now_us;
	if (lag && lag->percent > 100) {
		measure(p, lag, now_us);
		return;
	}
	p->measured_us = 0;
	if (!lag)
		p->rest_us /= 2;
	else if (lag->percent < NEAR_PERCENT)
		p->rest_us -= p->rest_us / 16;
	if (p->rest_us < FIRST_US)
		p->rest_us = 0;
}
