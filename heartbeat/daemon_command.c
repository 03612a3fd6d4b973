/* Commands of an operator on this machine, and the verdicts on them: the core decides (heartbeat/node_command.c). */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/localclient.h"
#include "heartbeat/log.h"
#include "heartbeat/replica.h"

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

/* What an operator who forces a role was shown stands in no record. */
static void log_loss(const struct hb_node *n)
{
	for (uint8_t i = 0; i < n->known.members; i++) {
		const struct hb_peer *p = &n->peer[i];
		char binlog[GTID_TEXT_BYTES], received[GTID_TEXT_BYTES];
		struct hb_facts f = p->facts;

		if (n->known.member[i].kind != HB_KIND_GATEWAY)
			continue;
		if (i == n->self)
			hb_node_facts(n, clock_boottime_us(), &f);
		LOG(LOG_NOTICE, "command.loss", KV_S("member", n->known.member[i].name),
		    KV_S("binlog", gtid_format(f.binlog, binlog)), KV_S("received", gtid_format(f.received, received)),
		    KV_S("heard", i == n->self || p->heard ? "yes" : "no"), KV_U("in_sync", hb_in_sync(&n->known, i)));
	}
	LOG(LOG_NOTICE, "command.loss", KV_S("member", "answered"), KV_U("epoch", n->high_water_epoch),
	    KV_U("seq", n->high_water.seq));
}

/* Whoever asked was told that nobody answers, and may have done something else about it. */
static bool has_gone(const struct daemon_client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

/* Everything is root's; what loses nothing is also that of whoever is logged in at the status page. */
static bool may_command(const struct daemon *d, uint32_t uid, uint8_t kind)
{
	if (uid == 0 || uid == geteuid())
		return true;
	kind &= (uint8_t)~HB_COMMAND_LOOK;
	return uid == d->page_uid && (kind == HB_COMMAND_SWITCHOVER || kind == HB_COMMAND_MAINTENANCE_ON ||
					 kind == HB_COMMAND_MAINTENANCE_OFF);
}

bool daemon_command_take(struct daemon_client *c, const char *text)
{
	struct daemon *d = c->daemon;
	char why[LOCAL_REASON_BYTES] = "";
	struct hb_command command = {.kind = HB_COMMAND_COUNT};
	struct hb_input in = {.kind = HB_IN_COMMAND, .command = &command};
	int code = d->node.settings.replica ? hb_replica_parse(d->conf.name, text, &command, why)
					    : hb_command_parse(&d->node.known, text, &command, why);

	if (code == -ENOENT)
		return false;
	if (!may_command(d, c->uid, command.kind)) {
		answer(c, "{\"error\":\"%s\"}", "only root may do that");
		return true;
	}
	if (has_gone(c)) {
		LOG(LOG_WARNING, "command.late", KV_S("command", text), KV_U("uid", c->uid));
		return true;
	}
	if (code) {
		answer(c, "{\"started\":false,\"text\":\"%s\"}", why);
		return true;
	}
	randombytes_buf(&command.id, sizeof(command.id));
	c->command = command.id |= 1; /* 0 is none */
	LOG(LOG_NOTICE, "command.take", KV_S("command", text), KV_U("uid", c->uid));
	if (command.kind == HB_COMMAND_FORCE_PROMOTE)
		log_loss(&d->node);
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
