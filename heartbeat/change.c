#include "heartbeat/change.h"

#include <string.h>

#include "heartbeat/guard.h"

static bool mine_open(const struct hb_change *c, const struct hb_record *r)
{
	return r->active == c->self && r->phase == HB_OPEN && r->epoch == c->epoch;
}

static bool has_token(const struct hb_record *r, uint8_t node, const struct token *t)
{
	return node < r->members && !token_is_none(t) && token_equal(&r->token[node], t);
}

/* R3: only who holds every acknowledged payment, shown by the token, may have the role. */
static bool claim(const struct hb_change *c, struct hb_record *n)
{
	bool own = n->active == c->self;

	if (!hb_in_sync(n, c->self) || (own && !c->reopen))
		return false;
	if (!GUARD(M15_TOKEN_IGNORED_IN_CLAIM, has_token(n, c->self, &c->token)))
		return false;
	n->keep = own && (n->phase == HB_OPEN || n->keep);
	if (GUARDED(M18_ONE_STEP_CLAIM, false, true))
		n->in_sync = (uint8_t)(1u << c->self);
	n->epoch += GUARDED(M25_EPOCH_KEPT, 1, !own);
	n->active = c->self;
	n->phase = HB_CLAIMED;
	n->maintenance &= (uint8_t) ~(1u << c->self); /* nobody else could: it is needed */
	return true;
}

static bool open_record(const struct hb_change *c, struct hb_record *n)
{
	if (n->active != c->self || n->phase != HB_CLAIMED || n->epoch != c->epoch)
		return false;
	n->phase = HB_OPEN;
	if (!n->keep)
		n->in_sync = (uint8_t)(1u << c->self);
	n->keep = 0;
	return true;
}

static bool solo(const struct hb_change *c, struct hb_record *n)
{
	if (!mine_open(c, n) || hb_is_solo(n, c->self))
		return false;
	n->in_sync = (uint8_t)(1u << c->self);
	return true;
}

static bool add(const struct hb_change *c, struct hb_record *n)
{
	if (!mine_open(c, n) || !hb_is_solo(n, c->self) || c->target >= n->members || token_is_none(&c->token) ||
	    c->target == c->self || n->member[c->target].kind != HB_KIND_GATEWAY ||
	    !GUARD(M40_ADD_IN_MAINTENANCE, !hb_in_maintenance(n, c->target)))
		return false;
	n->in_sync |= (uint8_t)(1u << c->target);
	n->token[c->target] = c->token;
	return true;
}

static bool hand(const struct hb_change *c, struct hb_record *n)
{
	if (!mine_open(c, n) || c->target == c->self || !hb_in_sync(n, c->target) || hb_in_maintenance(n, c->target))
		return false;
	if (!GUARD(M15_TOKEN_IGNORED_IN_HAND, has_token(n, c->target, &c->token)))
		return false;
	n->epoch++;
	n->active = c->target;
	n->phase = HB_CLAIMED;
	n->keep = c->keep;
	if (c->maintain)
		n->maintenance |= (uint8_t)(1u << c->self);
	return true;
}

static bool join(const struct hb_change *c, struct hb_record *n)
{
	if (n->members >= HB_MEMBERS_MAX || hb_member_find(n, c->member.name) != HB_NOBODY)
		return false;
	n->member[n->members] = c->member;
	memset(&n->token[n->members], 0, sizeof(n->token[0]));
	n->maintenance &= (uint8_t) ~(1u << n->members);
	n->members++;
	return hb_record_valid(n);
}

/* Another machine, with a memory of its own, in the place of one that is gone for good. It has no copy, and the one that is gone counts as none. */
static bool replace(const struct hb_change *c, struct hb_record *n)
{
	if (!mine_open(c, n) || c->target >= n->members || c->target == c->self ||
	    hb_member_find(n, c->member.name) != c->target || hb_in_sync(n, c->target) ||
	    n->member[c->target].kind != c->member.kind || n->member[c->target].instance == c->member.instance)
		return false;
	n->member[c->target] = c->member;
	memset(&n->token[c->target], 0, sizeof(n->token[0]));
	n->maintenance &= (uint8_t) ~(1u << c->target);
	return hb_record_valid(n);
}

