/* The naive ledger: accounts and their metadata. */
#include "tests/differential/naive_parts.h"

#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 20

static void drop(struct person *p, int at)
{
	p->members--;
	for (int i = at; i < p->members; i++) {
		p->name[i] = p->name[i + 1];
		p->value[i] = p->value[i + 1];
	}
}

/* What is there keeps its place. */
static void set(struct person *p, int name, int value)
{
	for (int i = 0; i < p->members; i++) {
		if (p->name[i] != name)
			continue;
		if (value < 0)
			drop(p, i);
		else
			p->value[i] = value;
		return;
	}
	if (value < 0)
		return;
	p->name[p->members] = name;
	p->value[p->members++] = value;
}

static bool merge(struct person *p, const struct step *s)
{
	struct person before = *p;

	for (int i = 0; i < s->members; i++)
		set(p, (s->member + i) % METADATA_NAMES, s->value);
	return before.members != p->members || memcmp(before.value, p->value, sizeof(before.value)) != 0 ||
	       memcmp(before.name, p->name, sizeof(before.name)) != 0;
}

void naive_metadata(const struct naive *n, int account, char ret[static NAIVE_METADATA_BYTES])
{
	const struct person *p = &n->person[account];
	int at = snprintf(ret, NAIVE_METADATA_BYTES, "{");

	for (int i = 0; i < p->members; i++)
		at += snprintf(ret + at, (size_t)(NAIVE_METADATA_BYTES - at), "%s\"m%d\":\"%d\"", i ? "," : "",
		    p->name[i], p->value[i]);
	(void)snprintf(ret + at, (size_t)(NAIVE_METADATA_BYTES - at), "}");
}

static void take_limits(struct person *p, const struct step *s)
{
	if (s->has_min != LIMIT_ABSENT) {
		p->has_min = s->has_min == LIMIT_SET;
		p->min = p->has_min ? s->min : 0;
	}
	if (s->has_max != LIMIT_ABSENT) {
		p->has_max = s->has_max == LIMIT_SET;
		p->max = p->has_max ? s->max : 0;
	}
}

/* A session opens wallets for itself, with nothing but what every wallet has. */
static bool may_open(const struct step *s)
{
	return s->who != SESSION ||
	       (s->kind == 1 && s->has_min == LIMIT_SET && s->min == 0 && s->has_max != LIMIT_SET && s->owner != 2);
}

struct verdict naive_create(struct naive *n, const struct step *s)
{
	struct person *p = &n->person[n->accounts];

	if (!may_open(s))
		return naive_refusal(403, "scope_missing");
	if (s->owner == 2)
		return naive_refusal(404, "not_found");
	*p = (struct person){.currency = s->currency, .kind = s->kind, .owned = s->who == SESSION || s->owner == 1};
	take_limits(p, s);
	(void)merge(p, s);
	n->accounts++;
	return naive_success(201, EVENT_ACCOUNT_CREATED);
}

int naive_accounts(const struct naive *n)
{
	return n->accounts;
}

int naive_currency(const struct naive *n, int account)
{
	return n->person[account].currency;
}

int naive_kind(const struct naive *n, int account)
{
	return n->person[account].kind;
}

bool naive_limit(const struct naive *n, int account, bool max, int64_t *ret)
{
	const struct person *p = &n->person[account];

	*ret = (int64_t)(max ? p->max : p->min);
	return max ? p->has_max : p->has_min;
}

struct verdict naive_set_status(struct naive *n, const struct step *s)
{
	static const int events[] = {EVENT_ACCOUNT_UNFROZEN, EVENT_ACCOUNT_FROZEN, EVENT_ACCOUNT_CLOSED};
	int status = s->what == FREEZE ? 1 : s->what == CLOSE ? 2 : 0, before;

	before = n->person[s->subject].status;
	MUST(naive_check_open(n, s->subject, s->subject));
	if (status == 2 && s->subject >= USERS && s->subject < ACCOUNTS)
		return naive_refusal(409, "state_conflict");
	if (status == 2 && (naive_posted(n, s->subject) != 0 || naive_pending_in(n, s->subject) != 0 ||
			       naive_pending_out(n, s->subject) != 0))
		return naive_refusal(409, "state_conflict");
	n->person[s->subject].status = status;
	return naive_success(200, before == status ? 0 : events[status]);
}

struct verdict naive_set_limit(struct naive *n, const struct step *s)
{
	struct person *p = &n->person[s->subject], next;
	bool same, changes;

	next = *p;
	take_limits(&next, s);
	changes = merge(&next, s);
	MUST(naive_check_open(n, s->subject, s->subject));
	if (s->members && next.members > MEMBERS_MAX)
		return naive_refusal(422, "validation_failed");
	if ((next.has_min && naive_posted(n, s->subject) - naive_pending_out(n, s->subject) < next.min) ||
	    (next.has_max && naive_posted(n, s->subject) + naive_pending_in(n, s->subject) > next.max))
		return naive_refusal(409, "state_conflict");
	same = next.has_min == p->has_min && next.has_max == p->has_max && (!next.has_min || next.min == p->min) &&
	       (!next.has_max || next.max == p->max);
	*p = next;
	return naive_success(200, same && !changes ? 0 : EVENT_ACCOUNT_UPDATED);
}
