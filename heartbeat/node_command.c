#include "heartbeat/node_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FORWARD_AGAIN_US 100000
#define FORWARD_US 1500000

/* Who decides about it? */
enum answerer {
	BY_ACTIVE, /* whoever is asked passes it on to the active */
	BY_TARGET, /* or to the member that it names */
};

enum argument {
	TARGET_GATEWAY, /* a gateway may be named */
	TARGET_MEMBER,	/* a member has to be named */
	TARGET_SHOWN,	/* a gateway has to be named, and the version of the record that the operator was shown */
	TARGET_NONE,
};

static const struct {
	const char *word;
	enum argument argument;
	enum answerer answerer;
	/* Guard and deed: begins it and says so, or changes nothing and says why. */
	bool (*take)(struct hb_node *n, const struct hb_command *c, uint64_t now_us, char why[LOCAL_REASON_BYTES]);
} commands[HB_COMMAND_COUNT] = {
    [HB_COMMAND_SWITCHOVER] = {"switchover", TARGET_GATEWAY, BY_ACTIVE, hb_drain_begin},
    [HB_COMMAND_MAINTENANCE_ON] = {"maintenance-on", TARGET_MEMBER, BY_ACTIVE, hb_maintain_on},
    [HB_COMMAND_MAINTENANCE_OFF] = {"maintenance-off", TARGET_MEMBER, BY_ACTIVE, hb_maintain_off},
    [HB_COMMAND_FORCE_SOLO] = {"force-solo", TARGET_NONE, BY_ACTIVE, hb_force_solo},
    [HB_COMMAND_FORCE_PROMOTE] = {"force-promote", TARGET_SHOWN, BY_TARGET, hb_stand_in},
    [HB_COMMAND_REPLACE] = {"replace", TARGET_MEMBER, BY_ACTIVE, hb_replace_begin},
};

static void name_members(const struct hb_record *r, bool gateways, char *text, size_t size)
{
	size_t at = strlen(text);

	for (uint8_t i = 0; i < r->members; i++)
		if ((!gateways || r->member[i].kind == HB_KIND_GATEWAY) && at < size)
			at += (size_t)snprintf(text + at, size - at, " %s", r->member[i].name);
}

static unsigned kind_of(const struct hb_command *c)
{
	return c->kind & ~(unsigned)HB_COMMAND_LOOK;
}

static bool needs_target(unsigned kind)
{
	return commands[kind].argument == TARGET_MEMBER || commands[kind].argument == TARGET_SHOWN;
}

/* name NULL: none was given. */
static int parse_target(
    const struct hb_record *r, const char *name, struct hb_command *ret, char why[static LOCAL_REASON_BYTES])
{
	unsigned kind = kind_of(ret);
	bool gateways = commands[kind].argument == TARGET_GATEWAY || commands[kind].argument == TARGET_SHOWN;

	if (name && commands[kind].argument == TARGET_NONE) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "%s takes no name", commands[kind].word);
		return -EINVAL;
	}
	if (!name && !needs_target(kind))
		return 0;
	if (r->members == 0) {
		(void)snprintf(
		    why, LOCAL_REASON_BYTES, "this machine has not heard the role record yet; try again in a moment");
		return -EAGAIN;
	}
	ret->target = name && strlen(name) < HB_NAME_BYTES ? hb_member_find(r, name) : HB_NOBODY;
	if (ret->target != HB_NOBODY && (!gateways || r->member[ret->target].kind == HB_KIND_GATEWAY))
		return 0;
	if (name)
		(void)snprintf(why, LOCAL_REASON_BYTES, "'%.16s' is %s; %s are:", name,
		    ret->target == HB_NOBODY ? "no member" : "no gateway", gateways ? "gateways" : "members");
	else
		(void)snprintf(why, LOCAL_REASON_BYTES, "name a member of:");
	name_members(r, gateways, why, LOCAL_REASON_BYTES);
	return -EINVAL;
}

/* Digits only; 0: that it is not. */
uint64_t hb_parse_number(const char *text)
{
	uint64_t number = 0;

	for (; *text; text++) {
		unsigned digit = (unsigned)(unsigned char)*text - '0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

/* "NODE VERSION" */
static int parse_shown(
    const struct hb_record *r, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES])
{
	size_t length = text ? strcspn(text, " ") : 0;
	char name[2 * HB_NAME_BYTES] = "";
	int code;

	if (!text || !text[length]) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "want the node and the version of the record that was shown");
		return -EINVAL;
	}
	memcpy(name, text, length < sizeof(name) ? length : sizeof(name) - 1);
	code = parse_target(r, name, ret, why);
	ret->version = hb_parse_number(text + length + 1);
	if (!code && !ret->version) {
		(void)snprintf(why, LOCAL_REASON_BYTES, "'%.20s' is no version of the record", text + length + 1);
		code = -EINVAL;
	}
	return code;
}

int hb_command_parse(
    const struct hb_record *r, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES])
{
	bool look = strncmp(text, "may ", 4) == 0;
	size_t length;

	*ret = (struct hb_command){.target = HB_NOBODY};
	text += look ? 4 : 0;
	length = strcspn(text, " ");
	for (uint8_t kind = 0; kind < HB_COMMAND_COUNT; kind++) {
		const char *word = commands[kind].word;

		if (strlen(word) != length || strncmp(word, text, length) != 0)
			continue;
		ret->kind = (uint8_t)(kind | (look ? HB_COMMAND_LOOK : 0));
		text = text[length] ? text + length + 1 : NULL;
		return commands[kind].argument == TARGET_SHOWN ? parse_shown(r, text, ret, why)
							       : parse_target(r, text, ret, why);
	}
	return -ENOENT;
}

