#include "tests/unit/a_sight.h"

#include <string.h>

struct gtid at(uint64_t seq)
{
	return (struct gtid){0, 1, seq};
}

struct sight a_standby(void)
{
	struct sight s = {.order = {.want = REPL_WANT_FOLLOW_IN, .epoch = EPOCH, .self = 1, .near = 1},
	    .durable = true,
	    .data = true,
	    .process = true,
	    .up = true,
	    .relay_epoch = EPOCH};

	memset(s.token.byte, 9, TOKEN_BYTES);
	s.db = (struct observation){.read_only = true,
	    .sync_relay = true,
	    .sync_data = true,
	    .slave = true,
	    .io_runs = true,
	    .io_connected = true,
	    .sql_runs = true,
	    .ledger_epoch = EPOCH,
	    .binlog = at(90),
	    .received = at(100),
	    .applied = at(95)};
	return s;
}

struct repl_report report_of(const struct sight *s, uint32_t state, const char *why, const char *failure)
{
	struct plan_rule rule = {.state = state, .why = why};
	struct repl_report r;

	memset(&r, 0x5a, sizeof(r));
	facts_report(s, &rule, failure, &r);
	return r;
}
