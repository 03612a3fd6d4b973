/* key: the key that the heartbeats are sealed with. */
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/local.h"

#define EXIT_NOT_YET 1
#define LOOK_MS 200
#define LOOKS 75

static int complain(const char *what)
{
	(void)fprintf(stderr, "holdfastctl: key: %s\n", what);
	return EXIT_NO_ANSWER;
}

static bool is_rotating(const json_t *key)
{
	return json_is_true(json_object_get(key, "rotating"));
}

static void print(FILE *f, const json_t *key)
{
	const json_t *names = json_object_get(key, "waiting_for");

	(void)fprintf(f, "key %lld", (long long)ctl_number(key, "number"));
	if (is_rotating(key) && ctl_number(key, "newest") != ctl_number(key, "number"))
		(void)fprintf(f, ", key %lld is being handed out", (long long)ctl_number(key, "newest"));
	else if (is_rotating(key))
		(void)fprintf(f, ", a change of key is under way");
	for (size_t i = 0; i < json_array_size(names); i++)
		(void)fprintf(f, "%s %s", i ? "," : "; waits for", json_string_value(json_array_get(names, i)));
	(void)fputc('\n', f);
}

/* NULL when that was said. */
static json_t *ask(const char *question)
{
	struct errbuf e = {""};
	json_t *key = ctl_ask(LOCAL_SOCKET, question, &e);
	const char *error = json_string_value(json_object_get(key, "error"));

	if (key && !error)
		return key;
	(void)complain(key ? error : e.text);
	json_decref(key);
	return NULL;
}

static int show(bool json)
{
	json_t *key = ask("key");
	int code;

	if (!key)
		return EXIT_NO_ANSWER;
	code = ctl_show("key", key, json, print);
	json_decref(key);
	return code;
}

/* Whom this node does not hear, if those are too many for a key to be made now. */
static bool is_cut_off(char *silent, size_t size)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);
	bool cut = ctl_status_is_cut_off(status, silent, size);

	json_decref(status);
	return cut;
}

/* The replica, which a new key does not reach; "": there is none. True: it is this machine. */
static bool find_replica(char *name, size_t size)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);
	const json_t *first = json_array_get(json_object_get(status, "replicas"), 0);
	bool self;

	(void)snprintf(name, size, "%s", ctl_text(first, "name"));
	self = name[0] && strcmp(name, ctl_text(status, "node")) == 0;
	json_decref(status);
	return self;
}

/* Once it is done nobody can take it back. */
static int confirm(const char *replica)
{
	return ctl_command_confirm("key rotate", NULL,
	    "The new key does not reach %s, the replica: from then on it follows nobody and cannot be promoted, until "
	    "it\n"
	    "was made to begin anew and has joined with a new token. Should the site of the pair be lost before, what "
	    "was\n"
	    "paid since is lost, too. Go on?",
	    replica);
}

/* It goes on without us; we only look. */
static int rotate(bool yes)
{
	char silent[96], why[192], replica[24];
	bool cut = is_cut_off(silent, sizeof(silent)), done;
	json_t *key;
	int code;

	if (find_replica(replica, sizeof(replica)))
		return complain("this machine is a replica and no member: ask a member");

	(void)snprintf(why, sizeof(why),
	    "not begun: nothing is heard from %s here; ask it of a member that hears a majority", silent);
	if (cut)
		return complain(why);
	code = replica[0] && !yes ? confirm(replica) : 0;
	if (code)
		return code;
	key = ask("key-rotate");

	for (unsigned i = 0; key && is_rotating(key) && i < LOOKS; i++) {
		json_decref(key);
		key = ctl_pause(LOOK_MS) ? NULL : ask("key");
	}
	if (!key)
		return EXIT_NO_ANSWER;
	done = !is_rotating(key);
	print(stdout, key);
	if (!done)
		(void)printf("It goes on by itself: see 'holdfastctl key status'. Until then the old key is valid.\n");
	if (replica[0])
		(void)printf(
		    "It does not reach %s, the replica: take that away and join it anew, with a new token.\n", replica);
	json_decref(key);
	return done ? 0 : EXIT_NOT_YET;
}

int ctl_key_rotate(const struct ctl_options *o)
{
	return rotate(o->yes);
}

int ctl_key_status(const struct ctl_options *o)
{
	return show(o->json);
}
