#include "tests/simulation/network.h"

#include <assert.h>
#include <string.h>

void network_clear(struct network *n)
{
	n->count = 0;
	memset(n->waiting, 0, sizeof(n->waiting));
	for (unsigned i = 0; i < NETWORK_LETTERS; i++)
		n->heap[i] = (struct network_slot){.letter = (uint16_t)i};
}

void network_copy(struct network *n, const struct network *from)
{
	n->count = from->count;
	memcpy(n->waiting, from->waiting, sizeof(n->waiting));
	memcpy(n->heap, from->heap, sizeof(n->heap));
	for (unsigned i = 0; i < n->count; i++)
		n->letter[n->heap[i].letter] = from->letter[n->heap[i].letter];
}

static void swap(struct network *n, unsigned a, unsigned b)
{
	struct network_slot s = n->heap[a];

	n->heap[a] = n->heap[b];
	n->heap[b] = s;
}

static void sift_up(struct network *n, unsigned i)
{
	for (; i && n->heap[i].at_us < n->heap[(i - 1) / 2].at_us; i = (i - 1) / 2)
		swap(n, i, (i - 1) / 2);
}

static void sift_down(struct network *n, unsigned i)
{
	for (unsigned child; (child = 2 * i + 1) < n->count; i = child) {
		if (child + 1 < n->count && n->heap[child + 1].at_us < n->heap[child].at_us)
			child++;
		if (n->heap[i].at_us <= n->heap[child].at_us)
			return;
		swap(n, i, child);
	}
}

void network_send(struct network *n, uint8_t from, uint8_t to, const struct hb_message *m, uint64_t at_us)
{
	struct network_letter *l;

	if (n->count == NETWORK_LETTERS || n->waiting[to] == NETWORK_MAILBOX)
		return;
	n->waiting[to]++;
	n->heap[n->count].at_us = at_us;
	l = &n->letter[n->heap[n->count].letter];
	l->from = from;
	l->to = to;
	l->message = *m;
	sift_up(n, n->count++);
}

struct network_letter *network_take(struct network *n)
{
	struct network_letter *l;

	assert(n->count);
	swap(n, 0, --n->count);
	sift_down(n, 0);
	l = &n->letter[n->heap[n->count].letter];
	n->waiting[l->to]--;
	return l;
}

void network_put_off(struct network *n, uint64_t at_us)
{
	assert(n->count);
	n->heap[0].at_us = at_us;
	sift_down(n, 0);
}

void network_forget(struct network *n, uint8_t to)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n->count; i++)
		if (n->letter[n->heap[i].letter].to != to)
			swap(n, kept++, i);
	n->count = kept;
	n->waiting[to] = 0;
	for (unsigned i = 1; i < kept; i++)
		sift_up(n, i);
}
