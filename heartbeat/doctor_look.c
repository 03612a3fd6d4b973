#include "heartbeat/doctor_look.h"

#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <net/if.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_hosts.h"
#include "heartbeat/ctl_probe.h"
#include "heartbeat/ctl_status_host.h"
#include "heartbeat/ctl_units.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/ip_socket.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/localclient.h"
#include "heartbeat/settings.h"

#define CONNECT_MS 1000
#define SYNCS 15
#define PEER_SOCKET "/run/holdfast/ask-peer.sock"
#define SYNC_BYTES 4096

#define PAIR (1u << CONF_KIND_GATEWAY)
#define GATEWAY (PAIR | 1u << CONF_KIND_REPLICA)
#define HOST (1u << CONF_KIND_WORKER)

static void look_at_clock(struct doctor_facts *ret)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	if (state >= 0)
		ret->clock = state == TIME_ERROR || (t.status & STA_UNSYNC) ? DOCTOR_CLOCK_FREE : DOCTOR_CLOCK_SYNCED;
}

/* What init and join ask before, with the virtual address left out: it may be here now. */
static void look_at_network(const struct conf *conf, struct doctor_facts *ret)
{
	struct conf own = *conf;
	struct ip ip = ip_before_slash(conf->address);
	struct ctl_host host;
	struct errbuf e = {""};
	struct ifreq mtu = {0};
	const struct ctl_address *there;
	int fd;

	own.vip[0] = '\0';
	if (ctl_host_read(&host, &e) || ctl_check_network(&own, &host, &e)) {
		(void)snprintf(ret->network, sizeof(ret->network), "%s", e.text);
		return;
	}
	there = ctl_host_find(&host, &ip);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(mtu.ifr_name, sizeof(mtu.ifr_name), "%s", there ? there->interface : conf->interface);
	if (fd >= 0 && ioctl(fd, SIOCGIFMTU, &mtu) == 0 && mtu.ifr_mtu > 0)
		ret->mtu_bytes = (unsigned)mtu.ifr_mtu;
	if (fd >= 0)
		(void)close(fd);
}

/* 0, or -errno: why there is no connection after CONNECT_MS. */
static int try_port(const char *address, uint32_t port)
{
	struct ip ip = ip_before_slash(address);
	union ip_socket to;
	socklen_t length = ip_to_socket(&ip, (uint16_t)port, &to), size;
	int fd = socket(ip_family(&ip), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	size = sizeof(error);
	if (fd < 0)
		return -errno;
	if (ip_is_none(&ip))
		error = EINVAL;
	else if (connect(fd, &to.any, length) && errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, CONNECT_MS) != 1)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	(void)close(fd);
	return -error;
}

static void look_at_ports(const struct conf *conf, const char *name, const char *address, struct doctor_facts *ret)
{
	const struct {
		uint32_t port;
		unsigned kinds;
	} ports[] = {
	    {conf->database_port, GATEWAY},
	    {conf->mesh_http_port, PAIR | HOST},
	    {conf->mesh_ledger_port, PAIR | HOST},
	    {conf->mesh_seed_port, GATEWAY},
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]) && ret->ports < DOCTOR_LIST_MAX; i++) {
		if (!(ports[i].kinds >> conf->kind & 1))
			continue;
		(void)snprintf(ret->port[ret->ports].name, sizeof(ret->port[0].name), "%s", name);
		(void)snprintf(ret->port[ret->ports].address, sizeof(ret->port[0].address), "%s", address);
		ret->port[ret->ports].port = ports[i].port;
		ret->port[ret->ports++].code = try_port(address, ports[i].port);
	}
}

/* Who else answers for it than this machine: it has to be the active one alone, or nobody while we are that. */
static void look_at_address(const struct conf *conf, const char *active_address, struct doctor_facts *ret)
{
	struct ip vip = ip_before_slash(conf->vip), active_ip = ip_before_slash(active_address);
	uint8_t mac[CTL_PROBE_MAC_BYTES], active[CTL_PROBE_MAC_BYTES];
	bool own = strcmp(ret->active, conf->name) == 0, asked;
	bool hit = ctl_probe(conf->interface, &vip, NULL, &asked, mac);

	if (!asked)
		return;
	ret->vip = own ? DOCTOR_VIP_ACTIVE : DOCTOR_VIP_NOBODY;
	if (!hit)
		return;
	/* Both may answer: whoever was first says nothing about that. */
	ret->vip = DOCTOR_VIP_STRANGER;
	if (!own && ctl_probe(conf->interface, &active_ip, NULL, &asked, active) &&
	    !ctl_probe(conf->interface, &vip, active, &asked, mac))
		ret->vip = DOCTOR_VIP_ACTIVE;
	ctl_probe_mac_text(mac, ret->stranger);
}

