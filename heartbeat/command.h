/*
 * What an operator may ask of a running cluster, from any member: the words, and the answer. What each command needs and
 * does is the table in heartbeat/node_command.c; a new command is a line here and a line there. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_COMMAND_H
#define HOLDFAST_HEARTBEAT_COMMAND_H

#include "heartbeat/record.h"

/* id, word */
#define HB_COMMANDS(X)                                                                                                 \
	X(SWITCHOVER, "switchover")                                                                                    \
	X(MAINTENANCE_ON, "maintenance-on")                                                                            \
	X(MAINTENANCE_OFF, "maintenance-off")                                                                          \
	X(FORCE_SOLO, "force-solo")                                                                                    \
	X(FORCE_PROMOTE, "force-promote")                                                                              \
	X(REPLACE, "replace")
enum hb_command_kind {
#define X(id, word) HB_COMMAND_##id,
	HB_COMMANDS(X)
#undef X
	    HB_COMMAND_COUNT
};

/* In kind: only whether it would be begun now is asked. A release that does not know it takes it for no command, and does nothing. */
#define HB_COMMAND_LOOK 0x80

struct hb_command {
	uint64_t id;	  /* random, so that a repeated one is known for what it is */
	uint8_t kind;	  /* enum hb_command_kind, perhaps with HB_COMMAND_LOOK */
	uint8_t target;	  /* member number; HB_NOBODY: none was named */
	uint64_t version; /* FORCE_PROMOTE: of the record that the operator was shown */
};

#define HB_VERDICTS 8 /* that are remembered */

/* The answer comes at once: it was begun, or why not. What became of it, the status tells. */
struct hb_verdict {
	uint64_t id; /* of the command; 0: none */
	uint8_t started;
	char text[LOCAL_REASON_BYTES];
};

/* "WORD", "WORD NODE" or "WORD NODE VERSION", the nodes as r names them; "may" before it: a look. 0; -ENOENT: not the words of a command; -EINVAL: of one, but used
 * wrongly; -EAGAIN: r has no members yet, which a node may be one of; why says both. id is left 0. */
int hb_command_parse(
    const struct hb_record *r, const char *text, struct hb_command *ret, char why[static LOCAL_REASON_BYTES]);

#endif
