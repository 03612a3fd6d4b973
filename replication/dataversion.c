#include "replication/dataversion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* "10.11.6-MariaDB-log" -> 10, 11 */
static bool series(const char *version, unsigned *major, unsigned *minor)
{
	return strspn(version, "0123456789.") >= 4 && sscanf(version, "%3u.%3u.", major, minor) == 2;
}

enum dataversion dataversion_compare(const char *data, const char *server)
{
	unsigned data_major, data_minor, major, minor;

	if (!series(data, &data_major, &data_minor) || !series(server, &major, &minor))
		return DATAVERSION_UNKNOWN;
	if (data_major == major && data_minor == minor)
		return DATAVERSION_SAME;
	return data_major < major || (data_major == major && data_minor < minor) ? DATAVERSION_OLDER
										 : DATAVERSION_NEWER;
}

/* Without what the packager has appended. */
static int number_length(const char *version)
{
	size_t n = strcspn(version, "-\n");

	return (int)(n < 12 ? n : 12);
}

enum dataversion dataversion_notice(const char *data, const char *server, char ret[static LOCAL_REASON_BYTES])
{
	static const char *const what[] = {
	    [DATAVERSION_OLDER] = "as soon as it is a standby, run mariadb-upgrade on it",
	    [DATAVERSION_NEWER] = "that is not supported, install the newer one again",
	};
	enum dataversion is = dataversion_compare(data, server);

	ret[0] = '\0';
	if (is == DATAVERSION_OLDER || is == DATAVERSION_NEWER)
		(void)snprintf(ret, LOCAL_REASON_BYTES, "MariaDB %.*s runs on data of %.*s: %s", number_length(server),
		    server, number_length(data), data, what[is]);
	return is;
}
