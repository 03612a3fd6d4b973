/* holdfastctl force: what an operator forces, once; waits until it is so. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"

#define EXIT_USAGE 2
#define LOOK_MS 50
#define LOOKS 100 /* it takes a tenth of a second, or is forgotten after three */

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static int refuse(const char *why)
{
	(void)fprintf(stderr, "holdfastctl: force: %s\n", why);
	return 1;
}

static int confirm(const json_t *status)
{
	const char *active = text_of(status, "active");
	char line[8] = "";

	if (!isatty(STDIN_FILENO)) {
		(void)refuse("nobody is there to ask: add --yes");
		return EXIT_USAGE;
	}
	(void)printf("%s is active (%s). From then on only %s has every payment, until the other one has caught up.\n"
		     "If its disk is lost before that, payments are lost. Serve alone now? [y/N] ",
	    active, text_of(status, "mode"), active);
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || (line[0] != 'y' && line[0] != 'Y'))
		return refuse("nothing was done");
	return 0;
}

/* 0: begun. */
static int ask(void)
{
	struct errbuf e = {""};
	json_t *answer = ctl_ask(LOCAL_SOCKET, "force-solo", &e);
	const char *error;
	int code = 0;

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

/* Until the record says so: it may be added again at once. */
static int wait_for(json_int_t version)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct errbuf e = {""};
		json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
		bool done = json_integer_value(json_object_get(status, "version")) > version &&
			    strcmp(text_of(status, "mode"), "STALLED") != 0;

		if (done)
			(void)printf("%s serves (%s)\n", text_of(status, "active"), text_of(status, "mode"));
		json_decref(status);
		if (done)
			return 0;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return refuse("not done after 5 s: holdfastctl status, holdfastctl explain");
}

static int solo(bool yes)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	json_int_t version = json_integer_value(json_object_get(status, "version"));
	int code = status ? 0 : refuse(e.text);

	if (!code && !yes)
		code = confirm(status);
	json_decref(status);
	if (!code)
		code = ask();
	return code ? code : wait_for(version);
}

int ctl_force(const struct ctl_options *o)
{
	char **word = o->rest;
	bool yes = word[0] && word[1] && strcmp(word[1], "--yes") == 0;

	if (!word[0] || strcmp(word[0], "solo") != 0 || (word[1] && (!yes || word[2]))) {
		(void)refuse("want 'force solo [--yes]'");
		return EXIT_USAGE;
	}
	return solo(yes);
}
