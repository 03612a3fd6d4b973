/* The command line of ledgerd and workerd, and the configuration it names. */
#ifndef HOLDFAST_GATEWAY_OPTIONS_H
#define HOLDFAST_GATEWAY_OPTIONS_H

#include <stdbool.h>

#include "heartbeat/conf.h"

#define RUN_DIR "/run/holdfast"
#define LEDGER_SOCKET "ledger/ledgerd.sock" /* in the run directory; its directory belongs to ledgerd */
#define LEDGER_HELD "ledger/own"       /* a directory that nobody but ledgerd may open: the one that runs holds it */
#define WORKER_SOCKET "worker/%u.sock" /* the same, of workerd N */
#define PATH_BYTES 108		       /* of a unix socket */

struct options {
	struct conf conf;
	const char *path;				       /* of the configuration; not copied */
	const char *run_dir, *database_socket, *database_user; /* other than the usual only in tests */
	unsigned instance;				       /* workerd: N */
};

/* Reads options and configuration; prints what is wrong to standard error. -1: go on; otherwise exit with
 * that status (0 after --help, --version and a good -n). */
int options_read(int argc, char **argv, bool takes_instance, struct options *ret);

/* run_dir/name. Returns buf, or NULL: too long. */
const char *options_path(const struct options *o, const char *name, char buf[static PATH_BYTES]);

#endif
