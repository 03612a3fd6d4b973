/*
 * What a replica remembers of the pair that it follows, in a file beside its register: when it was promoted, and is a gateway of a cluster
 * of its own, it tells those machines once a second that they were given up (heartbeat/node_given_up.c).
 */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "heartbeat/log.h"

#define TELL_US 1000000
#define TEXT_BYTES 1024

static void path_of(const struct daemon *d, char path[static 200])
{
	(void)snprintf(path, 200, "%s-pair", d->state_path);
}

/* "at GTID", then a line for each member: address, port, instance. Only here may the loop wait for the disk: nobody holds a lease. */
static int store(struct daemon *d)
{
	const struct hb_node *n = &d->node;
	char path[200], text[TEXT_BYTES], at[GTID_TEXT_BYTES];
	struct errbuf e;
	int code;
	size_t used = (size_t)snprintf(text, sizeof(text), "at %s\n", gtid_format(n->repl.applied, at));

	for (uint8_t i = 0; i < n->known.members; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%" PRIu32 " %u %" PRIu64 "\n",
		    n->known.member[i].ipv4, n->known.member[i].port, n->known.member[i].instance);
	path_of(d, path);
	code = durable_write(path, text, &e);
	if (code)
		LOG(LOG_ERR, "pair.unwritten", KV_S("why", e.text));
	return code;
}

bool daemon_pair_note(struct daemon *d, uint64_t now_us)
{
	if (!d->node.settings.replica || !d->node.replica.promoted || d->pair_stored || !d->node.known.members)
		return true;
	if (now_us < d->pair_again_us)
		return false;
	d->pair_again_us = now_us + TELL_US;
	d->pair_stored = store(d) == 0;
	return d->pair_stored;
}

static bool take_line(const char *line, struct hb_member *ret)
{
	*ret = (struct hb_member){0};
	return sscanf(line, "%" SCNu32 " %hu %" SCNu64, &ret->ipv4, &ret->port, &ret->instance) == 3;
}

int daemon_pair_open(struct daemon *d, struct errbuf *e)
{
	char path[200], text[TEXT_BYTES], *line, *save = NULL;
	int code;

	path_of(d, path);
	d->pair_stored = d->node.replica.promoted;
	if (d->conf.kind != CONF_KIND_GATEWAY || access(path, F_OK))
		return 0;
	code = durable_read(path, text, sizeof(text), e);
	if (code)
		return code;
	line = strtok_r(text, "\n", &save);
	if (!line || strncmp(line, "at ", 3) != 0 || gtid_parse(line + 3, &d->pair_at))
		return err_set(e, -EBADMSG, "%s: line 1: 'at' and a GTID expected", path);
	while ((line = strtok_r(NULL, "\n", &save)) && d->pairs < HB_MEMBERS_MAX)
		if (take_line(line, &d->pair[d->pairs]))
			d->pairs++;
	return 0;
}

void daemon_pair_look(struct daemon *d, uint64_t now_us)
{
	const struct hb_record *r = &d->node.known;

	if (!d->pairs || now_us < d->pair_told_us + TELL_US || !r->members)
		return;
	d->pair_told_us = now_us;
	for (unsigned i = 0; i < d->pairs; i++) {
		struct hb_message m = {.type = HB_GIVEN_UP,
		    .from = HB_NOBODY,
		    .boot = d->node.acceptor.reg.boot,
		    .instance = d->node.acceptor.reg.instance,
		    .echo_boot = d->pair[i].instance,
		    .epoch = r->epoch,
		    .facts.opened_at = d->pair_at};

		memcpy(m.member.name, d->conf.name, sizeof(m.member.name));
		daemon_net_tell(d, &d->pair[i], &m);
	}
}
