/* `holdfastctl fsm`: the role machine (heartbeat/role.h), printed from the tables that decide. */
#ifndef HOLDFAST_HEARTBEAT_CTL_FSM_H
#define HOLDFAST_HEARTBEAT_CTL_FSM_H

#include <stdbool.h>
#include <stdio.h>

/* Is that the name of a format: text, dot or mermaid? */
bool ctl_fsm_is_format(const char *format);

/* Walks each state x situation. format must be the name of one. */
void ctl_fsm_print(FILE *f, const char *format);

#endif
