#include "heartbeat/memberlist.h"

#include <assert.h>
#include <stdio.h>

size_t memberlist_format(const struct hb_record *r, char ret[static MEMBERLIST_BYTES])
{
	size_t used = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < r->members; i++) {
		char text[IP_TEXT_BYTES];
		int n = snprintf(ret + used, MEMBERLIST_LINE_BYTES, "%u %.*s %s %s\n", i, HB_NAME_BYTES - 1,
		    r->member[i].name, r->member[i].kind == HB_KIND_WITNESS ? "witness" : "gateway",
		    ip_text(&r->member[i].address, text));

		assert(n > 0 && (size_t)n < MEMBERLIST_LINE_BYTES);
		used += (size_t)n;
	}
	return used;
}
