#include "heartbeat/deaths.h"

void hb_deaths_note(struct hb_deaths *d, uint64_t now_us)
{
	d->at_us[d->next] = now_us;
	d->next = (d->next + 1) % FIT_DEATHS;
}

bool hb_deaths_too_many(const struct hb_deaths *d, uint64_t now_us)
{
	uint64_t oldest_us = d->at_us[d->next], newest_us = d->at_us[(d->next + FIT_DEATHS - 1) % FIT_DEATHS];

	return oldest_us && newest_us < oldest_us + FIT_DEATHS_US && now_us < newest_us + FIT_ALIVE_US;
}
