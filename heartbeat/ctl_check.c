#include "heartbeat/ctl_check.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ctl_files.h"
#include "heartbeat/ip_text.h"

bool ctl_is_name(const char *text)
{
	size_t n = strlen(text);

	return n >= 1 && n <= 15 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && text[0] >= 'a' &&
	       text[0] <= 'z';
}

bool ctl_is_interface(const char *text)
{
	size_t n = strlen(text);

	return n >= 1 && n < IFNAMSIZ && !strpbrk(text, " /:%\t\n");
}

bool ctl_is_moment(const char *text)
{
	size_t n = strlen(text);

	return n >= 5 && n < 48 && strspn(text, "0123456789-:TZ") == n;
}

bool ctl_is_path(const char *text)
{
	return text[0] == '/' && text[1] && strlen(text) < CTL_PATH_BYTES;
}

static bool take_address(const struct ifaddrs *i, struct ctl_address *ret)
{
	struct sockaddr_in6 six, six_mask;
	struct sockaddr_in four, mask;

	if (!i->ifa_addr || !i->ifa_netmask)
		return false;
	*ret = (struct ctl_address){.loopback = i->ifa_flags & IFF_LOOPBACK};
	(void)snprintf(ret->interface, sizeof(ret->interface), "%s", i->ifa_name);
	if (i->ifa_addr->sa_family == AF_INET) {
		memcpy(&four, i->ifa_addr, sizeof(four));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		ret->ip = ip_of_v4(ntohl(four.sin_addr.s_addr));
		ret->bits = IP_V4_PREFIX + (unsigned)__builtin_popcount(mask.sin_addr.s_addr);
		return true;
	}
	if (i->ifa_addr->sa_family != AF_INET6)
		return false;
	memcpy(&six, i->ifa_addr, sizeof(six));
	memcpy(&six_mask, i->ifa_netmask, sizeof(six_mask));
	memcpy(ret->ip.byte, &six.sin6_addr, IP_BYTES);
	for (unsigned k = 0; k < IP_BYTES; k++)
		ret->bits += (unsigned)__builtin_popcount(six_mask.sin6_addr.s6_addr[k]);
	return !ip_is_link_local(&ret->ip);
}

int ctl_host_read(struct ctl_host *ret, struct errbuf *e)
{
	struct ifaddrs *all;

	*ret = (struct ctl_host){0};
	if (getifaddrs(&all))
		return err_set(e, -errno, "addresses of this machine: %s", strerror(errno));
	for (const struct ifaddrs *i = all; i && ret->addresses < CTL_ADDRESSES_MAX; i = i->ifa_next)
		if (take_address(i, &ret->address[ret->addresses]))
			ret->addresses++;
	freeifaddrs(all);
	return 0;
}

const struct ctl_address *ctl_host_find(const struct ctl_host *host, const struct ip *ip)
{
	for (unsigned i = 0; i < host->addresses; i++)
		if (ip_same(&host->address[i].ip, ip))
			return &host->address[i];
	return NULL;
}

static bool in_network(const struct ip *ip, const struct ctl_address *a)
{
	struct ip one = ip_first_of(ip, a->bits), other = ip_first_of(&a->ip, a->bits);

	return ip_same(&one, &other);
}

/* The address that tells of the network which the virtual IP is to be in: own, if it is of that family; otherwise the one on the same
 * interface that has it in its network, or the first one there. NULL: that family is not there. */
static const struct ctl_address *find_network(
    const struct ctl_host *host, const struct ctl_address *own, const struct ip *vip)
{
	const struct ctl_address *first = NULL;

	if (ip_is_v4(&own->ip) == ip_is_v4(vip))
		return own;
	for (unsigned i = 0; i < host->addresses; i++) {
		const struct ctl_address *a = &host->address[i];

		if (strcmp(a->interface, own->interface) != 0 || ip_is_v4(&a->ip) != ip_is_v4(vip))
			continue;
		if (in_network(vip, a))
			return a;
		first = first ? first : a;
	}
	return first;
}

static int check_place(
    const char *what, const struct conf *conf, const struct ctl_address *net, const struct ip *vip, struct errbuf *e)
{
	struct ip lowest = ip_first_of(vip, net->bits), highest = ip_last_of(vip, net->bits);
	struct ip network = ip_first_of(&net->ip, net->bits);
	char text[IP_TEXT_BYTES];

	if (!in_network(vip, net))
		return err_set(e, -EINVAL, "%s %s is not in the network of %s, %s/%u", what, conf->vip, net->interface,
		    ip_text(&network, text), ip_length(&network, net->bits));
	if (net->bits >= IP_BITS - 1)
		return 0;
	if (ip_is_v4(vip) && (ip_same(vip, &lowest) || ip_same(vip, &highest)))
		return err_set(
		    e, -EINVAL, "%s %s is the network or the broadcast address of %s", what, conf->vip, net->interface);
	if (ip_same(vip, &lowest))
		return err_set(e, -EINVAL, "%s %s is the address of every router in the network of %s", what, conf->vip,
		    net->interface);
	return 0;
}

