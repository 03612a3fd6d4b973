#!/bin/bash
# Lists, entries and events through HTTP and on a real MariaDB, and how it finds them. Needs root and mariadb-server; without them it is
# skipped.
# shellcheck disable=SC2154 # PID is an array of tests/unit/daemons.sh
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"
command -v python3 >/dev/null || { echo "SKIP: python3 is missing"; exit 77; }

export PYTHONDONTWRITEBYTECODE=1 # beside the sources

test_lists() {
	python3 "$SOURCE/tests/unit/read_lists.py" "$PORT" "$SECRET" && pass "lists" || fail "lists"
	timeout 200 python3 "$SOURCE/tests/unit/read_payments.py" "$PORT" "$SECRET" "$D/my.sock" && pass "payments and refunds" || fail "payments and refunds"
	sql "SET GLOBAL general_log=OFF"
}

# Every statement that was sent for a list: through an index and in its order, without sorting or reading the table.
test_plans() {
	local plans n
	sql "SELECT DISTINCT argument FROM mysql.general_log WHERE command_type='Query' AND argument LIKE 'SELECT s.k,%'" |
		sed 's/\\0/\\\\0/g' >"$D/statements"
	n=$(wc -l <"$D/statements")
	[ "$n" -ge 30 ] && pass "$n statements" || fail "only $n statements"
	plans=$(while read -r statement; do sql "EXPLAIN $statement"; done <"$D/statements")
	equal "tables that are read whole" "$(echo "$plans" | awk -F'\t' '$3 !~ /^</ && $4 == "ALL"')" ""
	equal "indices that are read whole" "$(echo "$plans" | awk -F'\t' '$3 !~ /^</ && $4 == "index" && $6 !~ /^(PRIMARY|event_seq)$/')" ""
	equal "rows that are sorted" "$(echo "$plans" | awk -F'\t' '$3 !~ /^(<|u$|s$)/ && /filesort/')" ""
}

test_reader_connection() {
	equal "it was told to read only" "$(sql "SELECT COUNT(*) > 0 FROM mysql.general_log WHERE argument LIKE 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY%'")" 1
}

set_up
sql "SET GLOBAL log_output='TABLE'; SET GLOBAL general_log=ON"
test_lists
test_plans
test_reader_connection
described
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
