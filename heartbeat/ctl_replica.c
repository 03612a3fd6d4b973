/*
 * holdfastctl force promote, on a replica: the pair is gone for ever. Two of the three members of its register are gone with it, so there
 * is no majority, and nothing can be decided in that any more: the replica becomes the first gateway of a cluster of its own, in place, with
 * the key and the data that it has. Its heartbeatd applies what was received and writes the first record of that cluster; from then on
 * this only has to be finished, here or by another call.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/clusterkey.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_layout.h"
#include "heartbeat/ctl_loss.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/ctl_setup.h"
#include "heartbeat/ctl_token.h"
#include "heartbeat/durable.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/keyfile.h"
#include "heartbeat/local.h"
#include "heartbeat/statefile.h"

#define COMMAND "force promote"
#define REGISTER_PATH CONF_STATE_DIR "/heartbeat/register"
#define PAIR_PATH REGISTER_PATH "-pair"			      /* heartbeat/daemon_pair.c */
#define UNFINISHED_PATH CONF_STATE_DIR "/heartbeat/promotion" /* there as long as what is below is under way */
#define WORDS_BYTES 96
#define LOOK_MS 100
#define LOOKS 750 /* what was received may take a minute to be applied */
#define STOP_TIMEOUT_MS 100000

static json_t *ask_state(char *state, size_t size)
{
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", NULL);

	(void)snprintf(state, size, "%s", ctl_text(status, "state"));
	return status;
}

/* Until its heartbeatd has written the first record, or says that it does not. */
static int wait_record(const char *before)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		char state[24];
		json_t *status = ask_state(state, sizeof(state));
		const char *reason = ctl_text(status, "reason");
		bool failed = strstr(reason, "was not promoted") && strcmp(reason, before) != 0;
		int code = failed ? ctl_command_refuse(COMMAND, reason) : 0;

		json_decref(status);
		if (failed || strcmp(state, "promoted") == 0)
			return code;
		if (ctl_pause(LOOK_MS))
			break;
	}
	return ctl_command_refuse(
	    COMMAND, "not done after 75 s: holdfastctl status; until it is known, leave the old ones off");
}

static int begin(const char *words)
{
	char state[24], before[LOCAL_REASON_BYTES];
	json_t *status = ask_state(state, sizeof(state));
	int code;

	(void)snprintf(before, sizeof(before), "%s", ctl_text(status, "reason"));
	json_decref(status);
	code = ctl_command_begin(COMMAND, words);
	return code ? code : wait_record(before);
}

static int confirm(const json_t *loss, const char *name)
{
	char names[64] = "";
	const json_t *node;
	size_t i;

	json_array_foreach(json_object_get(loss, "nodes"), i, node)
	{
		size_t at = strlen(names);

		(void)snprintf(names + at, sizeof(names) - at, "%s%s", at ? " and " : "", ctl_text(node, "name"));
	}
	return ctl_command_confirm(COMMAND, name,
	    "%s must be off, and must not serve again: nothing here can keep them from it, and what they take then is "
	    "in\n"
	    "another history. Nobody can know that but you. What only they have is given up for good.\n"
	    "To make %s a cluster of its own",
	    names, name);
}

/* ---- what its heartbeatd has decided, finished */

static int stop_all(struct ctl_setup *s, struct errbuf *e)
{
	/* Its database starts anew under the number of a member; it is killed, as always, and loses nothing by that. */
	static const char *const units[] = {"holdfast-reconfigure.path", "holdfast-replicationd", "holdfast-heartbeatd",
	    "haproxy", "mariadb", "keepalived"};
	int code = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && !code; i++) {
		const char *const argv[] = {"systemctl", "stop", units[i], NULL};

		code = ctl_run(argv, STOP_TIMEOUT_MS, &s->output, e);
	}
	return code;
}

static const struct ctl_step steps[] = {
    {"stopping what follows", stop_all},
    {"writing the configuration of a gateway", ctl_layout_make},
    {"starting", ctl_setup_start},
    {"waiting until it serves", ctl_setup_wait_serving},
};

