#include "heartbeat/utc.h"

#include <stdio.h>
#include <time.h>

void utc_format(uint64_t unix_ms, char ret[static UTC_BYTES])
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm);
	(void)snprintf(ret, UTC_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(unix_ms % 1000));
}
