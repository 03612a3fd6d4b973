#include "heartbeat/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/record.h"

#define NUMBERS (6 + HB_STAGE_COUNT) /* of a line */

static bool is_same(const struct hb_transition *a, const struct hb_transition *b)
{
	return a->epoch == b->epoch && a->at_ms == b->at_ms && a->took_ms == b->took_ms && a->from == b->from &&
	       a->to == b->to && a->reason == b->reason && memcmp(a->stage_ms, b->stage_ms, sizeof(a->stage_ms)) == 0;
}

bool history_note(struct history *h, const struct hb_transition *t)
{
	unsigned at = h->count;

	if (!t->epoch)
		return false;
	while (at && h->entry[at - 1].epoch > t->epoch)
		at--;
	if (at && h->entry[at - 1].epoch == t->epoch) {
		if (is_same(&h->entry[at - 1], t))
			return false;
		h->entry[at - 1] = *t;
		return true;
	}
	if (h->count == HISTORY_MAX) {
		if (at == 0) /* older than all that is kept */
			return false;
		memmove(h->entry, h->entry + 1, (HISTORY_MAX - 1) * sizeof(h->entry[0]));
		h->count--;
		at--;
	}
	memmove(h->entry + at + 1, h->entry + at, (h->count - at) * sizeof(h->entry[0]));
	h->entry[at] = *t;
	h->count++;
	return true;
}

size_t history_format(const struct history *h, uint64_t instance, char ret[static HISTORY_TEXT_BYTES])
{
	size_t used = (size_t)snprintf(ret, HISTORY_TEXT_BYTES, "%" PRIu64 "\n", instance);

	for (unsigned i = 0; i < h->count; i++) {
		const struct hb_transition *t = &h->entry[i];

		used += (size_t)snprintf(ret + used, HISTORY_TEXT_BYTES - used,
		    "%" PRIu64 " %" PRIu64 " %" PRIu32 " %u %u %u", t->epoch, t->at_ms, t->took_ms, t->from, t->to,
		    t->reason);
		for (unsigned s = 0; s < HB_STAGE_COUNT; s++)
			used += (size_t)snprintf(ret + used, HISTORY_TEXT_BYTES - used, " %u", t->stage_ms[s]);
		used += (size_t)snprintf(ret + used, HISTORY_TEXT_BYTES - used, "\n");
	}
	return used;
}

/* The number at *at, and what follows it; false: there is none, or another end. */
static bool take_number(const char **at, char end, uint64_t *ret)
{
	const char *from = *at;

	for (*ret = 0; **at >= '0' && **at <= '9'; ++*at) {
		uint64_t digit = (uint64_t)(**at - '0');

		if (*ret > (UINT64_MAX - digit) / 10)
			return false;
		*ret = *ret * 10 + digit;
	}
	if (*at == from || **at != end)
		return false;
	++*at;
	return true;
}

static bool take_line(const char **at, struct hb_transition *ret)
{
	uint64_t n[NUMBERS];

	for (unsigned i = 0; i < NUMBERS; i++)
		if (!take_number(at, i + 1 < NUMBERS ? ' ' : '\n', &n[i]))
			return false;
	if (!n[0] || n[2] > UINT32_MAX || n[3] >= HB_MEMBERS_MAX || n[4] >= HB_MEMBERS_MAX || n[5] >= HB_REASON_COUNT)
		return false;
	*ret = (struct hb_transition){.epoch = n[0],
	    .at_ms = n[1],
	    .took_ms = (uint32_t)n[2],
	    .from = (uint8_t)n[3],
	    .to = (uint8_t)n[4],
	    .reason = (uint8_t)n[5]};
	for (unsigned i = 0; i < HB_STAGE_COUNT; i++) {
		if (n[6 + i] > UINT16_MAX)
			return false;
		ret->stage_ms[i] = (uint16_t)n[6 + i];
	}
	return true;
}

bool history_parse(const char *text, uint64_t instance, struct history *h)
{
	struct history read = *h;
	struct hb_transition t;
	uint64_t whose;

	if (!take_number(&text, '\n', &whose) || whose != instance)
		return false;
	while (*text) {
		if (!take_line(&text, &t))
			return false;
		(void)history_note(&read, &t);
	}
	*h = read;
	return true;
}
