/* Runs another program, without a shell, for at most so long. */
#ifndef HOLDFAST_HEARTBEAT_CTL_RUN_H
#define HOLDFAST_HEARTBEAT_CTL_RUN_H

#include <signal.h>
#include <stdbool.h>

#include "heartbeat/err.h"

#define CTL_OUTPUT_BYTES 4096

struct ctl_output {
	char out[CTL_OUTPUT_BYTES]; /* the first bytes of standard output, terminated */
	char err[CTL_OUTPUT_BYTES]; /* the last bytes of standard error, terminated */
	int status;		    /* exit status; 128 + number of a signal */
};

/* Catches SIGINT, SIGTERM and SIGHUP, and ignores SIGPIPE, from now on: ctl_run and ctl_pause then end with
 * -EINTR, so that what was begun can be taken back. */
void ctl_catch_signals(void);

/* Looks away from signals that have come and may come: what follows must end. */
void ctl_ignore_signals(void);

/* Sleeps; 0, or -EINTR as soon as a signal has come. */
int ctl_pause(unsigned ms);

/* Runs argv[0], looked for in the system's directories, with a clean environment. 0 when it exits with 0.
 * Otherwise e says "PROGRAM: last line of its standard error", and it returns -EIO (another exit status),
 * -ETIMEDOUT (it was killed), -EINTR (a signal came; it was killed), -errno (it could not be started). output
 * may be NULL. */
int ctl_run(const char *const argv[], unsigned timeout_ms, struct ctl_output *output, struct errbuf *e);

#endif
