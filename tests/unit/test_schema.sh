#!/bin/bash
# The schema's migrations on a real MariaDB: a cluster's first data, one of before there were versions, an end in the middle of a file,
# one that is broken off, what a newer release left, and who may write what. Needs root and mariadb-server; without them it is skipped.
# shellcheck disable=SC2154 # PID is an array of tests/unit/daemons.sh, PORT is private_mariadbd.sh's
set -u
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
# shellcheck disable=SC2034
PORT=$(free_port 18416 2)

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
need_programs mariadbd mariadb-install-db mariadb openssl
chmod 755 "$D"

migrate() { timeout 60 "$BUILD/tests/unit/migrate_helper" "$D/a/run/mysqld.sock" "$D/schema" "$@" 2>>"$D/migrate.log"; } # EPOCH [TURNS]
versions() { sql "${1:-a}" "SELECT number, name FROM holdfast.schema_version ORDER BY number" | tr '\t\n' ': '; }
definitions() {
	local t
	for t in $(sql a "SHOW TABLES IN holdfast"); do sql a "SHOW CREATE TABLE holdfast.$t"; done
	sql a "SHOW GRANTS FOR 'holdfast-ledger'@localhost" | sort
	sql a "SHOW GRANTS FOR 'holdfast-verify'@localhost" | sort
	sql a "SELECT * FROM holdfast.ledger_head"
}
columns() { sql a "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='holdfast' AND TABLE_NAME='account' AND COLUMN_NAME='$1'"; }

set_up() {
	printf '%064d\n' 7 >"$D/key"
	make_certificates
	make_node a 1
	make_node b 2
	helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token" >"$D/init.log" || { cat "$D/init.log"; exit 1; }
	mkdir -p "$D/b/mysql" "$D/schema"
	cp -a "$D/a/mysql/." "$D/b/mysql"
	chown mysql "$D/b/mysql"
	cp "$SOURCE"/etc/schema/*.sql "$D/schema"
	start_mariadbd a 1
	SHIPPED=$(versions)
	NEXT=$(printf %03d $((10#$(basename "$(printf '%s\n' "$D"/schema/*.sql | tail -n 1)" | cut -c 1-3) + 1)))
}

test_first_data() {
	matches "a new cluster has every version" "$SHIPPED" '^1:001-ledger '
	equal "and as many as there are files" "$(wc -w <<<"$SHIPPED")" "$(find "$D/schema" -name '*.sql' | wc -l)"
	local position; position=$(sql a "SELECT @@gtid_binlog_pos")
	equal "who looks at the ledger can begin" "$(sql a "SELECT definer FROM mysql.proc WHERE name='verify_begins'; CALL holdfast.verify_begins(); SELECT @@sql_log_bin" |
		tr '\n' ' ')" "root@localhost 0 "
	equal "nothing is to be migrated" "$(migrate 1)" current
	equal "and nothing was written" "$(sql a "SELECT @@gtid_binlog_pos")" "$position"
}

# Payments go on meanwhile, the release before works on what comes out, and the ledger does not wait for what there is not.
test_files() {
	local needed; needed=$(sed -n 's/^#define STORE_SCHEMA_VERSION //p' "$SOURCE/gateway/store.h")
	equal "the ledger needs none that there is not" "$((needed < 10#$NEXT))" 1
	local number required=""
	for number in $(seq "$needed"); do required+=" $(echo "$SOURCE"/etc/schema/"$(printf %03d "$number")"-*.sql)"; done
	# shellcheck disable=SC2086 # a list of files
	equal "the ledger waits for no index that is being built" "$(sed -e '/^ *--/d' $required | tr '\n' ' ' | tr ';' '\n' |
		grep -iE 'ALTER TABLE|CREATE +(UNIQUE +)?INDEX' | grep -cviE 'ALGORITHM=INSTANT *$')" 0
	equal "nothing is taken away or made anew" "$(grep -hviE '^ *--' "$SOURCE"/etc/schema/*.sql | grep -ciE '\b(DROP|RENAME|MODIFY|CHANGE|TRUNCATE|CONVERT)\b')" 0
	equal "every change of a table says that it holds nobody up" "$(sed -e '/^ *--/d' "$SOURCE"/etc/schema/*.sql | tr '\n' ' ' | tr ';' '\n' |
		grep -i 'ALTER TABLE' | grep -cviE 'ALGORITHM=INSTANT *$|ALGORITHM=INPLACE, LOCK=NONE *$')" 0
	equal "a table is made unless it is there" "$(grep -i 'CREATE TABLE' "$SOURCE"/etc/schema/*.sql | grep -cvi 'IF NOT EXISTS')" 0
}

# Each file once more changes nothing, as after a kill just before its row.
test_twice() {
	definitions >"$D/before"
	sql a "DELETE FROM holdfast.schema_version"
	equal "every file is applied again" "$(migrate 1)" current
	equal "the versions are back" "$(versions)" "$SHIPPED"
	definitions >"$D/after"
	cmp -s "$D/before" "$D/after" && pass "nothing is different" || { fail "not the same"; diff "$D/before" "$D/after"; }
}

# A database of the release before there were versions: the ledger's account may do too much.
test_without_versions() {
	sql a "DROP TABLE holdfast.schema_version; GRANT INSERT, UPDATE ON holdfast.* TO 'holdfast-ledger'@localhost"
	equal "it is taken to this release" "$(migrate 2)" current
	equal "and has the versions" "$(versions)" "$SHIPPED"
	definitions >"$D/after"
	cmp -s "$D/before" "$D/after" && pass "it is as a new one" || { fail "not as a new one"; diff "$D/before" "$D/after"; }
}

as_ledger() { # STATEMENT: the answer, or the number of the error
	timeout 20 mariadb --no-defaults -S "$D/a/run/mysqld.sock" -u holdfast-ledger -N -B holdfast -e "$1" 2>&1 |
		sed -n 's/^ERROR \([0-9]*\).*/\1/p; /^[0-9][0-9]*$/p' | head -n 1
}
test_rights() {
	sql a "SET GLOBAL read_only=0; ALTER USER 'holdfast-ledger'@localhost IDENTIFIED BY ''"
	local refused='DELETE FROM journal|UPDATE journal SET status=0|TRUNCATE journal|DROP TABLE journal|ALTER TABLE journal ADD COLUMN x INT|
		REPLACE INTO journal (seq) VALUES (1)|DELETE FROM account|DELETE FROM ledger_head|INSERT INTO schema_version (number) VALUES (9)|
		INSERT INTO ledger_head (id) VALUES (1)|CREATE TABLE t (i INT)|INSERT INTO cluster_epoch (epoch) VALUES (9)|UPDATE cluster_epoch SET epoch=9'
	local statement
	while IFS= read -r -d '|' statement; do
		statement=$(tr -d '\n\t' <<<"$statement")
		equal "refused: $statement" "$(as_ledger "$statement")" 1142
	done <<<"$refused|"
	equal "it reads" "$(as_ledger "SELECT COUNT(*) FROM journal")" 0
	equal "it moves the head" "$(as_ledger "UPDATE ledger_head SET batch_seq=1 WHERE id=1; SELECT batch_seq FROM ledger_head")" 1
	sql a "UPDATE holdfast.ledger_head SET batch_seq=0; ALTER USER 'holdfast-ledger'@localhost IDENTIFIED VIA unix_socket"
}

