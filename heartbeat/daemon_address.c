/* The address: keepalived's word, whether keepalived hears it, and where the kernel has the address. */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"

#define PATH_BYTES 160
#define READS_A_TURN 16
/* Added to the priority of keepalived.conf, and with it below 255. */
#define RANKS 150

static void path_of(const struct daemon *d, const char *name, char path[static PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", d->run_dir, name);
}

/* Not O_TRUNC: keepalived must never read an empty file, which would mean 0. Not blocking: should root make it a FIFO. */
static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	int code = 0;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0644) || write(fd, text, strlen(text)) < 0 || ftruncate(fd, (off_t)strlen(text)))
		code = -errno;
	close(fd);
	return code;
}

static void complain(struct daemon *d, const char *path, int code)
{
	if (code && code != d->vrrp_error)
		LOG(LOG_ERR, "address.unset", KV_S("file", path), KV_S("why", strerror(-code)));
	d->vrrp_error = code;
}

/* A later epoch has the higher priority: its holder takes the address from one whose heartbeatd is frozen and has not been
 * able to take back its word. (Where the numbers begin again it has to wait until systemd has ended the frozen one.) */
static void write_rank(struct daemon *d)
{
	char path[PATH_BYTES], text[24];

	path_of(d, "vrrp-epoch", path);
	(void)snprintf(text, sizeof(text), "%u\n", (unsigned)(d->node.known.epoch % RANKS));
	complain(d, path, write_file(path, text));
	/* Again each time: somebody may have put another file in its place. */
	if (d->reads >= 0)
		(void)inotify_add_watch(d->reads, path, IN_ACCESS);
}

static void set_vrrp(struct daemon *d, int fault)
{
	char path[PATH_BYTES];
	int code;

	if (d->vrrp == fault)
		return;
	if (!fault)
		write_rank(d);
	path_of(d, "vrrp", path);
	code = write_file(path, fault ? "1\n" : "0\n");
	complain(d, path, code);
	if (code)
		return;
	d->vrrp = fault;
	LOG(LOG_NOTICE, fault ? "address.release" : "address.take", KV_U("epoch", d->node.known.epoch));
}

/* Is the file as we left it: our word, and writable by nobody else? */
static bool is_intact(const char *path, const char *text)
{
	char found[8] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	bool same;

	if (fd < 0)
		return false;
	same = read(fd, found, sizeof(found) - 1) == (ssize_t)strlen(text) && strcmp(found, text) == 0 &&
	       fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0644;
	close(fd);
	return same;
}

/* Somebody else has written it: keepalived must hear our word again. */
static void check_vrrp(struct daemon *d)
{
	char path[PATH_BYTES];
	int fault = d->vrrp;

	path_of(d, "vrrp", path);
	if (fault < 0 || is_intact(path, fault ? "1\n" : "0\n"))
		return;
	LOG(LOG_WARNING, "address.altered", KV_S("file", path), KV_S("why", "it is not as heartbeatd wrote it"));
	d->vrrp = -1;
	set_vrrp(d, fault);
}

/* keepalived alone reads that file. */
static void on_read(void *userdata)
{
	struct daemon *d = userdata;
	_Alignas(struct inotify_event) char buf[4096];

	while (read(d->reads, buf, sizeof(buf)) > 0)
		address_heard(&d->address);
}

static void ask_for_all(struct daemon *d)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg body;
	} question = {.head = {.nlmsg_len = sizeof(question),
			  .nlmsg_type = RTM_GETADDR,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	    .body = {.ifa_family = ip_is_v4(&d->vip) ? AF_INET : AF_INET6}};

	memset(d->vip_on, 0, sizeof(d->vip_on));
	d->route_known = false; /* nothing is said before the answer is whole */
	if (send(d->route, &question, sizeof(question), MSG_DONTWAIT) < 0)
		LOG(LOG_ERR, "address.unknown", KV_S("why", strerror(errno)));
}

/* It may lie on more than one interface: it is gone when it is on none. */
static void note(struct daemon *d, uint32_t interface, bool here)
{
	uint32_t *free = NULL;

	for (unsigned i = 0; i < DAEMON_VIP_PLACES; i++) {
		if (d->vip_on[i] == interface) {
			d->vip_on[i] = here ? interface : 0;
			return;
		}
		if (!d->vip_on[i])
			free = &d->vip_on[i];
	}
	if (here && free)
		*free = interface;
}

static void take_message(struct daemon *d, const char *buf, const struct nlmsghdr *m)
{
	struct ifaddrmsg body;
	struct rtattr a;
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(body));
	bool v4 = ip_is_v4(&d->vip);
	unsigned from = v4 ? IP_V4_AT : 0, bytes = IP_BYTES - from;

	if ((m->nlmsg_type != RTM_NEWADDR && m->nlmsg_type != RTM_DELADDR) || m->nlmsg_len < at)
		return;
	memcpy(&body, buf + NLMSG_HDRLEN, sizeof(body));
	if (body.ifa_family != (v4 ? AF_INET : AF_INET6))
		return;
	for (; at + RTA_LENGTH(bytes) <= m->nlmsg_len; at += RTA_ALIGN(a.rta_len)) {
		memcpy(&a, buf + at, sizeof(a));
		if (a.rta_len < sizeof(a))
			return;
		/* One of IPv6 has no local part where it has no other end. */
		if ((a.rta_type != IFA_LOCAL && (v4 || a.rta_type != IFA_ADDRESS)) || a.rta_len != RTA_LENGTH(bytes))
			continue;
		if (memcmp(buf + at + RTA_LENGTH(0), d->vip.byte + from, bytes) == 0)
			note(d, body.ifa_index, m->nlmsg_type == RTM_NEWADDR);
	}
}

