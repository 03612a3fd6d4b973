/*
 * The variables of mariadbd that the promise rests on and that anybody with root can change while it runs: what each has to be,
 * and what is lost otherwise. etc/mariadb.cnf.in sets them, doc/tuning.md gives the reasons. What is decided by the order and the
 * record (read_only, rpl_semi_sync_master_enabled) is the plan's business. Pure.
 */
#ifndef HOLDFAST_REPLICATION_VARIABLE_H
#define HOLDFAST_REPLICATION_VARIABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/local.h"

#define VARIABLE_VALUE_BYTES 32

/* id, name, value, of which copies, may be set while it runs, what is lost otherwise */
#define VARIABLES(X)                                                                                                   \
	X(WAIT_POINT, "rpl_semi_sync_master_wait_point", "AFTER_SYNC", ALL, true,                                      \
	    "what nobody acknowledged can be read")                                                                    \
	X(TIMEOUT, "rpl_semi_sync_master_timeout", "18446744073709551615", ALL, true, "semi-sync switches itself off") \
	X(NO_SLAVE, "rpl_semi_sync_master_wait_no_slave", "1", ALL, true, "semi-sync switches itself off")             \
	X(SLAVE, "rpl_semi_sync_slave_enabled", "1", ALL, true, "it acknowledges nothing")                             \
	X(BINLOG, "sync_binlog", "1", COUNTING, true, "a loss of power takes what was answered")                       \
	X(REDO, "innodb_flush_log_at_trx_commit", "1", COUNTING, true, "a loss of power takes what was answered")      \
	X(RELAY, "sync_relay_log", "1", RECEIVING, true, "a loss of power takes what it acknowledged")                 \
	X(STRICT, "gtid_strict_mode", "1", ALL, true, "two histories mix unseen")                                      \
	X(DOMAIN, "gtid_domain_id", "0", ALL, true, "positions cannot be compared")                                    \
	X(FORMAT, "binlog_format", "ROW", ALL, true, "no tail can be exported")                                        \
	X(IMAGE, "binlog_row_image", "FULL", ALL, true, "no tail can be exported")                                     \
	X(UPDATES, "log_slave_updates", "1", ALL, false, "a takeover leaves a hole in the log")
enum variable {
#define X(id, name, wanted, of, dynamic, lost) VARIABLE_##id,
	VARIABLES(X)
#undef X
	    VARIABLE_COUNT
};

/* Of which copies it has to be so. */
enum variable_of {
	VARIABLE_OF_ALL,
	VARIABLE_OF_COUNTING,  /* the active, and whoever has a token */
	VARIABLE_OF_RECEIVING, /* a standby with a token, unless durability = received */
};

struct variable_rule {
	const char *name, *wanted;
	enum variable_of of;
	bool dynamic;
	const char *lost;
};

extern const struct variable_rule variables[VARIABLE_COUNT];

/* As read; all "": nothing was. */
struct variable_values {
	char text[VARIABLE_COUNT][VARIABLE_VALUE_BYTES];
};

/* A bit for each that is not what it has to be under this order. token: one lies beside the data. durable: relay logs have to be
 * on disk before they are acknowledged. */
uint32_t variables_wrong(const struct variable_values *v, const struct repl_order *order, bool token, bool durable);

/* Does it say whether what is acknowledged or answered is on disk? Then setting it right is not enough. */
bool variable_is_durability(enum variable id);

#endif
