/*
 * The thread that does things to the database: it looks, asks the plan, takes one step, and looks again. Statements may
 * block for as long as the server likes; the main loop, which reports and holds the relay, never waits for it.
 */
#ifndef HOLDFAST_REPLICATION_ACTOR_H
#define HOLDFAST_REPLICATION_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/local.h"
#include "replication/gate.h"
#include "replication/relay.h"

struct actor;

/* To be called before anything else: nobody else acts on this machine as long as the descriptor that it returns, the caller's, is open. -EBUSY: somebody
 * does; or -errno. */
int actor_hold(struct errbuf *e);

/* Reads what lies beside the data, drops a token that did not survive a restart of the machine (S7), and starts the
 * thread. conf, password and relay are borrowed and must outlive it. 0 or -errno with e filled. */
int actor_new(
    const struct conf *conf, const char *password, const struct relay *relay, struct actor **ret, struct errbuf *e);

/* Ends the thread; the database is left as it is. */
void actor_free(struct actor *a);

/* The wish from now on. */
void actor_order(struct actor *a, const struct repl_order *order);

/* Has the history of this replica been found to be the beginning of that of the source of this order? Any thread. */
bool actor_has_compared(struct actor *a, const struct repl_order *order);

/* Becomes readable when there is another report; actor_report() makes it unreadable. */
int actor_fd(const struct actor *a);

/* The report of the last look. False: it has not looked yet. A thread that is stuck is not fit (R13). */
bool actor_report(struct actor *a, struct repl_report *ret);

/* May a mariadbd be started now? The answer to holdfast-gate as a line. */
void actor_answer_gate(struct actor *a, char line[static GATE_LINE_BYTES]);

#endif
