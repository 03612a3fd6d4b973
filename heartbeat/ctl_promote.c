/* holdfastctl force promote: the last resort. Shows what may be lost, asks, and waits until the named gateway serves. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_loss.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/local.h"

#define COMMAND "force promote"
#define NAME_BYTES 64
#define LOOK_MS 100
#define HEARD_LOOKS 10
#define LOOKS 750 /* what was received may take a minute to be applied */

static int confirm(const json_t *loss, const char *name)
{
	const char *active = ctl_text(loss, "active");

	if (strcmp(active, name) == 0)
		return ctl_command_confirm(COMMAND, name,
		    "What was answered and %s lacks is given up for good; on a machine that still has it, it is "
		    "exported.\n"
		    "To let %s serve without it",
		    name, name);
	return ctl_command_confirm(COMMAND, name,
	    "%s must be off, and stay off until this has ended: if it runs unseen, it takes payments that are "
	    "lost, too.\n"
	    "Nobody here can know that but you. What only %s has is given up for good.\n"
	    "To make %s active",
	    active, active, name);
}

/* Says what it has come to, if it has. */
static enum ctl_outcome look(const json_t *status, const char *name, json_int_t version, const char *before)
{
	const char *why = "";
	enum ctl_outcome now = ctl_loss_outcome(status, name, version, before, &why);

	if (now == CTL_SERVES)
		(void)printf("%s serves (%s)\n", name, ctl_text(status, "mode"));
	else if (now == CTL_FAILED)
		(void)ctl_command_refuse(COMMAND, why);
	return now;
}

static int wait_for(const char *name, json_int_t version, const char *before)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct errbuf e = {""};
		json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
		enum ctl_outcome now = look(status, name, version, before);

		json_decref(status);
		if (now != CTL_WAITS)
			return now == CTL_SERVES ? 0 : 1;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return ctl_command_refuse(COMMAND,
	    "not done after 75 s: holdfastctl status, holdfastctl explain; until it is known, leave the old one off");
}

/* The words bind it to the record that was shown. */
static int begin(const char *name, const char *words, json_int_t version)
{
	char before[LOCAL_REASON_BYTES];
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	int code;

	(void)snprintf(before, sizeof(before), "%s", ctl_loss_note(status, name));
	json_decref(status);
	code = ctl_command_begin(COMMAND, words);
	return code ? code : wait_for(name, version, before);
}

/* The named one has just said that it is able, and is heard of by others a moment later: what it has is not known to be nothing. */
static json_t *ask_loss(const char *name, json_int_t version)
{
	json_t *loss = NULL;

	for (unsigned i = 0; i < HEARD_LOOKS; i++) {
		json_decref(loss);
		loss = ctl_ask(LOCAL_SOCKET, "loss", NULL);
		if (!loss || ctl_number(loss, "version") != version || ctl_number(ctl_node(loss, name), "seq") ||
		    ctl_pause(LOOK_MS))
			break;
	}
	return loss;
}

static bool is_silent(void)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);
	bool ret = !status;

	json_decref(status);
	return ret;
}

/* Of what has no vote no word is passed on. */
static bool is_replica(const char *name)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);
	const json_t *first = json_array_get(json_object_get(status, "replicas"), 0);
	bool ret = strcmp(ctl_text(first, "name"), name) == 0;

	json_decref(status);
	return ret;
}

static int promote(const char *name, bool yes)
{
	struct errbuf e = {""};
	json_t *loss = ctl_ask(LOCAL_SOCKET, "loss", &e);
	json_int_t version = ctl_number(loss, "version");
	char words[2 * NAME_BYTES];
	int code;

	if (!loss)
		return ctl_command_refuse(COMMAND, e.text);
	if (!ctl_node(loss, name)) {
		json_decref(loss);
		return ctl_command_refuse(
		    COMMAND, is_replica(name) ? "that is the replica: when the pair is gone for ever, call it there"
					      : "no gateway of that name: holdfastctl status");
	}
	(void)snprintf(words, sizeof(words), "force-promote %.40s %lld", name, (long long)version);
	/* No loss is spoken of where there is none to be feared. */
	code = ctl_command_look(COMMAND, words);
	if (!code) {
		json_decref(loss);
		loss = ask_loss(name, version);
		code = loss && ctl_node(loss, name) ? 0 : ctl_command_refuse(COMMAND, "no answer: holdfastctl status");
	}
	if (!code)
		ctl_loss_print(stdout, loss, ctl_node(loss, name));
	(void)fflush(stdout);
	if (!code && !yes)
		code = confirm(loss, name);
	if (!code)
		code = begin(name, words, version);
	json_decref(loss);
	return code;
}

int ctl_force_promote(const struct ctl_options *o)
{
	struct conf conf;

	/* The configuration of one that was cut short may be that of a gateway by now. */
	if (access(CONF_PATH, R_OK) == 0 && conf_load(CONF_PATH, &conf, stderr) == 0 &&
	    (conf.kind == CONF_KIND_REPLICA ||
		((is_silent() || ctl_replica_is_unfinished()) && ctl_replica_is_promoted())))
		return ctl_replica_promote(&conf, o->node, o->yes);
	return promote(o->node, o->yes);
}
