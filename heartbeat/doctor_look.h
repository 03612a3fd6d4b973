/* Looks at this machine and its network for heartbeat/doctor.h. */
#ifndef HOLDFAST_HEARTBEAT_DOCTOR_LOOK_H
#define HOLDFAST_HEARTBEAT_DOCTOR_LOOK_H

#include "heartbeat/doctor.h"

/* Fills *ret, which is all zero, with what a member with that configuration shows; what cannot be seen stays unknown. Takes up to 2 s, and
 * 1 s for each port of another gateway that does not answer. Changes nothing but a file without a name that it syncs. Needs root. */
void doctor_look(const struct conf *conf, struct doctor_facts *ret);

/* The same as far as it goes without a configuration: what doctor_checks marks as DOCTOR_ALWAYS. */
void doctor_look_without(struct doctor_facts *ret);

#endif
