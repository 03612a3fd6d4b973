#include "heartbeat/pace.h"

#include <stddef.h>

#define LOOK_US 25000	/* what is heard of the standby is hardly newer */
#define FIRST_US 500	/* the smallest rest that is worth a timer */
#define FAR_PERCENT 300 /* then it grows fast */
#define NEAR_PERCENT 60 /* then it shrinks; in between it stays */

static uint64_t longer(uint64_t rest_us, unsigned percent)
{
	uint64_t longer_us = rest_us + rest_us / (percent > FAR_PERCENT ? 2 : 8) + FIRST_US;

	return longer_us < PACE_REST_MAX_US ? longer_us : PACE_REST_MAX_US;
}

void hb_pace_step(struct hb_pace *p, const struct hb_pace_lag *lag, uint64_t now_us)
{
	unsigned percent = 0;

	if (now_us < p->looked_us + LOOK_US)
		return;
	p->looked_us = now_us;
	if (lag)
		percent = lag->received_percent > lag->applied_percent ? lag->received_percent : lag->applied_percent;
	if (percent > 100)
		p->rest_us = longer(p->rest_us, percent);
	else if (!lag)
		p->rest_us /= 2;
	else if (percent < NEAR_PERCENT)
		p->rest_us -= p->rest_us / 8;
	if (p->rest_us < FIRST_US)
		p->rest_us = 0;
}
