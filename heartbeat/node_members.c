#include "heartbeat/node_parts.h"

#include <stdio.h>

#define LEVEL_SECOND_ADDRESS 1
#define SILENT_US 1000000
#define STRANGER_US 5000000

uint64_t hb_silence_us(const struct hb_settings *s)
{
	uint64_t least_us = 3 * s->interval_us, silence_us = s->peer_timeout_us / 5 * 3;

	return silence_us > least_us ? silence_us : least_us;
}

bool hb_heard(const struct hb_node *n, uint8_t m, uint64_t within_us, uint64_t now_us)
{
	return n->peer[m].heard && now_us - n->peer[m].heard_us < within_us;
}

bool hb_answers(const struct hb_node *n, uint8_t m, uint64_t now_us)
{
	uint64_t patience_us = n->settings.peer_timeout_us;

	return hb_heard(n, m, patience_us < SILENT_US ? patience_us : SILENT_US, now_us);
}

const char *hb_member_name(const struct hb_node *n, uint8_t m)
{
	return m < n->known.members ? n->known.member[m].name : "nobody";
}

bool hb_refuse(const struct hb_node *n, uint8_t m, const char *because, char why[LOCAL_REASON_BYTES])
{
	(void)snprintf(why, LOCAL_REASON_BYTES, "%s %.100s", hb_member_name(n, m), because);
	return false;
}

/* Of its present life; the first sign of that need not be a beat. */
static bool has_beaten(const struct hb_node *n, uint8_t i)
{
	return i == n->self || n->peer[i].stamp_us;
}

static uint8_t level_of(const struct hb_node *n, uint8_t m)
{
	if (!has_beaten(n, m))
		return 0;
	return m == n->self ? HB_LEVEL : n->peer[m].facts.level;
}

uint8_t hb_level(const struct hb_node *n)
{
	uint8_t level = HB_LEVEL;

	for (uint8_t i = 0; i < n->known.members; i++)
		level = level_of(n, i) < level ? level_of(n, i) : level;
	return level;
}

uint8_t hb_member_below(const struct hb_node *n, uint8_t level)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (level_of(n, i) < level)
			return i;
	return HB_NOBODY;
}

const char *hb_name_below(const struct hb_node *n, uint8_t level)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (has_beaten(n, i) && level_of(n, i) < level)
			return hb_member_name(n, i);
	return n->watcher.member.name[0] && n->watcher.facts.level < level ? n->watcher.member.name : NULL;
}

uint8_t hb_unheard(const struct hb_node *n, uint8_t but, uint64_t now_us)
{
	for (uint8_t i = 0; i < n->known.members; i++)
		if (i != n->self && i != but && !hb_heard(n, i, n->settings.peer_timeout_us, now_us))
			return i;
	return HB_NOBODY;
}

bool hb_is_stranger(const struct hb_node *n, uint64_t now_us)
{
	const struct hb_register *reg = &n->acceptor.reg;
	bool heard = false;

	if (n->displaced_us && now_us < n->displaced_us + STRANGER_US)
		return true;
	if (n->booted || n->self == HB_NOBODY || now_us < n->reading.began_us + STRANGER_US)
		return false;
	for (uint8_t i = 0; i < reg->accepted.members; i++) {
		if (i == n->self)
			continue;
		if (n->peer[i].stamp_us || (n->reading.answers >> i & 1))
			return false;
		heard = heard || hb_heard(n, i, STRANGER_US, now_us);
	}
	return heard;
}

bool hb_all_are_heard(const struct hb_node *n, uint64_t now_us)
{
	return hb_unheard(n, HB_NOBODY, now_us) == HB_NOBODY;
}

bool hb_is_plain(const struct ip *address)
{
	return ip_is_v4(address) || ip_is_none(address);
}

/* The replica reads the record, too. */
bool hb_may_tell_address(const struct hb_node *n, const struct ip *address)
{
	return hb_is_plain(address) || (hb_level(n) >= HB_LEVEL_IPV6 &&
					   (!n->watcher.member.name[0] || n->watcher.facts.level >= HB_LEVEL_IPV6));
}

struct ip hb_second_address_to_tell(const struct hb_node *n, const struct ip *its)
{
	static const struct ip none;

	return hb_level(n) >= LEVEL_SECOND_ADDRESS && hb_may_tell_address(n, its) ? *its : none;
}

bool hb_wants_address(const struct hb_node *n, uint64_t now_us, struct hb_change *c)
{
	if (!hb_all_are_heard(n, now_us))
		return false;
	for (uint8_t i = 0; i < n->known.members; i++)
		if (!has_beaten(n, i))
			return false;
	for (uint8_t i = 0; i < n->known.members; i++) {
		const struct ip *its = i == n->self ? &n->settings.second_address : &n->peer[i].facts.second_address;

		/* An older release that came back could not be told the record at all. */
		c->member.second_address = hb_second_address_to_tell(n, its);
		c->target = i;
		if (!ip_same(&n->known.member[i].second_address, &c->member.second_address))
			return true;
	}
	return false;
}
