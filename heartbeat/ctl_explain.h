/* `holdfastctl explain`: what heartbeatd of this machine knows, in words. */
#ifndef HOLDFAST_HEARTBEAT_CTL_EXPLAIN_H
#define HOLDFAST_HEARTBEAT_CTL_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

/* The answer of heartbeatd to "explain", a chapter for each topic. */
void ctl_explain_print(FILE *f, const json_t *explanation);

#endif