static int check_vip(
    const struct conf *conf, const struct ctl_host *host, const struct ctl_address *own, struct errbuf *e)
{
	struct ip vip = ip_before_slash(conf->vip);
	const struct ctl_address *there = ctl_host_find(host, &vip), *net = find_network(host, own, &vip);
	const char *what =
	    conf->seed_address[0] && conf->kind == CONF_KIND_GATEWAY ? "the cluster's virtual IP" : "--vip";

	if (ip_same(&vip, &own->ip))
		return err_set(e, -EINVAL, "%s is the address of this machine, %s: it must be one that no machine has",
		    what, conf->address);
	if (there)
		return err_set(e, -EINVAL, "%s %s is already an address of this machine, on %s: it must be free", what,
		    conf->vip, there->interface);
	if (!net)
		return err_set(e, -EINVAL, "%s %s: %s has no address of %s that others than its link know", what,
		    conf->vip, own->interface, ip_is_v4(&vip) ? "IPv4" : "IPv6");
	return check_place(what, conf, net, &vip, e);
}

int ctl_check_network(const struct conf *conf, const struct ctl_host *host, struct errbuf *e)
{
	struct ip ip = ip_before_slash(conf->address);
	const struct ctl_address *own = ctl_host_find(host, &ip);

	if (conf->interface[0] && !if_nametoindex(conf->interface))
		return err_set(
		    e, -EINVAL, "--interface %s: this machine has no such network interface", conf->interface);
	if (!own)
		return err_set(e, -EINVAL, "--address %s is not an address of this machine", conf->address);
	if (own->loopback)
		return err_set(
		    e, -EINVAL, "--address %s: the other members cannot reach a loopback address", conf->address);
	if (conf->interface[0] && strcmp(own->interface, conf->interface) != 0)
		return err_set(e, -EINVAL, "--address %s is on %s, not on --interface %s", conf->address,
		    own->interface, conf->interface);
	return conf->vip[0] ? check_vip(conf, host, own, e) : 0;
}

static int check_empty(const char *path, const char *what, struct errbuf *e)
{
	const struct dirent *d;
	DIR *dir = opendir(path);
	bool empty = true;

	if (!dir)
		return errno == ENOENT ? 0 : err_set(e, -errno, "%s: %s", path, strerror(errno));
	while (empty && (d = readdir(dir)))
		empty = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
	(void)closedir(dir);
	return empty ? 0 : err_set(e, -EEXIST, "%s, %s, is already in use: it must not exist or be empty", path, what);
}

int ctl_check_fresh(const char *datadir, struct errbuf *e)
{
	static const char *const signs[] = {CONF_PATH, CONF_KEY_PATH, CONF_STATE_DIR "/heartbeat/register"};
	int code;

	if (geteuid() != 0)
		return err_set(e, -EPERM, "this must be run as root");
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (access(signs[i], F_OK) == 0)
			return err_set(e, -EEXIST, "%s exists: this machine belongs to a cluster already", signs[i]);
	code = check_empty(datadir, "the data directory", e);
	if (!code)
		code = check_empty(CONF_STATE_DIR "/heartbeat", "state of an earlier member", e);
	if (!code)
		code = check_empty(CONF_STATE_DIR "/replication", "state of an earlier member", e);
	return code;
}

/* A replica is to become a gateway one day. */
#define GATEWAY (1u << CONF_KIND_GATEWAY | 1u << CONF_KIND_REPLICA)
#define WORKER (1u << CONF_KIND_WORKER)
#define BOTH (GATEWAY | 1u << CONF_KIND_WITNESS)

static const struct {
	const char *name, *package;
	unsigned kinds;
} programs[] = {
    {"systemctl", "systemd", BOTH | WORKER},
    {HOLDFAST_SBINDIR "/holdfast-heartbeatd", "holdfast-common", BOTH},
    {HOLDFAST_SBINDIR "/holdfast-replicationd", "holdfast-gateway", GATEWAY},
    {HOLDFAST_SBINDIR "/holdfast-ledgerd", "holdfast-gateway", GATEWAY},
    {HOLDFAST_SBINDIR "/holdfast-tickled", "holdfast-gateway", GATEWAY},
    {HOLDFAST_SBINDIR "/holdfast-workerd", "holdfast-worker", GATEWAY | WORKER},
    {"mariadbd", "mariadb-server", GATEWAY},
    {"mariabackup", "mariadb-backup", GATEWAY},
    {"haproxy", "haproxy", GATEWAY | WORKER},
    {"keepalived", "keepalived", GATEWAY},
};

static const struct {
	const char *name, *package;
	bool group;
	unsigned kinds;
} owners[] = {
    {"holdfast", "holdfast-common", true, BOTH | WORKER},
    {"holdfast-heartbeat", "holdfast-common", false, BOTH},
    {"holdfast-worker", "holdfast-common", false, WORKER},
    {"mysql", "mariadb-server", false, GATEWAY},
};

static bool is_program(const char *name)
{
	static const char *const dirs[] = {
	    "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"};

	if (name[0] == '/')
		return access(name, X_OK) == 0;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

int ctl_check_installed(uint32_t kind, struct errbuf *e)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if ((programs[i].kinds >> kind & 1) && !is_program(programs[i].name))
			return err_set(e, -ENOENT, "%s is not installed: a %s%s needs the package %s", programs[i].name,
			    conf_kind_words[kind], kind == CONF_KIND_WORKER ? " host" : "", programs[i].package);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!(owners[i].kinds >> kind & 1))
			continue;
		if (owners[i].group ? !getgrnam(owners[i].name) : !getpwnam(owners[i].name))
			return err_set(e, -ENOENT, "there is no %s '%s': the package %s makes it",
			    owners[i].group ? "group" : "user", owners[i].name, owners[i].package);
	}
	return 0;
}
