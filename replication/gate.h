/*
 * The gate before mariadbd (R8): its unit asks before every start, whoever wants the start, and the answer follows from
 * the order of this moment. holdfast-gate (ExecStartPre) connects to the socket and takes one line:
 * "start MASTER 1\n" (role and server_id) or "refused: why\n".
 */
#ifndef HOLDFAST_REPLICATION_GATE_H
#define HOLDFAST_REPLICATION_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/local.h"

#define GATE_SOCKET "/run/holdfast/replicationd.sock"
#define GATE_ENVIRONMENT "/run/holdfast-root/mariadb.env" /* a directory of root's alone: systemd believes it */
#define GATE_LINE_BYTES 256

enum gate_role { GATE_REFUSED, GATE_MASTER, GATE_SLAVE };

/* Pure: the same table as the plan's. facts: of enum plan_fact; why is set for a refusal. */
enum gate_role gate_decide(enum repl_want want, uint32_t facts, const char **why);

/* The answer to a question as a line. */
void gate_format(enum gate_role role, unsigned server_id, const char *why, char line[static GATE_LINE_BYTES]);

/* Takes it back. False: it is neither an answer nor a refusal. *why points into line. */
bool gate_parse(char *line, enum gate_role *role, unsigned *server_id, const char **why);

#endif
