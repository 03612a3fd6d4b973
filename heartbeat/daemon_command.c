/* Commands of an operator on this machine, and the verdicts on them: the core decides (heartbeat/node_command.c). */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/localclient.h"
#include "heartbeat/log.h"

static void answer(const struct daemon_client *c, const char *format, const char *text)
{
	struct local_text packet = {.last = 1};
	char plain[LOCAL_REASON_BYTES];
	size_t n = strnlen(text, sizeof(plain) - 1);

	/* What a database says of itself may hold anything. */
	for (size_t i = 0; i < n; i++)
		plain[i] = text[i] == '"' || text[i] == '\\' || (unsigned char)text[i] < ' ' ? ' ' : text[i];
	plain[n] = '\0';
	(void)snprintf(packet.text, sizeof(packet.text), format, plain);
	(void)local_send(c->fd, LOCAL_ANSWER, &packet, sizeof(packet));
}

bool daemon_command_take(struct daemon_client *c, const char *text)
{
	struct daemon *d = c->daemon;
	char why[LOCAL_REASON_BYTES] = "";
	struct hb_command command;
	struct hb_input in = {.kind = HB_IN_COMMAND, .command = &command};
	int code = hb_command_parse(&d->node.known, text, &command, why);

	if (code == -ENOENT)
		return false;
	if (c->uid != 0 && c->uid != geteuid()) {
		answer(c, "{\"error\":\"%s\"}", "only root may do that");
		return true;
	}
	if (code) {
		answer(c, "{\"started\":false,\"text\":\"%s\"}", why);
		return true;
	}
	randombytes_buf(&command.id, sizeof(command.id));
	c->command = command.id |= 1; /* 0 is none */
	LOG(LOG_NOTICE, "command.take", KV_S("command", text), KV_U("uid", c->uid));
	daemon_step(d, &in);
	return true;
}

void daemon_command_tell(struct daemon *d, const struct hb_verdict *v)
{
	if (!v->id)
		return;
	LOG(LOG_NOTICE, "command.verdict", KV_S("verdict", v->started ? "started" : "refused"), KV_S("why", v->text));
	for (unsigned i = 0; i < DAEMON_CLIENTS_MAX; i++) {
		struct daemon_client *c = &d->client[i];

		if (c->fd < 0 || c->command != v->id)
			continue;
		c->command = 0;
		answer(c, v->started ? "{\"started\":true,\"text\":\"%s\"}" : "{\"started\":false,\"text\":\"%s\"}",
		    v->text);
	}
}
