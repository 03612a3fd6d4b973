/* Completion of holdfastctl's words for bash, from the table of commands. */
#ifndef HOLDFAST_HEARTBEAT_CTL_COMPLETION_H
#define HOLDFAST_HEARTBEAT_CTL_COMPLETION_H

#include <stddef.h>
#include <stdio.h>

#include "heartbeat/ctl_options.h"

/* The words that may stand behind a command: of its synopsis those that are written as they are, an option or a word in small letters, each
 * once, separated by blanks. Returns how many they are; what has no room is left out. Pure. */
unsigned ctl_completion_words(const char *synopsis, char *ret, size_t size);

/* A script for bash (bash(1), Programmable Completion). */
void ctl_completion_print(FILE *f, const struct ctl_command *commands, size_t count);

#endif
