#include "heartbeat/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/log.h"

#define LOOK_US 500000
#define MEMBER_LINE_BYTES 64 /* a number, a name of 15, a kind, an address */

static int write_file(const char *path, const char *text)
{
	/* Written over and only then cut to its length: keepalived never reads an empty file, which would mean 0. */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	int code = 0;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0644) || write(fd, text, strlen(text)) < 0 || ftruncate(fd, (off_t)strlen(text)))
		code = -errno;
	close(fd);
	return code;
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

static void set_vrrp(struct daemon *d, int fault)
{
	char path[160];
	int code;

	if (d->vrrp == fault || !d->conf.vip[0])
		return;
	(void)snprintf(path, sizeof(path), "%s/vrrp", d->run_dir);
	code = write_file(path, fault ? "1\n" : "0\n");
	if (code) {
		if (code != d->vrrp_error)
			LOG(LOG_ERR, "address.unset", KV_S("file", path), KV_S("why", strerror(-code)));
		d->vrrp_error = code;
		return;
	}
	d->vrrp = fault;
	d->vrrp_error = 0;
	LOG(LOG_NOTICE, fault ? "address.release" : "address.take", KV_U("epoch", d->node.known.epoch));
}

/* Somebody else has written it: keepalived must hear our word again. */
static void check_vrrp(struct daemon *d)
{
	char path[160];
	int fault = d->vrrp;

	(void)snprintf(path, sizeof(path), "%s/vrrp", d->run_dir);
	if (fault < 0 || is_intact(path, fault ? "1\n" : "0\n"))
		return;
	LOG(LOG_WARNING, "address.altered", KV_S("file", path), KV_S("why", "it is not as heartbeatd wrote it"));
	d->vrrp = -1;
	set_vrrp(d, fault);
}

int daemon_host_open(struct daemon *d, struct errbuf *e)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/role", d->run_dir);
	d->vrrp = -1;
	set_vrrp(d, 1);
	return rolepage_create(path, &d->page, e);
}

/* Not by way of stdio, which allocates. */
static int write_new(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	ssize_t written;
	int code = 0;

	if (fd < 0)
		return -errno;
	written = write(fd, text, n);
	if (written != (ssize_t)n)
		code = written < 0 ? -errno : -ENOSPC;
	close(fd);
	return code;
}

/* The list of members in a file: systemd watches it and has the edge rendered again (holdfast-reconfigure.path). */
static void write_members(struct daemon *d)
{
	const struct hb_record *r = &d->node.known;
	char path[160], temporary[168], list[HB_MEMBERS_MAX * MEMBER_LINE_BYTES];
	size_t used = 0;
	int code;

	for (unsigned i = 0; i < r->members; i++) {
		struct in_addr a = {htonl(r->member[i].ipv4)};
		char text[INET_ADDRSTRLEN];

		used += (size_t)snprintf(list + used, MEMBER_LINE_BYTES, "%u %s %s %s\n", i, r->member[i].name,
		    r->member[i].kind == HB_KIND_WITNESS ? "witness" : "gateway",
		    inet_ntop(AF_INET, &a, text, sizeof(text)));
	}
	(void)snprintf(path, sizeof(path), "%s/members", d->run_dir);
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	code = write_new(temporary, list, used);
	if (!code && rename(temporary, path))
		code = -errno;
	if (code)
		LOG(LOG_ERR, "members.unwritten", KV_S("file", path), KV_S("why", strerror(-code)));
}

void daemon_host_tell(struct daemon *d, const struct hb_output *out)
{
	set_vrrp(d, !out->vip);
	rolepage_write(d->page, &out->view);
	if (d->node.known.members && d->members_version != d->node.known.members) {
		d->members_version = d->node.known.members;
		write_members(d);
	}
}

void daemon_host_look(struct daemon *d, uint64_t now_us)
{
	struct ifaddrs *all;
	struct in_addr vip;
	char text[sizeof(d->conf.vip)];
	bool found = false;

	if (!d->conf.vip[0] || now_us < d->vip_checked_us + LOOK_US)
		return;
	d->vip_checked_us = now_us;
	check_vrrp(d);
	memcpy(text, d->conf.vip, sizeof(text));
	text[strcspn(text, "/")] = '\0';
	if (inet_pton(AF_INET, text, &vip) != 1 || getifaddrs(&all))
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct sockaddr_in sa;

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&sa, a->ifa_addr, sizeof(sa));
		found = found || sa.sin_addr.s_addr == vip.s_addr;
	}
	freeifaddrs(all);
	d->node.holds_vip = found;
}