add_file() { # NUMBER TEXT
	printf '%s\n' "$2" >"$D/schema/$1-test.sql"
}

# The program ends after each of its statements, one after the other; every time it begins again.
test_ends_anywhere() {
	local n
	add_file "$NEXT" "CREATE TABLE IF NOT EXISTS one (i INT PRIMARY KEY) ENGINE=InnoDB;
INSERT IGNORE INTO one VALUES (1);
ALTER TABLE account ADD COLUMN IF NOT EXISTS extra BIGINT NULL, ALGORITHM=INSTANT;
GRANT INSERT ON one TO 'holdfast-ledger'@localhost;"
	for n in 1 2 3 4; do
		migrate $((10 + n)) "$n" >"$D/said" 2>/dev/null && fail "it was to end after statement $n"
		equal "after $n statements the version is the old one" "$(versions)" "$SHIPPED"
	done
	equal "then it goes on to the end" "$(migrate 20)" current
	equal "the version" "$(versions)" "$SHIPPED$((10#$NEXT)):$NEXT-test "
	equal "once" "$(sql a "SELECT COUNT(*) FROM holdfast.one") $(columns extra)" "1 1"
}

runs() { [ "$(sql a "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO='$1'")" = 1 ]; }
sleepy() { # FILE: one that takes long in its middle
	add_file "$1" "ALTER TABLE account ADD COLUMN IF NOT EXISTS second BIGINT NULL, ALGORITHM=INSTANT;
DO SLEEP(55);
ALTER TABLE account ADD COLUMN IF NOT EXISTS third BIGINT NULL, ALGORITHM=INSTANT;"
}

