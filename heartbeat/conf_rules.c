#include "heartbeat/conf_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "heartbeat/conf_value.h"
#include "heartbeat/ip_text.h"

#define KIND(kind) (1u << (kind))
#define ANY (KIND(CONF_KINDS) - 1)
#define WITH_ADDRESS (KIND(CONF_KIND_GATEWAY) | KIND(CONF_KIND_REPLICA)) /* the virtual one */

static bool has_no_name(const struct conf *c)
{
	return !c->name[0];
}

static bool has_no_address(const struct conf *c)
{
	return !c->address[0];
}

static bool has_no_vip(const struct conf *c)
{
	return !c->vip[0];
}

static bool has_no_interface(const struct conf *c)
{
	return !c->interface[0];
}

static bool has_one_path_twice(const struct conf *c)
{
	return c->second_address[0] && strcmp(c->second_address, c->address) == 0;
}

static bool is_vip(const struct conf *c, const char *address)
{
	struct ip ip = ip_before_slash(address), vip = ip_before_slash(c->vip);

	return c->vip[0] && address[0] && ip_same(&ip, &vip);
}

static bool is_at_vip(const struct conf *c)
{
	return is_vip(c, c->address);
}

static bool is_at_vip_too(const struct conf *c)
{
	return is_vip(c, c->second_address);
}

/* The clients', and elsewhere half of the time. */
static bool has_page_at_vip(const struct conf *c)
{
	struct ip at, vip = ip_before_slash(c->vip);
	uint32_t port;

	return value_is_endpoint(c->page_listen, &at, &port) && ip_same(&at, &vip);
}

static const struct {
	unsigned kinds;
	bool (*broken)(const struct conf *c);
	const char *text;
} rules[] = {
    {ANY, has_no_name, "'name' in [node] is missing"},
    {ANY, has_no_address, "'address' in [node] is missing"},
    {ANY, has_one_path_twice, "'second-address' must differ from 'address'"},
    {WITH_ADDRESS, has_no_vip, "'vip' in [cluster] is missing"},
    {WITH_ADDRESS, has_no_interface, "'interface' in [node] is missing"},
    {ANY, is_at_vip, "'address' in [node] is the virtual IP: want an address of this machine alone"},
    {ANY, is_at_vip_too, "'second-address' in [node] is the virtual IP: want an address of this machine alone"},
    {WITH_ADDRESS, has_page_at_vip, "'listen' in [page] is the virtual IP: want an address of this machine"},
};

unsigned conf_rules_broken(const struct conf *c, const char *ret[static CONF_RULES_MAX])
{
	unsigned count = 0;

	_Static_assert(sizeof(rules) / sizeof(rules[0]) <= CONF_RULES_MAX, "each has room");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((rules[i].kinds & KIND(c->kind)) && rules[i].broken(c))
			ret[count++] = rules[i].text;
	return count;
}
