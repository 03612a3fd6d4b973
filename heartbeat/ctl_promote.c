/* holdfastctl force promote: the last resort. Shows what may be lost, asks, and waits until the named gateway serves. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"

#define COMMAND "force promote"
#define EXIT_USAGE 2
#define NAME_BYTES 64
#define LOOK_MS 100
#define LOOKS 750 /* what was received may take a minute to be applied */

static json_int_t number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void print_copy(const json_t *node, const char *what)
{
	const json_t *heard = json_object_get(node, "heard_ms");
	const char *gtid = ctl_text(node, "gtid");

	(void)printf(
	    "  %-16s %s %s", ctl_text(node, "name"), what, gtid[0] ? gtid : "a position that is not known here");
	if (json_is_integer(heard))
		(void)printf(", heard %.1f s ago\n", (double)json_integer_value(heard) / 1000);
	else
		(void)printf(", not heard since heartbeatd started here\n");
}

/* The furthest that anybody is known to have come, but for the named one: of a copy that counts, or of what was answered. */
static json_int_t furthest(const json_t *loss, const char *name)
{
	json_int_t seq = number_of(json_object_get(loss, "answered"), "seq");
	const json_t *node;
	size_t i;

	json_array_foreach(json_object_get(loss, "nodes"), i, node)
	{
		if (strcmp(ctl_text(node, "name"), name) != 0 && json_is_true(json_object_get(node, "in_sync")) &&
		    number_of(node, "seq") > seq)
			seq = number_of(node, "seq");
	}
	return seq;
}

static void print_loss(const json_t *loss, const json_t *named)
{
	const json_t *answered = json_object_get(loss, "answered"), *node;
	const char *name = ctl_text(named, "name");
	json_int_t has = number_of(named, "seq"), known = furthest(loss, name);
	size_t i;

	(void)printf("The record (version %lld, epoch %lld) names %s active. As far as is known here:\n",
	    (long long)number_of(loss, "version"), (long long)number_of(loss, "epoch"), ctl_text(loss, "active"));
	print_copy(named, "has");
	json_array_foreach(json_object_get(loss, "nodes"), i, node)
	{
		if (node != named)
			print_copy(node, "had");
	}
	if (number_of(answered, "seq"))
		(void)printf("  %-16s %s, in epoch %lld\n", "answered up to", ctl_text(answered, "gtid"),
		    (long long)number_of(answered, "epoch"));
	if (!has || !known)
		(void)printf("How much would be lost is not known here.\n");
	else if (known > has)
		(void)printf("At least %lld transactions would be lost, and whatever was paid after that was heard.\n",
		    (long long)(known - has));
	else
		(void)printf("Nothing is known to be missing; what was paid after that was heard would be lost.\n");
}

static int confirm(const json_t *loss, const char *name)
{
	const char *active = ctl_text(loss, "active");

	return ctl_command_confirm_name(COMMAND, name,
	    "%s must be off, and stay off until this has ended: if it runs unseen, it takes payments that are "
	    "lost, too.\n"
	    "Nobody here can know that but you. What only %s has is given up for good.\n"
	    "To make %s active",
	    active, active, name);
}

/* What the named one says of the last attempt, as this status has it. */
static const char *note_of(const json_t *status, const char *name)
{
	const char *reason = ctl_text(ctl_node(status, name), "reason");

	return strncmp(reason, "was not promoted", 16) == 0 ? reason : "";
}

enum outcome { WAITS, SERVES, FAILED };

/* A note that was there before tells of an earlier attempt. */
static enum outcome look(const json_t *status, const char *name, json_int_t version, const char *before)
{
	const char *note = note_of(status, name), *active = ctl_text(status, "active");

	if (strcmp(active, name) == 0 && strcmp(ctl_text(status, "mode"), "STALLED") != 0) {
		(void)printf("%s serves (%s)\n", name, ctl_text(status, "mode"));
		return SERVES;
	}
	if (note[0] && strcmp(note, before) != 0) {
		(void)ctl_command_refuse(COMMAND, note);
		return FAILED;
	}
	if (active[0] && strcmp(active, name) != 0 && number_of(status, "version") > version) {
		(void)ctl_command_refuse(COMMAND, "the record has changed meanwhile: look again");
		return FAILED;
	}
	return WAITS;
}

static int wait_for(const char *name, json_int_t version, const char *before)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct errbuf e = {""};
		json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
		enum outcome now = look(status, name, version, before);

		json_decref(status);
		if (now != WAITS)
			return now == SERVES ? 0 : 1;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return ctl_command_refuse(COMMAND,
	    "not done after 75 s: holdfastctl status, holdfastctl explain; until it is known, leave the old one off");
}

/* The words bind it to the record that was shown. */
static int begin(const char *name, json_int_t version)
{
	char words[2 * NAME_BYTES], before[LOCAL_REASON_BYTES];
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	int code;

	(void)snprintf(before, sizeof(before), "%s", note_of(status, name));
	json_decref(status);
	(void)snprintf(words, sizeof(words), "force-promote %.40s %lld", name, (long long)version);
	code = ctl_command_begin(COMMAND, words);
	return code ? code : wait_for(name, version, before);
}

static int promote(const char *name, bool yes)
{
	struct errbuf e = {""};
	json_t *loss = ctl_ask(LOCAL_SOCKET, "loss", &e);
	const json_t *named = ctl_node(loss, name);
	int code = 0;

	if (!loss)
		return ctl_command_refuse(COMMAND, e.text);
	if (!named) {
		json_decref(loss);
		return ctl_command_refuse(COMMAND, "no gateway of that name: holdfastctl status");
	}
	print_loss(loss, named);
	(void)fflush(stdout);
	if (!yes)
		code = confirm(loss, name);
	if (!code)
		code = begin(name, number_of(loss, "version"));
	json_decref(loss);
	return code;
}

int ctl_force_promote(char **word)
{
	const char *name = NULL;
	bool accept = false, yes = false;

	for (; *word; word++) {
		if (strcmp(*word, "--accept-loss") == 0)
			accept = true;
		else if (strcmp(*word, "--yes") == 0)
			yes = true;
		else if (!name && **word != '-')
			name = *word;
		else
			break;
	}
	if (*word || !name || !accept || !ctl_is_name(name)) {
		(void)ctl_command_refuse(COMMAND, "want 'force promote NODE --accept-loss [--yes]'");
		return EXIT_USAGE;
	}
	return promote(name, yes);
}
