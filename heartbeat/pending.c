#include "heartbeat/pending.h"

#include <errno.h>
#include <unistd.h>

#include "heartbeat/durable.h"

int pending_mark(const char *path, struct errbuf *e)
{
	return durable_write(path, "", e);
}

int pending_tell(const char *path, int (*tell)(void), bool *told, struct errbuf *e)
{
	int code;

	*told = false;
	if (access(path, F_OK))
		return errno == ENOENT ? 0 : err_set(e, -errno, "%s: cannot be looked for", path);
	if (tell())
		return err_set(e, -EIO, "HAProxy could not be told (see above): this is tried again every half minute");
	code = durable_remove(path, e);
	*told = !code;
	return code;
}
