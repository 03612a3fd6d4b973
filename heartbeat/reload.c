#include "heartbeat/reload.h"

#include <stdlib.h>
#include <string.h>

#include "heartbeat/log.h"

/* One event for each line of errors. */
static void refuse(char *errors)
{
	char *rest = errors;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			LOG(LOG_ERR, "conf.refuse", KV_S("why", line));
}

static unsigned tell(const struct conf *running, const struct conf *now, unsigned reader, bool live)
{
	const char *key[CONF_KEYS_MAX];
	unsigned count = conf_changes(running, now, reader, live, key);

	for (unsigned i = 0; i < count; i++)
		if (live)
			LOG(LOG_NOTICE, "conf.apply", KV_S("key", key[i]));
		else
			LOG(LOG_WARNING, "conf.restart", KV_S("key", key[i]),
			    KV_S("why", "it holds when this daemon is started again"));
	return count;
}

bool reload_read(const char *path, const struct conf *running, unsigned reader, struct conf *now)
{
	char *errors = NULL;
	size_t size;
	FILE *f = open_memstream(&errors, &size);
	unsigned wrong;

	if (!f) {
		LOG(LOG_ERR, "conf.refuse", KV_S("why", "no memory"));
		return false;
	}
	wrong = conf_load(path, now, f);
	if (fclose(f) || wrong) {
		if (errors)
			refuse(errors);
		free(errors);
		return false;
	}
	free(errors);
	if (now->kind != running->kind || strcmp(now->name, running->name) != 0) {
		LOG(LOG_ERR, "conf.refuse",
		    KV_S("why", "name or kind of this node is another: that is another member"));
		return false;
	}
	if (tell(running, now, reader, true) + tell(running, now, reader, false) == 0)
		LOG(LOG_NOTICE, "conf.same", KV_S("file", path));
	return true;
}
