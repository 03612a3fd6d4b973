#include "heartbeat/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct errbuf *e, int code, const char *format, ...)
{
	va_list ap;

	if (!e)
		return code;
	va_start(ap, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	return code;
}

int err_wrap(struct errbuf *e, int code, const char *format, ...)
{
	char prefix[ERR_TEXT_BYTES];
	struct errbuf old;
	va_list ap;

	if (!e)
		return code;
	old = *e;
	va_start(ap, format);
	(void)vsnprintf(prefix, sizeof(prefix), format, ap);
	va_end(ap);
	(void)snprintf(e->text, sizeof(e->text), "%.100s: %.150s", prefix, old.text);
	return code;
}
