/* `history` after another start of heartbeatd: a file beside the role page, in memory, which costs the loop no disk. */
#include "heartbeat/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/log.h"

static void path_of(const struct daemon *d, char ret[static 160])
{
	(void)snprintf(ret, 160, "%s/history", d->run_dir);
}

int daemon_history_open(struct daemon *d, struct errbuf *e)
{
	char path[160], text[HISTORY_TEXT_BYTES];
	ssize_t n;
	int fd;

	(void)e;
	path_of(d, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (!history_parse(text, d->node.acceptor.reg.instance, &d->history))
		LOG(LOG_NOTICE, "history.other", KV_S("file", path), KV_S("why", "of another member or release"));
	return 0;
}

void daemon_history_note(struct daemon *d)
{
	const struct hb_node *n = &d->node;
	char path[160], temporary[168], text[HISTORY_TEXT_BYTES];
	bool news = history_note(&d->history, &n->moved);
	int code;

	for (uint8_t i = 0; i < HB_MEMBERS_MAX; i++)
		if (i != n->self && history_note(&d->history, &n->peer[i].facts.moved))
			news = true;
	if (!news)
		return;
	path_of(d, path);
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	code = daemon_host_write(temporary, text, history_format(&d->history, n->acceptor.reg.instance, text));
	if (!code && rename(temporary, path))
		code = -errno;
	if (code)
		LOG(LOG_WARNING, "history.unwritten", KV_S("file", path), KV_S("why", strerror(-code)));
}