static void refuse(struct hb_verdict *v, const char *text)
{
	v->started = 0;
	(void)snprintf(v->text, sizeof(v->text), "%s", text);
}

/* One that comes twice, because its answer was lost, is answered as before and done once. */
static const struct hb_verdict *find_given(const struct hb_node *n, uint64_t id)
{
	for (unsigned i = 0; i < HB_VERDICTS; i++)
		if (n->given[i].id == id)
			return &n->given[i];
	return NULL;
}

static const struct hb_verdict *decide(struct hb_node *n, const struct hb_command *c, uint64_t now_us)
{
	struct hb_verdict *v = &n->given[n->given_next];

	n->given_next = (n->given_next + 1) % HB_VERDICTS;
	v->id = c->id;
	v->text[0] = '\0';
	if (c->kind & HB_COMMAND_LOOK) {
		struct hb_node copy = *n; /* all that it would do ends with this */

		v->started = commands[kind_of(c)].take(&copy, c, now_us, v->text);
	} else {
		v->started = commands[c->kind].take(n, c, now_us, v->text);
	}
	return v;
}

/* From another member, perhaps of a later release. */
static bool makes_sense(const struct hb_node *n, const struct hb_command *c)
{
	if (kind_of(c) >= HB_COMMAND_COUNT)
		return false;
	return c->target < n->known.members || (c->target == HB_NOBODY && !needs_target(kind_of(c)));
}

/* Who is to decide about it, as far as is known here? */
static uint8_t answerer(const struct hb_node *n, const struct hb_command *c)
{
	return commands[kind_of(c)].answerer == BY_TARGET ? c->target : n->known.active;
}

static void forward(struct hb_node *n, uint64_t now_us, struct hb_outbox *out)
{
	struct hb_message *m = hb_outbox_add(out, n->asked_of, HB_COMMAND, 0);

	n->asked_again_us = now_us + FORWARD_AGAIN_US;
	m->command = n->asked;
	m->echo_boot = n->peer[n->asked_of].boot;
	m->echo_us = n->peer[n->asked_of].stamp_us;
	m->duration_us = n->asked_until_us - now_us;
}

static void give_verdict(struct hb_node *n, const struct hb_verdict *v, struct hb_output *out)
{
	out->verdict = *v;
	memset(&n->asked, 0, sizeof(n->asked));
}

void hb_command_take(struct hb_node *n, const struct hb_command *c, uint64_t now_us, struct hb_output *out)
{
	struct hb_verdict no = {.id = c->id};

	if (!n->booted || !n->known.members)
		refuse(&no, "this member does not know yet who is active");
	else if (n->asked.id)
		refuse(&no, "another command has not been answered yet");
	else if (answerer(n, c) != n->self) {
		n->asked = *c;
		n->asked_of = answerer(n, c);
		n->asked_until_us = now_us + FORWARD_US;
		forward(n, now_us, &out->outbox);
		return;
	} else {
		give_verdict(n, decide(n, c, now_us), out);
		return;
	}
	out->verdict = no;
}

void hb_command_message(struct hb_node *n, const struct hb_message *m, uint64_t now_us, struct hb_outbox *out)
{
	const struct hb_command *c = &m->command;
	const struct hb_verdict *given = find_given(n, c->id);

	/* A recorded one, sent again after a restart of ours, finds an empty replay window and no verdict. */
	if (!c->id || m->echo_boot != n->acceptor.reg.boot)
		return;
	/* Also by one that has handed over meanwhile: it was the one that did it. */
	if (!given) {
		/* By our clock, and from a moment before it was sent: it was said meanwhile that nobody answers. */
		if (m->echo_us && now_us > m->echo_us + m->duration_us)
			return;
		if (!n->booted || !makes_sense(n, c) || answerer(n, c) != n->self)
			return; /* whoever asked will hear who is active, and that nobody answers */
		given = decide(n, c, now_us);
	}
	hb_outbox_add(out, m->from, HB_VERDICT, 0)->verdict = *given;
}

void hb_command_answered(struct hb_node *n, const struct hb_message *m, struct hb_output *out)
{
	if (n->asked.id && m->verdict.id == n->asked.id && m->from == n->asked_of)
		give_verdict(n, &m->verdict, out);
}

void hb_command_tick(struct hb_node *n, uint64_t now_us, struct hb_output *out)
{
	struct hb_verdict no = {.id = n->asked.id};

	if (!n->asked.id)
		return;
	if (now_us < n->asked_until_us) {
		if (now_us >= n->asked_again_us)
			forward(n, now_us, &out->outbox);
		return;
	}
	(void)snprintf(no.text, sizeof(no.text), "%s%s does not answer; whether it has begun: holdfastctl status",
	    n->asked_of < n->known.members ? n->known.member[n->asked_of].name : "the node that",
	    commands[kind_of(&n->asked)].answerer == BY_ACTIVE ? " is active and" : "");
	give_verdict(n, &no, out);
}