static bool address(const struct hb_change *c, struct hb_record *n)
{
	if (!mine_open(c, n) || c->target >= n->members ||
	    ip_same(&n->member[c->target].second_address, &c->member.second_address))
		return false;
	n->member[c->target].second_address = c->member.second_address;
	return true;
}

/* Who is active, and in in_sync, is another matter: in_sync follows by SOLO. */
static bool maintain(const struct hb_change *c, struct hb_record *n)
{
	if (!mine_open(c, n) || c->target >= n->members || c->target == c->self ||
	    hb_in_maintenance(n, c->target) == c->maintain)
		return false;
	n->maintenance ^= (uint8_t)(1u << c->target);
	return true;
}

/* No copy that counts is left, and an operator has accepted what is lost with it: the one way past R3. Whoever comes back does
 * not count. One that is named may be so anew: when it cannot open for what it lacks, or has lost what the record trusts. */
static bool force(const struct hb_change *c, struct hb_record *n)
{
	bool trusted = c->self < n->members && hb_in_sync(n, c->self) && has_token(n, c->self, &c->token);

	if (c->self >= n->members || n->member[c->self].kind != HB_KIND_GATEWAY || token_is_none(&c->token) ||
	    (trusted && !(n->active == c->self && n->phase == HB_CLAIMED)) ||
	    !GUARD(M42_FORCE_UNSEEN, n->version == c->version))
		return false;
	for (uint8_t i = 0; i < n->members; i++)
		if (hb_in_sync(n, i) || i == n->active)
			memset(&n->token[i], 0, sizeof(n->token[i]));
	n->token[c->self] = c->token;
	n->in_sync = (uint8_t)(1u << c->self);
	n->forced_epoch = ++n->epoch;
	n->active = c->self;
	n->phase = HB_CLAIMED;
	n->keep = 0;
	n->maintenance &= (uint8_t) ~(1u << c->self); /* it is needed */
	return true;
}

static bool refuse(const struct hb_change *c, struct hb_record *n)
{
	(void)c;
	(void)n;
	return false;
}

static bool (*const changes[])(const struct hb_change *c, struct hb_record *n) = {
    [HB_CHANGE_NONE] = refuse,
    [HB_CHANGE_NOTHING] = refuse,
    [HB_CHANGE_CLAIM] = claim,
    [HB_CHANGE_OPEN] = open_record,
    [HB_CHANGE_SOLO] = solo,
    [HB_CHANGE_ADD] = add,
    [HB_CHANGE_HAND] = hand,
    [HB_CHANGE_JOIN] = join,
    [HB_CHANGE_REPLACE] = replace,
    [HB_CHANGE_ADDRESS] = address,
    [HB_CHANGE_MAINTAIN] = maintain,
    [HB_CHANGE_FORCE] = force,
};

const char *hb_change_word(enum hb_change_kind kind)
{
	static const char *const words[] = {
#define X(id, word, waits) word,
	    HB_CHANGES(X)
#undef X
	};

	return words[kind];
}

bool hb_change_is_awaited(enum hb_change_kind kind)
{
	static const bool waits[] = {
#define X(id, word, waits) waits,
	    HB_CHANGES(X)
#undef X
	};

	return waits[kind];
}

bool hb_change_apply(const struct hb_change *c, const struct hb_record *r, struct hb_record *ret)
{
	struct hb_record n = *r;

	if (!changes[c->kind](c, &n)) {
		*ret = *r;
		return false;
	}
	n.version++;
	n.reason = c->reason;
	*ret = n;
	return true;
}
