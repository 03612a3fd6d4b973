#include "heartbeat/tickle_book.h"

#include <string.h>

static const uint64_t volley_us[TICKLE_VOLLEYS] = {0, 100000, 300000, 1000000};

void tickle_book_start(struct tickle_book *b, uint64_t seed, bool v6)
{
	memset(b, 0, sizeof(*b));
	b->v6 = v6;
	tickle_list_start(&b->mine, seed);
	tickle_list_start(&b->theirs, seed);
}

void tickle_book_arrive(struct tickle_book *b, uint64_t now_us)
{
	b->holds = true;
	b->tickling = true;
	b->since_us = now_us;
	b->volley = b->aimed = 0;
	/* What was mine the last time is over, and would hide what the other has to report. */
	tickle_list_clear(&b->mine);
	b->fresh_count = b->gone_count = 0;
	b->round++;
	b->round_us = now_us;
	b->told = 0;
}

void tickle_book_leave(struct tickle_book *b)
{
	b->holds = b->tickling = false;
	b->rounds_away = 0;
	b->fresh_count = 0;
	for (uint32_t i = 0; i < b->mine.count; i++)
		b->fresh[b->fresh_count++] = b->mine.key[i];
}

void tickle_book_look_begin(struct tickle_book *b)
{
	b->look++;
	b->overflow = false;
}

void tickle_book_look_at(struct tickle_book *b, const struct tickle_key *key)
{
	enum tickle_put put = tickle_list_put(&b->mine, key, b->look);

	if (put == TICKLE_FULL)
		b->overflow = true;
	/* What does not fit is told by the round. */
	if (put == TICKLE_ADDED && b->fresh_count < TICKLE_MAX)
		b->fresh[b->fresh_count++] = *key;
}

void tickle_book_look_end(struct tickle_book *b)
{
	for (uint32_t i = b->mine.count; i-- > 0;) {
		struct tickle_key key = b->mine.key[i];

		if (b->mine.mark[i] == b->look)
			continue;
		(void)tickle_list_remove(&b->mine, &key);
		if (b->gone_count < TICKLE_MAX)
			b->gone[b->gone_count++] = key;
	}
}

bool tickle_book_tell(struct tickle_book *b, struct tickle_message *ret)
{
	uint32_t room = tickle_message_room(b->v6), n = 0;

	*ret = (struct tickle_message){.kind = TICKLE_HOLDS, .v6 = b->v6, .round = b->round};
	if (!b->fresh_count && !b->gone_count)
		return false;
	for (; n < room && b->fresh_count; n++)
		ret->key[n] = b->fresh[--b->fresh_count];
	ret->added = (uint16_t)n;
	for (; n < room && b->gone_count; n++)
		ret->key[n] = b->gone[--b->gone_count];
	ret->removed = (uint16_t)(n - ret->added);
	return true;
}

bool tickle_book_tell_again(struct tickle_book *b, uint64_t now_us, struct tickle_message *ret)
{
	const struct tickle_list *l = &b->mine;
	uint64_t part;
	uint32_t room = tickle_message_room(b->v6), n = 0;

	if (!b->holds)
		return false;
	if (now_us - b->round_us >= TICKLE_ROUND_US && b->told >= l->count) {
		b->round++;
		b->round_us = now_us;
		b->told = 0;
	} else if (b->told >= l->count) {
		return false;
	}
	/* Spread over the round: in each part of it, its part of the list. */
	part = now_us - b->round_us < TICKLE_ROUND_US ? now_us - b->round_us : TICKLE_ROUND_US;
	if (b->told && b->told > l->count * part / TICKLE_ROUND_US)
		return false;
	*ret = (struct tickle_message){.kind = TICKLE_HOLDS, .v6 = b->v6, .round = b->round};
	for (; n < room && b->told < l->count; n++)
		ret->key[n] = l->key[b->told++];
	ret->added = (uint16_t)n;
	return true;
}

bool tickle_book_report(const struct tickle_book *b, uint32_t *at, struct tickle_message *ret)
{
	uint32_t room = tickle_message_room(b->v6), all = b->theirs.count + b->mine.count;

	*ret = (struct tickle_message){.kind = TICKLE_REPORT, .v6 = b->v6};
	if (*at >= all)
		return false;
	for (; ret->added < room && *at < all; ret->added++, (*at)++)
		ret->key[ret->added] = *at < b->theirs.count ? b->theirs.key[*at] : b->mine.key[*at - b->theirs.count];
	return true;
}

void tickle_book_hear(struct tickle_book *b, const struct tickle_message *m)
{
	bool hold_on = b->tickling; /* the order of the list must stay, and nothing is to be forgotten now */

	if (m->v6 != b->v6 || (b->holds && !b->tickling))
		return; /* late, or from one who has not noticed yet */
	if (m->kind == TICKLE_HOLDS && (m->start != b->heard_start || m->round != b->heard_round)) {
		b->heard_start = m->start;
		b->heard_round = m->round;
		b->mark++;
		if (!hold_on)
			(void)tickle_list_expire(&b->theirs, b->mark, TICKLE_ROUNDS_MISSED_MAX);
		if (!b->holds && ++b->rounds_away > TICKLE_ROUNDS_MISSED_MAX)
			tickle_list_clear(&b->mine); /* the new holder has tickled them */
	}
	for (uint32_t i = 0; i < m->added; i++)
		(void)tickle_list_put(&b->theirs, &m->key[i], b->mark);
	for (uint32_t i = m->added; i < (uint32_t)m->added + m->removed && !hold_on; i++)
		(void)tickle_list_remove(&b->theirs, &m->key[i]);
}

static void end_tickling(struct tickle_book *b)
{
	b->tickling = false;
	tickle_list_clear(&b->theirs);
}

uint32_t tickle_book_aim(
    struct tickle_book *b, uint64_t now_us, struct tickle_key ret[static TICKLE_BATCH], bool *probe, uint64_t *next_us)
{
	uint32_t n = 0;

	*next_us = 0;
	*probe = b->volley > 0;
	if (!b->tickling)
		return 0;
	if (now_us < b->since_us + volley_us[b->volley]) {
		*next_us = b->since_us + volley_us[b->volley];
		return 0;
	}
	for (; n < TICKLE_BATCH && b->aimed < b->theirs.count; b->aimed++)
		if (!tickle_list_has(&b->mine, &b->theirs.key[b->aimed]))
			ret[n++] = b->theirs.key[b->aimed];
	*next_us = now_us + TICKLE_PACE_US;
	if (b->aimed < b->theirs.count)
		return n;
	b->aimed = 0;
	if (++b->volley == TICKLE_VOLLEYS) {
		end_tickling(b);
		*next_us = 0;
	} else if (b->since_us + volley_us[b->volley] > *next_us) {
		*next_us = b->since_us + volley_us[b->volley];
	}
	return n;
}
