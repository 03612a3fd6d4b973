#include "heartbeat/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/log.h"
#include "heartbeat/memberlist.h"

#define MEMBERS_AGAIN_US 1000000

int daemon_host_open(struct daemon *d, struct errbuf *e)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/role", d->run_dir);
	return rolepage_create(path, &d->page, e);
}

int daemon_host_write(const char *path, const char *text, size_t n)
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

/* Only what is another than before: who watches the file loads the configuration of HAProxy anew. */
static int write_members(struct daemon *d)
{
	char path[160], temporary[168], list[MEMBERLIST_BYTES];
	size_t used = memberlist_format(&d->node.known, list);
	int code;

	if (strcmp(list, d->members_told) == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/members", d->run_dir);
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	code = daemon_host_write(temporary, list, used);
	if (!code && rename(temporary, path))
		code = -errno;
	if (code)
		LOG(LOG_ERR, "members.unwritten", KV_S("file", path), KV_S("why", strerror(-code)));
	else
		memcpy(d->members_told, list, used + 1);
	return code;
}

void daemon_host_tell(struct daemon *d, const struct hb_output *out)
{
	rolepage_write(d->page, &out->view);
	if (!d->node.known.members || d->members_version == d->node.known.version || d->ticked_us < d->members_again_us)
		return;
	if (write_members(d))
		d->members_again_us = d->ticked_us + MEMBERS_AGAIN_US;
	else
		d->members_version = d->node.known.version;
}
