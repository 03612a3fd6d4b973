#include "heartbeat/record.h"

#include <string.h>

int hb_ballot_compare(struct hb_ballot a, struct hb_ballot b)
{
	if (a.counter != b.counter)
		return a.counter < b.counter ? -1 : 1;
	if (a.node != b.node)
		return a.node < b.node ? -1 : 1;
	return 0;
}

static bool member_equal(const struct hb_member *a, const struct hb_member *b)
{
	return memcmp(a->name, b->name, HB_NAME_BYTES) == 0 && a->instance == b->instance &&
	       ip_same(&a->address, &b->address) && a->port == b->port && a->kind == b->kind &&
	       ip_same(&a->second_address, &b->second_address);
}

bool hb_record_equal(const struct hb_record *a, const struct hb_record *b)
{
	if (a->version != b->version || a->epoch != b->epoch || a->active != b->active || a->phase != b->phase ||
	    a->keep != b->keep || a->in_sync != b->in_sync || a->reason != b->reason || a->members != b->members ||
	    a->maintenance != b->maintenance || a->forced_epoch != b->forced_epoch ||
	    a->later_bytes != b->later_bytes || memcmp(a->later, b->later, a->later_bytes) != 0)
		return false;
	for (unsigned i = 0; i < a->members; i++)
		if (!member_equal(&a->member[i], &b->member[i]) || !token_equal(&a->token[i], &b->token[i]))
			return false;
	return true;
}

unsigned hb_members_of(const struct hb_record *r, enum hb_kind kind)
{
	unsigned count = 0;

	for (uint8_t i = 0; i < r->members; i++)
		count += r->member[i].kind == kind;
	return count;
}

uint8_t hb_member_find(const struct hb_record *r, const char *name)
{
	for (uint8_t i = 0; i < r->members; i++)
		if (strncmp(r->member[i].name, name, HB_NAME_BYTES) == 0)
			return i;
	return HB_NOBODY;
}

const char *hb_reason_text(uint8_t reason)
{
	static const char *const text[] = {
#define X(id, text) text,
	    HB_REASONS(X)
#undef X
	};

	return reason < HB_REASON_COUNT ? text[reason] : "unknown";
}

bool hb_name_valid(const char name[HB_NAME_BYTES])
{
	if (name[0] < 'a' || name[0] > 'z' || name[HB_NAME_BYTES - 1])
		return false;
	for (unsigned i = 0; name[i]; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') && name[i] != '-')
			return false;
	return true;
}

bool hb_record_valid(const struct hb_record *r)
{
	if (r->members == 0 || r->members > HB_MEMBERS_MAX || r->active >= r->members || r->phase > HB_OPEN ||
	    r->keep > 1 || r->in_sync == 0 || r->in_sync >> r->members || r->later_bytes > HB_LATER_BYTES)
		return false;
	if (r->member[r->active].kind != HB_KIND_GATEWAY)
		return false;
	for (uint8_t i = 0; i < r->members; i++) {
		if (!hb_name_valid(r->member[i].name) || r->member[i].kind > HB_KIND_WITNESS)
			return false;
		if (hb_in_sync(r, i) && (r->member[i].kind != HB_KIND_GATEWAY || token_is_none(&r->token[i])))
			return false;
	}
	return true;
}
