#include "replication/pause.h"

#include "heartbeat/since.h"

void pause_failed(struct pause *p, const struct pause_limits *limits, uint64_t now_us)
{
	p->length_us = p->tries ? 2 * p->length_us : limits->first_us;
	if (p->length_us > limits->most_us)
		p->length_us = limits->most_us;
	p->tries++;
	p->until_us = now_us + p->length_us;
	p->well_since_us = 0;
}

void pause_look(struct pause *p, const struct pause_limits *limits, bool well, uint64_t now_us)
{
	since_note(&p->well_since_us, well, now_us);
	if (p->well_since_us && now_us >= p->well_since_us + limits->well_us)
		*p = (struct pause){.well_since_us = p->well_since_us};
}

bool pause_holds(const struct pause *p, uint64_t now_us)
{
	return now_us < p->until_us;
}
