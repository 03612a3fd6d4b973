#include "heartbeat/address.h"

#include <string.h>

#define ASK_EVERY_US 250000
#define DEAF_AFTER_US 750000
#define DEAF_AT_FIRST_US 10000000 /* a machine that boots starts keepalived when it comes to it */
#define DIFFER_FOR_US 400000	  /* ten times what keepalived needs */
#define PAUSE_US 150000		  /* so long without a look: we were not there ourselves */
#define REPAIR_WAIT_US 2000000	  /* keepalived needs a part of a second to be there again */
#define REPAIR_WAIT_MAX_US 30000000

void address_start(struct address *a, uint64_t now_us)
{
	memset(a, 0, sizeof(*a));
	a->looked_us = now_us;
	a->repair_wait_us = REPAIR_WAIT_US;
}

static void compare(struct address *a, uint64_t now_us)
{
	a->differ_us = a->wanted != a->here ? now_us : 0;
}

void address_set_wanted(struct address *a, bool wanted, uint64_t now_us)
{
	if (a->wanted == wanted)
		return;
	a->wanted = wanted;
	compare(a, now_us);
}

void address_set_here(struct address *a, bool here, uint64_t now_us)
{
	if (a->here == here)
		return;
	a->here = here;
	compare(a, now_us);
}

void address_heard(struct address *a)
{
	/* What it has to put right, it has from now on. */
	if (!a->heard && a->differ_us)
		a->differ_us = a->looked_us;
	a->heard = true;
	a->asked_us = 0;
}

static enum address_alarm alarm_of(const struct address *a, uint64_t now_us)
{
	uint64_t patience_us = a->heard ? DEAF_AFTER_US : DEAF_AT_FIRST_US;

	if (a->asked_us && now_us > a->asked_us + patience_us)
		return ADDRESS_DEAF;
	/* Before it has listened once, it is being started: nothing that could be put right. */
	if (a->differ_us && now_us > a->differ_us + (a->wanted && !a->heard ? DEAF_AT_FIRST_US : DIFFER_FOR_US))
		return a->wanted ? ADDRESS_MISSING : ADDRESS_STRAY;
	return ADDRESS_FINE;
}

void address_look(struct address *a, uint64_t now_us, struct address_todo *ret)
{
	enum address_alarm alarm;

	memset(ret, 0, sizeof(*ret));
	if (now_us > a->looked_us + PAUSE_US) {
		a->asked_us = a->asked_us ? now_us : 0;
		a->differ_us = a->differ_us ? now_us : 0;
	}
	a->looked_us = now_us;
	if (now_us >= a->given_us + ASK_EVERY_US) {
		ret->ask = true;
		a->given_us = now_us;
		if (!a->asked_us)
			a->asked_us = now_us;
	}
	alarm = alarm_of(a, now_us);
	ret->changed = alarm != a->alarm;
	a->alarm = alarm;
	if (alarm == ADDRESS_FINE) {
		if (now_us > a->repair_us + a->repair_wait_us)
			a->repair_wait_us = REPAIR_WAIT_US;
		return;
	}
	if (now_us < a->repair_us)
		return;
	ret->repair = true;
	a->repair_us = now_us + a->repair_wait_us;
	if (a->repair_wait_us < REPAIR_WAIT_MAX_US)
		a->repair_wait_us *= 2;
}

const char *address_alarm_text(enum address_alarm alarm)
{
	static const char *const text[] = {
#define X(id, text) text,
	    ADDRESS_ALARMS(X)
#undef X
	};

	return text[alarm];
}
