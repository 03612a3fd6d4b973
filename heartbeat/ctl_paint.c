#include "heartbeat/ctl_paint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ctl_paint_wanted(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	int fd = fileno(f);

	return fd >= 0 && isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

const char *ctl_paint(FILE *f, enum ctl_paint colour)
{
	static const char *const codes[] = {
	    [PAINT_NONE] = "\033[0m",
	    [PAINT_GOOD] = "\033[32m",
	    [PAINT_CARE] = "\033[33m",
	    [PAINT_BAD] = "\033[31m",
	    [PAINT_FAINT] = "\033[2m",
	};

	return ctl_paint_wanted(f) ? codes[colour] : "";
}