/* What it has in holdfast.conf, as its HAProxy was told last. */
static void look_at_settings(const struct conf *conf, const char *peer, struct doctor_facts *ret)
{
	char text[4 * SETTINGS_SAME_BYTES]; /* a later release may have more keys */
	struct errbuf ignored = {""};

	(void)snprintf(ret->peer, sizeof(ret->peer), "%s", peer);
	ret->peer_tells = !ctl_fetch(PEER_SOCKET, SETTINGS_SAME_PATH, text, sizeof(text), &ignored) &&
			  settings_same_compare(conf, text, ret->unlike, &ret->unlikes);
}

static void take_own_word(const json_t *status, struct doctor_facts *ret)
{
	(void)snprintf(ret->own, sizeof(ret->own), "%s", ctl_text(status, "reason"));
	ret->outside = json_object_get(status, "given_up") || json_object_get(status, "stranger");
}

static void look_at_cluster(const struct conf *conf, struct doctor_facts *ret)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);
	const json_t *node;
	size_t i;

	if (!status) {
		(void)snprintf(ret->no_answer, sizeof(ret->no_answer), "%s", e.text[0] ? e.text : "does not answer");
		return;
	}
	(void)snprintf(ret->active, sizeof(ret->active), "%s", ctl_text(status, "active"));
	take_own_word(status, ret);
	json_array_foreach(json_object_get(status, "nodes"), i, node)
	{
		const char *name = ctl_text(node, "name"), *address = ctl_text(node, "address");

		if (strcmp(name, conf->name) == 0 || ret->members == DOCTOR_LIST_MAX)
			continue;
		(void)snprintf(ret->member[ret->members].name, sizeof(ret->member[0].name), "%s", name);
		(void)snprintf(ret->member[ret->members].address, sizeof(ret->member[0].address), "%s", address);
		ret->member[ret->members].lease_ms = (uint32_t)ctl_number(node, "lease_setting_ms");
		ret->member[ret->members++].heard = json_is_true(json_object_get(node, "reachable"));
		if (strcmp(ctl_text(node, "kind"), "gateway") != 0)
			continue;
		look_at_ports(conf, name, address, ret);
		if (conf->kind == CONF_KIND_GATEWAY)
			look_at_settings(conf, name, ret);
	}
	if (conf->kind == CONF_KIND_GATEWAY)
		look_at_address(conf, ctl_text(ctl_node(status, ret->active), "address"), ret);
	json_decref(status);
}

/* A worker host has no heartbeatd: the gateways themselves are asked. */
static void look_at_gateways(const struct conf *conf, struct doctor_facts *ret)
{
	struct errbuf e = {""};
	json_t *look = ctl_host_look(conf, &e);
	const json_t *one;
	size_t i;

	if (!look) {
		(void)snprintf(ret->no_answer, sizeof(ret->no_answer), "%s", e.text);
		return;
	}
	(void)snprintf(ret->active, sizeof(ret->active), "%s", ctl_text(look, "active"));
	ret->is_new = ctl_host_is_new(look);
	json_array_foreach(json_object_get(look, "gateways"), i, one)
	{
		const char *name = ctl_text(one, "name"), *address = ctl_text(one, "address");

		if (ret->members == DOCTOR_LIST_MAX)
			break;
		(void)snprintf(ret->member[ret->members].name, sizeof(ret->member[0].name), "%s", name);
		(void)snprintf(ret->member[ret->members].address, sizeof(ret->member[0].address), "%s", address);
		(void)snprintf(
		    ret->member[ret->members].other, sizeof(ret->member[0].other), "%s", ctl_text(one, CTL_HOST_OTHER));
		ret->member[ret->members++].heard = strcmp(ctl_text(one, "state"), CTL_HOST_SILENT) != 0;
		look_at_ports(conf, name, address, ret);
	}
	json_decref(look);
}

static void look_at_units(const struct conf *conf, struct doctor_facts *ret)
{
	static const char *const unwanted[] = {"mariadb.service", "mariadb.socket", "mariadb-extra.socket"};
	enum { UNWANTED = sizeof(unwanted) / sizeof(unwanted[0]) };
	char name[DOCTOR_LIST_MAX - UNWANTED][CTL_UNIT_BYTES];
	size_t count = ctl_units_names(conf, name, DOCTOR_LIST_MAX - UNWANTED);

	for (size_t i = 0; i < count; i++) {
		memcpy(ret->unit[i].name, name[i], CTL_UNIT_BYTES);
		ret->unit[i].wanted = true;
		ret->unit[i].enabled = ctl_units_is(name[i], "enabled");
		ret->unit[i].active = ctl_units_is(name[i], "active");
	}
	ret->units = count;
	if (conf->kind == CONF_KIND_WITNESS || conf->kind == CONF_KIND_WORKER)
		return;
	for (size_t i = 0; i < UNWANTED; i++) {
		(void)snprintf(ret->unit[count + i].name, CTL_UNIT_BYTES, "%s", unwanted[i]);
		ret->unit[count + i].enabled = ctl_units_is(unwanted[i], "enabled");
		/* The database itself may run, and nothing but replicationd may make it. */
		ret->unit[count + i].active = i > 0 && ctl_units_is(unwanted[i], "active");
		ret->units++;
	}
}

