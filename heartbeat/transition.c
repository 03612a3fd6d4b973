#include "heartbeat/transition.h"

#include "heartbeat/record.h"

void hb_moment(struct hb_moments *m, enum hb_stage stage, uint64_t now_us)
{
	if (!m->end_us[stage])
		m->end_us[stage] = now_us;
}

static uint64_t later(uint64_t a_us, uint64_t b_us)
{
	return a_us > b_us ? a_us : b_us;
}

/* When the stage could begin; 0: that is not known. */
static uint64_t begin_us(const struct hb_moments *m, enum hb_stage stage)
{
	switch (stage) {
	case HB_STAGE_DETECT: return m->began_us;
	/* The ballot may be an old one then: the claim was wanted for as long as it was refused. */
	case HB_STAGE_VOTE: return m->began_us ? m->end_us[HB_STAGE_DETECT] : 0;
	case HB_STAGE_ADDRESS: return m->end_us[HB_STAGE_VOTE];
	case HB_STAGE_ANSWER: return later(m->end_us[HB_STAGE_PROMOTE], m->end_us[HB_STAGE_ADDRESS]);
	default: return m->end_us[stage - 1];
	}
}

void hb_transition_stages(const struct hb_moments *m, struct hb_transition *t)
{
	uint64_t end_us = m->end_us[HB_STAGE_PROMOTE];

	/* While the role is handed over, the old one passes on what comes by the address. */
	if (end_us && t->reason != HB_REASON_SWITCHOVER)
		end_us = later(end_us, m->end_us[HB_STAGE_ADDRESS]);

	for (unsigned i = 0; i < HB_STAGE_COUNT; i++) {
		uint64_t from_us = begin_us(m, (enum hb_stage)i), to_us = m->end_us[i], ms;

		ms = from_us && to_us > from_us ? (to_us - from_us + 500) / 1000 : 0;
		t->stage_ms[i] = ms < UINT16_MAX ? (uint16_t)ms : UINT16_MAX;
	}
	t->took_ms = m->began_us && end_us > m->began_us ? (uint32_t)((end_us - m->began_us + 500) / 1000) : 0;
}

const char *hb_stage_text(unsigned stage)
{
	static const char *const text[] = {
#define X(id, word, help) word,
	    HB_STAGES(X)
#undef X
	};

	return stage < HB_STAGE_COUNT ? text[stage] : "unknown";
}
