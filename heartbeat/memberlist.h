/*
 * The list of members as heartbeatd writes it into a file for others on its machine, a line each: "NUMBER NAME witness|gateway ADDRESS". systemd watches it and has
 * the edge rendered again (holdfast-reconfigure.path), tickled reads its peers in it. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_MEMBERLIST_H
#define HOLDFAST_HEARTBEAT_MEMBERLIST_H

#include <stddef.h>

#include "heartbeat/ip_text.h"
#include "heartbeat/record.h"

#define MEMBERLIST_LINE_BYTES (sizeof("9  gateway \n") + HB_NAME_BYTES + IP_TEXT_BYTES)
#define MEMBERLIST_BYTES (HB_MEMBERS_MAX * MEMBERLIST_LINE_BYTES)

/* Writes it with a 0 behind it and returns its length. */
size_t memberlist_format(const struct hb_record *r, char ret[static MEMBERLIST_BYTES]);

#endif