static void note_file(struct doctor_facts *ret, const char *path, const char *what)
{
	if (ret->files == DOCTOR_LIST_MAX)
		return;
	(void)snprintf(ret->file[ret->files].path, sizeof(ret->file[0].path), "%s", path);
	(void)snprintf(ret->file[ret->files++].what, sizeof(ret->file[0].what), "%s", what);
}

static void look_at_secret(struct doctor_facts *ret, const struct settings_secret *secret)
{
	const struct passwd *user = getpwnam(secret->owner);
	const struct group *group = getgrnam(secret->group);
	char what[96];
	struct stat st;

	if (stat(secret->path, &st))
		return;
	if (user && group && st.st_uid == user->pw_uid && st.st_gid == group->gr_gid &&
	    (st.st_mode & 07777) == secret->mode)
		return;
	(void)snprintf(what, sizeof(what), "a secret, has mode %04o: it is to be %04o and of %s:%s", st.st_mode & 07777,
	    secret->mode, secret->owner, secret->group);
	note_file(ret, secret->path, what);
}

/* Whoever needs one reads it, and nobody else: heartbeat/ctl_layout.c and ctl_page.c make these so, settings.c its own. */
static void look_at_secrets(const struct conf *conf, struct doctor_facts *ret)
{
	static const struct settings_secret secrets[] = {
	    {CONF_KEY_PATH, "root", "holdfast", 0640},
	    {CONF_PKI_DIR "/node.key", "root", "holdfast", 0640},
	    {CONF_PKI_DIR "/edge.pem", "root", "holdfast", 0640},
	    {CONF_PAGE_DIR "/password", "root", "holdfast-page", 0640},
	    {CONF_PAGE_DIR "/page.pem", "root", "holdfast-page", 0640},
	};
	static const struct settings_secret of_host = {CONF_PKI_DIR "/node.key", "root", "root", 0600};
	struct settings_secret rendered[SETTINGS_FILES_MAX];
	unsigned count = settings_secrets(conf->kind, rendered);

	if (conf->kind == CONF_KIND_WORKER)
		look_at_secret(ret, &of_host);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]) && conf->kind != CONF_KIND_WORKER; i++)
		look_at_secret(ret, &secrets[i]);
	for (unsigned i = 0; i < count; i++)
		look_at_secret(ret, &rendered[i]);
}

static void look_at_files(const struct conf *conf, struct doctor_facts *ret)
{
	struct settings_member member[CTL_MEMBERS_MAX];
	const char *different[SETTINGS_FILES_MAX];
	unsigned members = 0, count = 0;
	struct errbuf e = {""};

	look_at_secrets(conf, ret);
	/* Without the members nothing can be said of what follows from them. */
	if (conf->kind == CONF_KIND_WITNESS || ret->no_answer[0])
		return;
	if (conf->kind == CONF_KIND_WORKER ? hostfiles_gateways(member, &members, &e)
					   : ctl_members_ask(member, &members, &e))
		return;
	if (!members)
		return;
	if (settings_look(conf, member, members, different, &count, &e))
		note_file(ret, "what Holdfast writes", e.text);
	for (unsigned i = 0; i < count; i++)
		note_file(ret, different[i], "is not as Holdfast would write it now");
}

static void look_at_programs(const struct conf *conf, struct doctor_facts *ret)
{
	struct settings_refusal refusal[SETTINGS_PROGRAMS];

	_Static_assert(SETTINGS_PROGRAMS <= sizeof(ret->refusal) / sizeof(ret->refusal[0]), "each has room");
	ret->refusals = settings_refusals(conf->kind, refusal);
	for (size_t i = 0; i < ret->refusals; i++) {
		(void)snprintf(ret->refusal[i].name, sizeof(ret->refusal[i].name), "%s", refusal[i].program);
		(void)snprintf(ret->refusal[i].words, sizeof(ret->refusal[i].words), "%.60s: %.190s", refusal[i].path,
		    refusal[i].why.text);
	}
}

