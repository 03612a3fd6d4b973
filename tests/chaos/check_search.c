#include "tests/chaos/check_search.h"

#include <stdlib.h>

#define NONE SIZE_MAX

/* A call or a return, in the order of time, in a list from which whatever has found its place is lifted out. */
struct entry {
	uint64_t us;
	size_t op, before, next; /* entries; NONE: the end */
	bool returns;
};

struct mark {
	uint64_t half[2]; /* never both 0 */
};

struct search {
	const struct search_op *op;
	size_t ops;
	struct entry *entry; /* owned; entry[0] is the head of the list and nothing else */
	size_t *return_of;   /* owned; per operation, 0: it has none */
	size_t *placed;	     /* owned; calls, in the order that is tried */
	size_t depth;
	struct mark *seen; /* owned; open addressing, a power of two */
	size_t seen_room, seen_count;
	struct mark set;
	int64_t balance;
};

static uint64_t mix(uint64_t z)
{
	z += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static struct mark toggled(struct mark m, size_t op)
{
	m.half[0] ^= mix(2 * op + 1);
	m.half[1] ^= mix(mix(2 * op + 2));
	return m;
}

static bool is_empty(struct mark m)
{
	return !m.half[0] && !m.half[1];
}

static size_t seat(const struct search *s, struct mark m)
{
	size_t at = (size_t)m.half[0] & (s->seen_room - 1);

	while (!is_empty(s->seen[at]) && (s->seen[at].half[0] != m.half[0] || s->seen[at].half[1] != m.half[1]))
		at = (at + 1) & (s->seen_room - 1);
	return at;
}

static bool widen(struct search *s)
{
	struct mark *old = s->seen;
	size_t old_room = s->seen_room, room = old_room ? old_room * 2 : 1024;
	struct mark *new = calloc(room, sizeof(*new));

	if (!new)
		return false;
	s->seen = new;
	s->seen_room = room;
	for (size_t i = 0; i < old_room; i++)
		if (!is_empty(old[i]))
			new[seat(s, old[i])] = old[i];
	free(old);
	return true;
}

/* 1: it is new and remembered now, 0: it was there, -1: no memory. */
static int remember(struct search *s, struct mark m)
{
	size_t at;

	if (2 * s->seen_count >= s->seen_room && !widen(s))
		return -1;
	at = seat(s, m);
	if (!is_empty(s->seen[at]))
		return 0;
	s->seen[at] = m;
	s->seen_count++;
	return 1;
}

/* At the same microsecond nothing is proved: calls come first. */
static int by_time(const void *left, const void *right)
{
	const struct entry *l = left, *r = right;

	if (l->us != r->us)
		return l->us < r->us ? -1 : 1;
	if (l->returns != r->returns)
		return l->returns ? 1 : -1;
	return l->op < r->op ? -1 : l->op > r->op;
}

static bool open_search(struct search *s)
{
	size_t n = 1;

	s->entry = calloc(2 * s->ops + 1, sizeof(*s->entry));
	s->return_of = calloc(s->ops + 1, sizeof(*s->return_of));
	s->placed = calloc(s->ops + 1, sizeof(*s->placed));
	if (!s->entry || !s->return_of || !s->placed)
		return false;
	for (size_t i = 0; i < s->ops; i++) {
		s->entry[n++] = (struct entry){.us = s->op[i].call_us, .op = i};
		/* What nobody has to have seen the end of has none; what has to have happened has its end after all others. */
		if (!s->op[i].optional)
			s->entry[n++] = (struct entry){.us = s->op[i].return_us, .op = i, .returns = true};
	}
	qsort(s->entry + 1, n - 1, sizeof(*s->entry), by_time);
	for (size_t i = 0; i < n; i++) {
		s->entry[i].before = i ? i - 1 : NONE;
		s->entry[i].next = i + 1 < n ? i + 1 : NONE;
		if (s->entry[i].returns)
			s->return_of[s->entry[i].op] = i;
	}
	return true;
}

static void lift(struct search *s, size_t i)
{
	s->entry[s->entry[i].before].next = s->entry[i].next;
	if (s->entry[i].next != NONE)
		s->entry[s->entry[i].next].before = s->entry[i].before;
}

static void put_back(struct search *s, size_t i)
{
	s->entry[s->entry[i].before].next = i;
	if (s->entry[i].next != NONE)
		s->entry[s->entry[i].next].before = i;
}

static bool may_happen(const struct search_op *op, int64_t balance)
{
	switch (op->kind) {
	case SEARCH_READ: return balance == op->amount;
	case SEARCH_REFUSED: return balance < op->amount;
	default: return op->amount >= 0 || balance + op->amount >= 0;
	}
}

static void place(struct search *s, size_t call)
{
	size_t i = s->entry[call].op;

	lift(s, call);
	if (s->return_of[i])
		lift(s, s->return_of[i]);
	if (s->op[i].kind == SEARCH_ADD)
		s->balance += s->op[i].amount;
	s->set = toggled(s->set, i);
	s->placed[s->depth++] = call;
}

static size_t take_back(struct search *s)
{
	size_t call = s->placed[--s->depth], i = s->entry[call].op;

	s->set = toggled(s->set, i);
	if (s->op[i].kind == SEARCH_ADD)
		s->balance -= s->op[i].amount;
	if (s->return_of[i])
		put_back(s, s->return_of[i]);
	put_back(s, call);
	return call;
}

static enum search_result look(struct search *s, size_t states_max, size_t *stuck)
{
	size_t at = s->entry[0].next, deepest = 0;

	while (at != NONE) { /* past the last return: what is left may as well not have happened */
		const struct entry *e = &s->entry[at];

		if (e->returns) { /* it has to be in the order by now, and is not */
			if (!deepest || s->depth > deepest) {
				deepest = s->depth;
				*stuck = e->op;
			}
			if (!s->depth)
				return SEARCH_IMPOSSIBLE;
			at = s->entry[take_back(s)].next;
		} else if (may_happen(&s->op[e->op], s->balance)) {
			int fresh = remember(s, toggled(s->set, e->op));

			if (fresh < 0)
				return SEARCH_NO_MEMORY;
			if (s->seen_count > states_max)
				return SEARCH_UNDECIDED;
			if (fresh)
				place(s, at);
			at = fresh ? s->entry[0].next : e->next;
		} else {
			at = e->next;
		}
	}
	return SEARCH_FOUND;
}

enum search_result search_run(const struct search_op *op, size_t ops, size_t states_max, size_t *stuck)
{
	struct search s = {.op = op, .ops = ops};
	enum search_result result = SEARCH_NO_MEMORY;
	size_t at = NONE;

	if (open_search(&s) && widen(&s))
		result = look(&s, states_max, &at);
	if (result == SEARCH_IMPOSSIBLE)
		*stuck = at;
	free(s.entry);
	free(s.return_of);
	free(s.placed);
	free(s.seen);
	return result;
}
