/* What a role that is forced would lose, as far as is known, and what became of it: looks at what heartbeatd has said. */
#ifndef HOLDFAST_HEARTBEAT_CTL_LOSS_H
#define HOLDFAST_HEARTBEAT_CTL_LOSS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* loss: the answer to "loss"; named: the node in it that is to be active. */
void ctl_loss_print(FILE *out, const json_t *loss, const json_t *named);

/* The same for the replica that is asked, which is none of the nodes. */
void ctl_loss_print_replica(FILE *out, const json_t *loss);

/* What that node says of the last attempt that came to nothing, in a status; "" when it says nothing. The status owns it. */
const char *ctl_loss_note(const json_t *status, const char *name);

enum ctl_outcome { CTL_WAITS, CTL_SERVES, CTL_FAILED };

/* Has it been done that was asked for when the record had this version? before: the note that was there then, of an earlier
 * attempt. FAILED: *why says why, and lives as long as the status. A status that is not there (NULL) says nothing. */
enum ctl_outcome ctl_loss_outcome(
    const json_t *status, const char *name, json_int_t version, const char *before, const char **why);

#endif
