/* What both gateways are to have the same in holdfast.conf, as text: each tells it the other, by its HAProxy, and the doctor compares. Pure. */
#ifndef HOLDFAST_HEARTBEAT_SETTINGS_SAME_H
#define HOLDFAST_HEARTBEAT_SETTINGS_SAME_H

#include <stddef.h>

#include "heartbeat/conf.h"

#define SETTINGS_SAME_PATH "/settings" /* where the mesh of a gateway tells it (etc/haproxy.cfg.in) */
#define SETTINGS_SAME_BYTES 1152
#define SETTINGS_SAME_MAX 20 /* keys */

/* One that is not the same: both values as they are written, cut where they are long, and of what is no printable ASCII a '?'. */
struct settings_unlike {
	const char *section, *key; /* constant */
	char here[80], there[80];
};

/* "SECTION.KEY VALUE" for each such key, and end behind each. */
void settings_same_text(const struct conf *conf, const char *end, char ret[static SETTINGS_SAME_BYTES]);

/* Which of them theirs, such a text with "\n" at the ends, has otherwise than conf, in *unlike how many. What one of the two releases does not know is not
 * compared; nor are the order of a list and the way to write an address. Returns how many were compared. */
size_t settings_same_compare(
    const struct conf *conf, const char *theirs, struct settings_unlike ret[static SETTINGS_SAME_MAX], size_t *unlike);

#endif
