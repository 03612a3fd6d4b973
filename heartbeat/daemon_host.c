#include "heartbeat/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ip_text.h"
#include "heartbeat/log.h"

#define MEMBERS_AGAIN_US 1000000
#define MEMBER_LINE_BYTES 64 /* a number, a name of 15, a kind, an address */

int daemon_host_open(struct daemon *d, struct errbuf *e)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/role", d->run_dir);
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
static int write_members(struct daemon *d)
{
	const struct hb_record *r = &d->node.known;
	char path[160], temporary[168], list[HB_MEMBERS_MAX * MEMBER_LINE_BYTES];
	size_t used = 0;
	int code;

	for (unsigned i = 0; i < r->members; i++) {
		char text[IP_TEXT_BYTES];

		used += (size_t)snprintf(list + used, MEMBER_LINE_BYTES, "%u %s %s %s\n", i, r->member[i].name,
		    r->member[i].kind == HB_KIND_WITNESS ? "witness" : "gateway", ip_text(&r->member[i].address, text));
	}
	(void)snprintf(path, sizeof(path), "%s/members", d->run_dir);
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	code = write_new(temporary, list, used);
	if (!code && rename(temporary, path))
		code = -errno;
	if (code)
		LOG(LOG_ERR, "members.unwritten", KV_S("file", path), KV_S("why", strerror(-code)));
	return code;
}

void daemon_host_tell(struct daemon *d, const struct hb_output *out)
{
	rolepage_write(d->page, &out->view);
	if (!d->node.known.members || d->members_version == d->node.known.members || d->ticked_us < d->members_again_us)
		return;
	if (write_members(d))
		d->members_again_us = d->ticked_us + MEMBERS_AGAIN_US;
	else
		d->members_version = d->node.known.members;
}
