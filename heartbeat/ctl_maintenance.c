/* holdfastctl maintenance: takes a member out of service, or back; waits until the record says so. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"

#define LOOK_MS 100
#define LOOKS 150 /* it takes a tenth of a second, or two when the role has to go first */

/* The record says so, and somebody serves. */
static bool is_done(const json_t *status, bool on, const char *name)
{
	const json_t *mark = json_object_get(ctl_node(status, name), "maintenance");
	bool marked = json_is_true(mark);

	if (!on)
		return mark && !marked; /* without an answer nothing is known */
	return marked && !ctl_array_has(json_object_get(status, "in_sync"), name) &&
	       strcmp(ctl_text(status, "mode"), "STALLED") != 0;
}

static int wait_for(bool on, const char *name)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct errbuf e = {""};
		json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
		const char *reason = ctl_text(ctl_node(status, ctl_text(status, "active")), "reason");
		bool done = is_done(status, on, name);
		bool failed = on && strcmp(ctl_text(status, "active"), name) == 0 &&
			      strncmp(reason, "did not hand over", 17) == 0;

		if (failed)
			(void)ctl_command_refuse("maintenance", reason);
		else if (done)
			(void)printf("%s is %s maintenance; %s serves (%s)%s\n", name, on ? "in" : "out of",
			    ctl_text(status, "active"), ctl_text(status, "mode"),
			    !on && json_is_false(json_object_get(ctl_node(status, name), "reachable"))
				? ". Nothing is heard from it: from now on it counts as missing"
				: "");
		json_decref(status);
		if (done || failed)
			return failed;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return ctl_command_refuse("maintenance", "not done after 15 s: holdfastctl status, holdfastctl explain");
}

/* The active one hands the role over first: that is asked. */
static int confirm_move(const char *name, const char *words)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	bool active = strcmp(ctl_text(status, "active"), name) == 0;
	int code = active ? ctl_command_look("maintenance", words) : 0;

	if (active && !code)
		code = ctl_command_confirm("maintenance", NULL,
		    "%s is active (%s). Hand the role over and take it out of service? Requests wait for about a tenth "
		    "of a second.",
		    name, ctl_text(status, "mode"));
	json_decref(status);
	return code;
}

static int set(bool on, const struct ctl_options *o)
{
	char words[64];
	int code = 0;

	(void)snprintf(words, sizeof(words), "maintenance-%s %.32s", on ? "on" : "off", o->node);
	if (on && !o->yes)
		code = confirm_move(o->node, words);
	if (!code)
		code = ctl_command_begin("maintenance", words);
	return code ? code : wait_for(on, o->node);
}

int ctl_maintenance_on(const struct ctl_options *o)
{
	return set(true, o);
}

int ctl_maintenance_off(const struct ctl_options *o)
{
	return set(false, o);
}
