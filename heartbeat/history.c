#include "heartbeat/history.h"

#include <string.h>

bool history_note(struct history *h, const struct hb_transition *t)
{
	unsigned at = h->count;

	if (!t->epoch)
		return false;
	while (at && h->entry[at - 1].epoch > t->epoch)
		at--;
	if (at && h->entry[at - 1].epoch == t->epoch) {
		h->entry[at - 1] = *t;
		return false;
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