static void tell_where(struct daemon *d)
{
	bool here = false;

	for (unsigned i = 0; i < DAEMON_VIP_PLACES; i++)
		here = here || d->vip_on[i];
	if (here == d->node.holds_vip)
		return;
	d->node.holds_vip = here;
	address_set_here(&d->address, here, clock_boottime_us());
	/* Without our word: at once, for keepalived puts some of it right before anybody can see it. */
	if (here != d->address.wanted && d->route_known)
		LOG(LOG_ALERT, here ? "address.intruded" : "address.lost", KV_S("address", d->conf.vip),
		    KV_S("why", here ? "it came without heartbeatd's word" : "it went without heartbeatd's word"));
	else
		LOG(LOG_NOTICE, here ? "address.here" : "address.gone", KV_S("address", d->conf.vip));
}

static void take_messages(struct daemon *d, const char *buf, size_t size)
{
	struct nlmsghdr m;

	for (size_t at = 0; at + sizeof(m) <= size; at += NLMSG_ALIGN(m.nlmsg_len)) {
		memcpy(&m, buf + at, sizeof(m));
		if (m.nlmsg_len < sizeof(m) || m.nlmsg_len > size - at)
			return;
		take_message(d, buf + at, &m);
		if (m.nlmsg_type == NLMSG_DONE && !d->route_known) {
			tell_where(d);
			d->route_known = d->node.vip_watched = true;
		}
	}
}

static void on_route(void *userdata)
{
	struct daemon *d = userdata;
	char buf[8192];

	for (unsigned i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(d->route, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS)
			ask_for_all(d);
		if (n <= 0)
			break;
		take_messages(d, buf, (size_t)n);
	}
	if (d->route_known)
		tell_where(d);
}

static int watch(struct daemon *d, struct errbuf *e)
{
	struct sockaddr_nl sa = {
	    .nl_family = AF_NETLINK, .nl_groups = ip_is_v4(&d->vip) ? RTMGRP_IPV4_IFADDR : RTMGRP_IPV6_IFADDR};

	d->reads = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (d->reads < 0)
		return err_set(e, -errno, "inotify: %s", strerror(errno));
	d->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (d->route < 0 || bind(d->route, (struct sockaddr *)&sa, sizeof(sa)))
		return err_set(e, -errno, "rtnetlink: %s", strerror(errno));
	if (loop_add(&d->loop, d->reads, on_read, d) || loop_add(&d->loop, d->route, on_route, d))
		return err_set(e, -ENOMEM, "event loop");
	return 0;
}

int daemon_address_open(struct daemon *d, struct errbuf *e)
{
	unsigned bits;
	int code;

	/* A replica has none before it is promoted, and no keepalived. */
	if (!d->conf.vip[0] || d->conf.kind == CONF_KIND_REPLICA)
		return 0;
	if (!ip_parse_cidr(d->conf.vip, &d->vip, &bits))
		return err_set(e, -EINVAL, "vip '%s' is not an address with prefix length", d->conf.vip);
	address_start(&d->address, clock_boottime_us());
	d->vrrp = d->reads = -1;
	set_vrrp(d, 1);
	code = watch(d, e);
	if (code)
		return code;
	write_rank(d);
	ask_for_all(d);
	return 0;
}

void daemon_address_tell(struct daemon *d, bool wanted, uint64_t now_us)
{
	if (ip_is_none(&d->vip))
		return;
	set_vrrp(d, !wanted);
	address_set_wanted(&d->address, wanted, now_us);
}

/* holdfast-address.path sees the file change and has root start keepalived again. */
static void repair(struct daemon *d)
{
	char path[PATH_BYTES];
	int code;

	path_of(d, "address-repair", path);
	code = write_file(path, "keepalived is to be started again\n");
	LOG(LOG_ALERT, "address.repair", KV_S("why", address_alarm_text(d->address.alarm)),
	    KV_S("failed", code ? strerror(-code) : "no"));
}

/* keepalived removes the address from its own interface only. */
static void tell_alarm(struct daemon *d)
{
	char name[IF_NAMESIZE];

	d->node.host_alarm = address_alarm_text(d->address.alarm);
	for (unsigned i = 0; d->address.alarm == ADDRESS_STRAY && i < DAEMON_VIP_PLACES; i++) {
		if (!d->vip_on[i] || !if_indextoname(d->vip_on[i], name) || strcmp(name, d->conf.interface) == 0)
			continue;
		(void)snprintf(d->alarm_text, sizeof(d->alarm_text),
		    "the address is on %s and must not be; remove it: ip address del %.18s dev %s", name, d->conf.vip,
		    name);
		d->node.host_alarm = d->alarm_text;
	}
}

void daemon_address_look(struct daemon *d, uint64_t now_us)
{
	struct address_todo todo;

	if (ip_is_none(&d->vip))
		return;
	address_look(&d->address, now_us, &todo);
	if (todo.ask) {
		check_vrrp(d);
		write_rank(d);
	}
	d->node.vip_deaf_us = d->address.asked_us;
	if (todo.changed) {
		tell_alarm(d);
		LOG(d->address.alarm ? LOG_ALERT : LOG_NOTICE, d->address.alarm ? "address.alarm" : "address.fine",
		    KV_S("why", d->node.host_alarm), KV_U("epoch", d->node.known.epoch));
	}
	if (todo.repair)
		repair(d);
}
