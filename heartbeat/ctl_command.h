/* What an operator asks of the running cluster by holdfastctl: the question before it, the command, and what its answers hold. */
#ifndef HOLDFAST_HEARTBEAT_CTL_COMMAND_H
#define HOLDFAST_HEARTBEAT_CTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct conf;

#define EXIT_USAGE 2	 /* a command that was used wrongly */
#define EXIT_NO_ANSWER 2 /* of what only asks: heartbeatd of this machine does not answer */
#define EXIT_NOBODY 2	 /* of what has to be confirmed: nobody is there to ask */

/* A member of o as text; "" when it is missing or no string. o may be NULL. */
const char *ctl_text(const json_t *o, const char *key);

/* The same as a whole number; 0 when it is missing or none. */
json_int_t ctl_number(const json_t *o, const char *key);

/* The node of that name in a status; NULL: there is none. */
const json_t *ctl_node(const json_t *status, const char *name);

bool ctl_array_has(const json_t *array, const char *name);

/* An answer on standard output: as JSON on one line, or as print does. 0, or EXIT_NO_ANSWER when that could not be written, which has
 * been said. */
int ctl_show(const char *command, const json_t *answer, bool as_json, void (*print)(FILE *f, const json_t *answer));

/* The same with what heartbeatd of this machine answers to that question, which is the command's own name. */
int ctl_ask_and_show(const char *question, bool as_json, void (*print)(FILE *f, const json_t *answer));

/* The configuration of this machine, with nothing said. False: not a member, or it is wrong, or not for our eyes. */
bool ctl_conf_take(struct conf *ret);

/* "holdfastctl: COMMAND: WHY" on standard error. Returns 1, the exit status. */
int ctl_command_refuse(const char *command, const char *why);

/* Asks the question on the terminal. name NULL: y is yes; for what cannot be undone it is the name, typed in full. 0: yes; 1: no;
 * EXIT_NOBODY: nobody is there to ask. What is not 0 has been said. */
int ctl_command_confirm(const char *command, const char *name, const char *question, ...)
    __attribute__((format(printf, 3, 4)));

/* Would words (heartbeat/command.h) be begun now? Asked before an operator is. 0: yes; 1: no, and why is on standard error. */
int ctl_command_look(const char *command, const char *words);

/* Sends words (heartbeat/command.h) to heartbeatd of this machine. 0: begun, and the verdict is on standard output; 1: not, and why
 * is on standard error. */
int ctl_command_begin(const char *command, const char *words);

#endif
