/* How often something has died lately: a crash loop looks well in between. Pure. */
#ifndef HOLDFAST_HEARTBEAT_DEATHS_H
#define HOLDFAST_HEARTBEAT_DEATHS_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/fitness.h"

struct hb_deaths {
	uint64_t at_us[FIT_DEATHS]; /* a ring; 0: none yet */
	unsigned next;
};

void hb_deaths_note(struct hb_deaths *d, uint64_t now_us);

/* FIT_DEATHS deaths within FIT_DEATHS_US, and less than FIT_ALIVE_US since the last one. */
bool hb_deaths_too_many(const struct hb_deaths *d, uint64_t now_us);

#endif
