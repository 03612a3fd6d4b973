/* holdfastctl maintenance: takes a member out of service, or back; waits until the record says so. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"

#define EXIT_USAGE 2
#define LOOK_MS 100
#define LOOKS 150 /* it takes a tenth of a second, or two when the role has to go first */

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static int refuse(const char *why)
{
	(void)fprintf(stderr, "holdfastctl: maintenance: %s\n", why);
	return 1;
}

/* 0: begun. */
static int ask(bool on, const char *name)
{
	char question[64];
	struct errbuf e = {""};
	json_t *answer;
	const char *error;
	int code = 0;

	(void)snprintf(question, sizeof(question), "maintenance-%s %.32s", on ? "on" : "off", name);
	answer = ctl_ask(LOCAL_SOCKET, question, &e);
	if (!answer)
		return refuse(e.text);
	error = text_of(answer, "error");
	if (!json_is_true(json_object_get(answer, "started")))
		code = refuse(error[0] ? error : text_of(answer, "text"));
	else
		(void)puts(text_of(answer, "text"));
	(void)fflush(stdout);
	json_decref(answer);
	return code;
}

static const json_t *node_of(const json_t *status, const char *name)
{
	const json_t *node;
	size_t i;

	json_array_foreach(
	    json_object_get(status, "nodes"), i, node) if (strcmp(text_of(node, "name"), name) == 0) return node;
	return NULL;
}

static bool counts(const json_t *status, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(status, "in_sync"), i,
	    one) if (json_is_string(one) && strcmp(json_string_value(one), name) == 0) return true;
	return false;
}

/* The record says so, and somebody serves. */
static bool is_done(const json_t *status, bool on, const char *name)
{
	const json_t *mark = json_object_get(node_of(status, name), "maintenance");
	bool marked = json_is_true(mark);

	if (!on)
		return mark && !marked; /* without an answer nothing is known */
	return marked && !counts(status, name) && strcmp(text_of(status, "mode"), "STALLED") != 0;
}

static int wait_for(bool on, const char *name)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct errbuf e = {""};
		json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
		const char *reason = text_of(node_of(status, text_of(status, "active")), "reason");
		bool done = is_done(status, on, name);
		bool failed =
		    on && strcmp(text_of(status, "active"), name) == 0 && strncmp(reason, "did not hand over", 17) == 0;

		if (failed)
			(void)refuse(reason);
		else if (done)
			(void)printf("%s is %s maintenance; %s serves (%s)\n", name, on ? "in" : "out of",
			    text_of(status, "active"), text_of(status, "mode"));
		json_decref(status);
		if (done || failed)
			return failed;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return refuse("not done after 15 s: holdfastctl status, holdfastctl explain");
}

int ctl_maintenance(const struct ctl_options *o)
{
	char **word = o->rest;
	bool on = word[0] && strcmp(word[0], "on") == 0, off = word[0] && strcmp(word[0], "off") == 0;
	int code;

	if ((!on && !off) || !word[1] || word[2]) {
		(void)refuse("want 'maintenance on NODE' or 'maintenance off NODE'");
		return EXIT_USAGE;
	}
	code = ask(on, word[1]);
	return code ? code : wait_for(on, word[1]);
}
