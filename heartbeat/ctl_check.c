#include "heartbeat/ctl_check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ctl_files.h"

bool ctl_is_name(const char *text)
{
	size_t n = strlen(text);

	return n >= 1 && n <= 15 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n && text[0] >= 'a' &&
	       text[0] <= 'z';
}

bool ctl_is_ipv4(const char *text)
{
	struct in_addr a;

	return inet_pton(AF_INET, text, &a) == 1;
}

/* Copies what stands before the slash, if there is one. */
static bool take_address(const char *text, char ret[static INET_ADDRSTRLEN])
{
	size_t n = strcspn(text, "/");

	if (n >= INET_ADDRSTRLEN)
		return false;
	memcpy(ret, text, n);
	ret[n] = '\0';
	return true;
}

bool ctl_is_cidr(const char *text)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t digits = slash ? strlen(slash + 1) : 0;

	if (digits < 1 || digits > 2 || strspn(slash + 1, "0123456789") != digits || !take_address(text, address))
		return false;
	return ctl_is_ipv4(address) && slash[1] != '0' && strtoul(slash + 1, NULL, 10) <= 32;
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

uint32_t ctl_ipv4_of(const char *text)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr a;

	if (!take_address(text, address) || inet_pton(AF_INET, address, &a) != 1)
		return 0;
	return ntohl(a.s_addr);
}

int ctl_host_read(struct ctl_host *ret, struct errbuf *e)
{
	struct ifaddrs *all;

	*ret = (struct ctl_host){0};
	if (getifaddrs(&all))
		return err_set(e, -errno, "addresses of this machine: %s", strerror(errno));
	for (const struct ifaddrs *i = all; i && ret->addresses < CTL_ADDRESSES_MAX; i = i->ifa_next) {
		struct ctl_address *a = &ret->address[ret->addresses];
		struct sockaddr_in address, mask;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask)
			continue;
		memcpy(&address, i->ifa_addr, sizeof(address));
		memcpy(&mask, i->ifa_netmask, sizeof(mask));
		(void)snprintf(a->interface, sizeof(a->interface), "%s", i->ifa_name);
		a->ipv4 = ntohl(address.sin_addr.s_addr);
		a->mask = ntohl(mask.sin_addr.s_addr);
		a->loopback = i->ifa_flags & IFF_LOOPBACK;
		ret->addresses++;
	}
	freeifaddrs(all);
	return 0;
}

static const struct ctl_address *find(const struct ctl_host *host, uint32_t ipv4)
{
	for (unsigned i = 0; i < host->addresses; i++)
		if (host->address[i].ipv4 == ipv4)
			return &host->address[i];
	return NULL;
}

static int check_vip(
    const struct conf *conf, const struct ctl_host *host, const struct ctl_address *own, struct errbuf *e)
{
	uint32_t vip = ctl_ipv4_of(conf->vip), mask = own->mask;
	const struct ctl_address *there = find(host, vip);
	const char *what =
	    conf->seed_address[0] && conf->kind == CONF_KIND_GATEWAY ? "the cluster's virtual IP" : "--vip";
	char subnet[INET_ADDRSTRLEN];
	struct in_addr a = {htonl(own->ipv4 & mask)};

	if (vip == own->ipv4)
		return err_set(e, -EINVAL, "%s is the address of this machine, %s: it must be one that no machine has",
		    what, conf->address);
	if (there)
		return err_set(e, -EINVAL, "%s %s is already an address of this machine, on %s: it must be free", what,
		    conf->vip, there->interface);
	if ((vip & mask) != (own->ipv4 & mask))
		return err_set(e, -EINVAL, "%s %s is not in the network of %s, %s/%d", what, conf->vip, own->interface,
		    inet_ntop(AF_INET, &a, subnet, sizeof(subnet)), __builtin_popcount(mask));
	if (mask < UINT32_MAX - 1 && ((vip & ~mask) == 0 || (vip & ~mask) == ~mask))
		return err_set(
		    e, -EINVAL, "%s %s is the network or the broadcast address of %s", what, conf->vip, own->interface);
	return 0;
}

int ctl_check_network(const struct conf *conf, const struct ctl_host *host, struct errbuf *e)
{
	const struct ctl_address *own = find(host, ctl_ipv4_of(conf->address));

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
#define BOTH (GATEWAY | 1u << CONF_KIND_WITNESS)

static const struct {
	const char *name, *package;
	unsigned kinds;
} programs[] = {
    {"systemctl", "systemd", BOTH},
    {HOLDFAST_SBINDIR "/holdfast-heartbeatd", "holdfast-common", BOTH},
    {HOLDFAST_SBINDIR "/holdfast-replicationd", "holdfast-gateway", GATEWAY},
    {HOLDFAST_SBINDIR "/holdfast-ledgerd", "holdfast-gateway", GATEWAY},
    {HOLDFAST_SBINDIR "/holdfast-tickled", "holdfast-gateway", GATEWAY},
    {HOLDFAST_SBINDIR "/holdfast-workerd", "holdfast-worker", GATEWAY},
    {"mariadbd", "mariadb-server", GATEWAY},
    {"mariabackup", "mariadb-backup", GATEWAY},
    {"haproxy", "haproxy", GATEWAY},
    {"keepalived", "keepalived", GATEWAY},
};

static const struct {
	const char *name, *package;
	bool group;
	unsigned kinds;
} owners[] = {
    {"holdfast", "holdfast-common", true, BOTH},
    {"holdfast-heartbeat", "holdfast-common", false, BOTH},
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
			return err_set(e, -ENOENT, "%s is not installed: a %s needs the package %s", programs[i].name,
			    kind == CONF_KIND_WITNESS	? "witness"
			    : kind == CONF_KIND_REPLICA ? "replica"
							: "gateway",
			    programs[i].package);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!(owners[i].kinds >> kind & 1))
			continue;
		if (owners[i].group ? !getgrnam(owners[i].name) : !getpwnam(owners[i].name))
			return err_set(e, -ENOENT, "there is no %s '%s': the package %s makes it",
			    owners[i].group ? "group" : "user", owners[i].name, owners[i].package);
	}
	return 0;
}