test_server_is_killed() {
	local next; next=$(printf %03d $((10#$NEXT + 1)))
	sleepy "$next"
	migrate 30 >"$D/said" &
	local one=$!
	until_true 20 runs "DO SLEEP(55)" || fail "it is not at it"
	stop mariadbd-a KILL
	wait $one
	matches "it says why nothing goes on" "$(cat "$D/said")" '^schema, '
	start_mariadbd a 1
	equal "the first half is there, the second is not" "$(columns second) $(columns third)" "1 0"
	sed -i '/SLEEP/d' "$D/schema/$next-test.sql"
	equal "it goes on" "$(migrate 31)" current
	equal "to its end" "$(columns second) $(columns third)" "1 1"
	matches "and says so" "$(versions)" "$next-test \$"
	rm "$D/schema/$next-test.sql"
	sql a "DELETE FROM holdfast.schema_version WHERE number=$((10#$next)); ALTER TABLE holdfast.account DROP COLUMN second, DROP COLUMN third"
}

test_is_broken_off() {
	local next; next=$(printf %03d $((10#$NEXT + 1)))
	sleepy "$next"
	"$BUILD/tests/unit/migrate_helper" "$D/a/run/mysqld.sock" "$D/schema" 40 >"$D/said" 2>>"$D/migrate.log" &
	PID[migrate]=$!
	until_true 20 runs "DO SLEEP(55)" || fail "it is not at it"
	kill -TERM "${PID[migrate]}"
	until_true 20 grep -q stopped "$D/said" || fail "it does not stop"
	equal "nothing of it runs on" "$(runs "DO SLEEP(55)" && echo runs)" ""
	equal "the database can be closed" "$(sql a "SET lock_wait_timeout=1; SET GLOBAL read_only=1; SELECT @@read_only; SET GLOBAL read_only=0")" 1
	equal "the version was not written" "$(versions | grep -c "$next-test")" 0
	stop migrate
	rm "$D/schema/$next-test.sql"
}

test_bad_statement() {
	local next; next=$(printf %03d $((10#$NEXT + 1)))
	add_file "$next" "ALTER TABLE account ADD COLUMN IF NOT EXISTS;"
	matches "it says which file and why" "$(migrate 50)" "^schema, $next-test: try 1, again in 5 s: .*"
	: >"$D/migrate.log"
	migrate 52 0 100 >"$D/said"
	equal "it is tried again after pauses that grow" "$(sed -n 's/.*schema.fail .*tries=\([0-9]*\) pause_s=\([0-9]*\).*/\1:\2/p' "$D/migrate.log" | head -n 6 | paste -sd' ')" \
		"1:5 2:10 3:20 4:40 5:80 6:160"
	matches "which is said" "$(cat "$D/said")" "^schema, $next-test: try [6-9], again in [0-9]* s: "
	rm "$D/schema/$next-test.sql"
	echo "SELECT 1" >"$D/schema/x.sql"
	matches "a file with a bad name" "$(migrate 51)" "the schema is not looked after: .*x.sql"
	rm "$D/schema/x.sql"
}

test_newer() {
	sql a "INSERT INTO holdfast.schema_version (number, name, checksum) VALUES (998, '998-later', 'abc')"
	: >"$D/migrate.log"
	equal "what a newer release left is no harm" "$(migrate 60)" current
	equal "it is said" "$(grep -c 'schema.newer version=998' "$D/migrate.log")" 1
	sql a "DELETE FROM holdfast.schema_version WHERE number=998"
}

test_differs() {
	sql a "UPDATE holdfast.schema_version SET checksum='00' WHERE number=$((10#$NEXT))"
	matches "another text under a number that was applied" "$(migrate 70)" "schema file $NEXT is not the one the database was made with"
	equal "nothing was done about it" "$(sql a "SELECT checksum FROM holdfast.schema_version WHERE number=$((10#$NEXT))")" 00
}

# A standby gets it all, rights included, and never by itself.
test_standby() {
	start_mariadbd b 2 SLAVE
	follow b 1
	until_true 30 eval '[ "$(sql a "SELECT @@gtid_binlog_pos")" = "$(sql b "SELECT @@gtid_slave_pos")" ]' || fail "the standby does not follow: $(sql b "SHOW SLAVE STATUS")"
	equal "the standby has the versions" "$(versions b)" "$(versions a)"
	equal "and the rights" "$(sql b "SHOW GRANTS FOR 'holdfast-ledger'@localhost" | sort)" "$(sql a "SHOW GRANTS FOR 'holdfast-ledger'@localhost" | sort)"
}

set_up
for t in first_data files twice without_versions rights ends_anywhere server_is_killed is_broken_off bad_statement newer differs standby; do
	echo "# $t"
	"test_$t"
done
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