static int finish(const struct conf *conf)
{
	static struct ctl_setup s = {.command = COMMAND, .keep = true};
	struct ip vip = ip_before_slash(conf->vip);
	char host[IP_URL_BYTES];
	struct keyring ring = {0};
	struct errbuf e = {""};
	int code = clusterkey_load(CONF_KEY_PATH, s.key, &e);

	if (!code)
		code = durable_write(UNFINISHED_PATH, "", &e);
	s.conf = *conf;
	s.conf.kind = CONF_KIND_GATEWAY;
	s.conf.seed_address[0] = '\0';
	memcpy(s.member[0].name, s.conf.name, sizeof(s.member[0].name));
	memcpy(s.member[0].address, s.conf.address, sizeof(s.member[0].address));
	s.member[0].kind = CONF_KIND_GATEWAY;
	s.members = 1;
	if (!code)
		code = keyfile_load(KEYFILE_PATH, s.key, &ring, &e);
	if (code)
		code = ctl_command_refuse(COMMAND, e.text);
	else
		code = ctl_setup_run(&s, steps, sizeof(steps) / sizeof(steps[0]));
	if (!code && durable_remove(UNFINISHED_PATH, &e))
		code = ctl_command_refuse(COMMAND, e.text);
	if (!code) {
		(void)printf(
		    "\n%s serves (SOLO) at https://%s/, a cluster of its own. The old gateways and their witness\n"
		    "begin anew before they join it: doc/operations.md, \"The whole site is gone\".\n\n",
		    conf->name, ip_url(&vip, host));
		code = ctl_token_print(stdout, &s.conf, s.key, &ring, s.member, s.members, NULL, &e)
			   ? ctl_command_refuse(COMMAND, e.text)
			   : 0;
	}
	sodium_memzero(&s, sizeof(s));
	sodium_memzero(&ring, sizeof(ring));
	return code;
}

bool ctl_replica_is_promoted(void)
{
	uint8_t key[PKI_KEY_BYTES];
	struct keyring first;
	struct hb_register reg = {0};
	bool ret;

	if (access(PAIR_PATH, F_OK) || clusterkey_load(CONF_KEY_PATH, key, NULL))
		return false;
	keyfile_first(key, &first);
	ret = statefile_load(REGISTER_PATH, first.cluster, &reg, NULL) == 0 && reg.admitted &&
	      reg.kind == HB_KIND_GATEWAY && reg.accepted.members == 1;
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&first, sizeof(first));
	return ret;
}

bool ctl_replica_is_unfinished(void)
{
	return access(UNFINISHED_PATH, F_OK) == 0;
}

int ctl_replica_promote(const struct conf *conf, const char *name, bool yes)
{
	struct errbuf e = {""};
	json_t *loss = ctl_ask(LOCAL_SOCKET, "loss", &e);
	char words[WORDS_BYTES], state[24];
	int code;

	/* It was cut short when all was stopped, or later. */
	if ((!loss || ctl_replica_is_unfinished()) && strcmp(name, conf->name) == 0 && ctl_replica_is_promoted()) {
		json_decref(loss);
		return finish(conf);
	}
	if (!loss)
		return ctl_command_refuse(COMMAND, e.text);
	json_decref(ask_state(state, sizeof(state)));
	(void)snprintf(words, sizeof(words), "force-promote %.40s %lld", name, (long long)ctl_number(loss, "version"));
	code = ctl_command_look(COMMAND, words);
	if (!code && strcmp(state, "promoted") != 0) {
		ctl_loss_print_replica(stdout, loss);
		(void)fflush(stdout);
		code = yes ? 0 : confirm(loss, name);
		if (!code)
			code = begin(words);
	}
	json_decref(loss);
	if (!code && !ctl_replica_is_promoted())
		return ctl_command_refuse(COMMAND, "the promotion is not on disk: call it again");
	return code ? code : finish(conf);
}