static void look_at_certificates(struct doctor_facts *ret)
{
	for (size_t i = 0; i < certificates_count; i++) {
		size_t n = ret->certificates;
		struct errbuf e;
		int64_t end_s = 0;
		int code = certificate_end(certificates[i].path, &end_s, &e);

		/* A witness has none for clients. */
		if (code == -ENOENT || n == sizeof(ret->certificate) / sizeof(ret->certificate[0]))
			continue;
		ret->certificate[n].path = certificates[i].path;
		ret->certificate[n].left_s = end_s - (int64_t)time(NULL);
		(void)snprintf(
		    ret->certificate[n].unread, sizeof(ret->certificate[n].unread), "%.95s", code ? e.text : "");
		ret->certificates++;
	}
}

static void look_at_hosts(struct doctor_facts *ret)
{
	json_t *hosts = ctl_hosts(); /* a list that cannot be read: look_at_files says so */
	struct errbuf ignored = {""};
	json_t *status = json_array_size(hosts) ? ctl_ask(LOCAL_SOCKET, "status", &ignored) : NULL;

	ctl_hosts_compare(hosts, status);
	ret->hosts_pending = access(HOSTFILES_PENDING_PATH, F_OK) == 0;
	for (size_t i = 0; i < json_array_size(hosts) && ret->hosts < ROSTER_LIVE_MAX; i++) {
		const json_t *one = json_array_get(hosts, i);

#define TAKE(member)                                                                                                   \
	(void)snprintf(ret->host[ret->hosts].member, sizeof(ret->host[0].member), "%s", ctl_text(one, #member))
		TAKE(name);
		TAKE(address);
		TAKE(state);
		TAKE(name_of);
#undef TAKE
		ret->hosts++;
	}
	json_decref(hosts);
	json_decref(status);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The median of SYNCS; 0 when it cannot be written there. */
static uint32_t time_of_sync_us(const char *dir)
{
	static const char page[SYNC_BYTES];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint32_t took_us[SYNCS];
	bool well = fd >= 0;

	for (int i = 0; i < SYNCS && well; i++) {
		struct timespec from, to;

		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		well = pwrite(fd, page, sizeof(page), (off_t)i * SYNC_BYTES) == SYNC_BYTES && fdatasync(fd) == 0;
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		took_us[i] = (uint32_t)((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000 + 1);
	}
	if (fd >= 0)
		(void)close(fd);
	if (!well)
		return 0;
	qsort(took_us, SYNCS, sizeof(took_us[0]), by_size);
	return took_us[SYNCS / 2];
}

static void look_at_disk(struct doctor_facts *ret)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} forgetful[] = {{TMPFS_MAGIC, "tmpfs"}, {RAMFS_MAGIC, "ramfs"}, {NFS_SUPER_MAGIC, "nfs"},
	    {CIFS_SUPER_MAGIC, "cifs"}, {FUSE_SUPER_MAGIC, "fuse"}};
	struct statfs fs;
	struct statvfs room;

	ret->sync_us = time_of_sync_us(CONF_STATE_DIR);
	if (statfs(CONF_STATE_DIR, &fs) == 0)
		for (size_t i = 0; i < sizeof(forgetful) / sizeof(forgetful[0]); i++)
			if ((unsigned long)fs.f_type == forgetful[i].magic)
				(void)snprintf(ret->forgetful, sizeof(ret->forgetful), "%s", forgetful[i].name);
	ret->free_percent = 101;
	if (statvfs(CONF_STATE_DIR, &room) == 0 && room.f_blocks) {
		ret->free_mb = (uint64_t)room.f_bavail * room.f_frsize >> 20;
		ret->free_percent = (unsigned)(room.f_bavail * 100 / room.f_blocks);
	}
}

/* Those of the first process: no service has more. */
static void look_at_rights(struct doctor_facts *ret)
{
	FILE *f = fopen("/proc/1/status", "re");
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapBnd: %" SCNx64, &ret->capabilities) == 1)
			ret->capabilities_known = true;
	if (f)
		(void)fclose(f);
}

/* Without what holdfast.conf says. */
static void look_at_all(struct doctor_facts *ret)
{
	look_at_clock(ret);
	look_at_certificates(ret);
	look_at_disk(ret);
	look_at_rights(ret);
}

void doctor_look_without(struct doctor_facts *ret)
{
	struct errbuf e = {""};
	json_t *status = ctl_ask(LOCAL_SOCKET, "status", &e);

	look_at_all(ret);
	if (status)
		take_own_word(status, ret);
	else
		(void)snprintf(ret->no_answer, sizeof(ret->no_answer), "%s", e.text);
	json_decref(status);
}

void doctor_look(const struct conf *conf, struct doctor_facts *ret)
{
	look_at_all(ret);
	look_at_network(conf, ret);
	if (conf->kind == CONF_KIND_WORKER)
		look_at_gateways(conf, ret);
	else
		look_at_cluster(conf, ret);
	look_at_units(conf, ret);
	look_at_files(conf, ret);
	look_at_programs(conf, ret);
	if (conf->kind == CONF_KIND_GATEWAY)
		look_at_hosts(ret);
}
