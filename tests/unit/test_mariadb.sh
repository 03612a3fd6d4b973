#!/bin/bash
# What the mariadbd that is installed does where an answer hangs on it: each recipe that our rules rest on, with the
# configuration that is shipped. A MariaDB that behaves differently is a red line here; doc/mariadb.md says which rule is in
# question then. Needs root and mariadb-server; without them it is skipped. Three private servers in a directory and, where
# that can be had, a network of its own; nothing is left.
# shellcheck disable=SC2034,SC2154 # PID is an array of tests/unit/daemons.sh, PORT is private_mariadbd.sh's
set -u
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
PORT=$(free_port 18316 4)

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
# shellcheck source=tests/unit/mariadb_clients.sh
. "${srcdir:-.}/tests/unit/mariadb_clients.sh"
# shellcheck source=tests/unit/mariadb_variables.sh
. "${srcdir:-.}/tests/unit/mariadb_variables.sh"
need_programs mariadbd mariadb-install-db mariadb mariadb-binlog openssl
chmod 755 "$D"

# ---- who waits for an acknowledgement that does not come
t2_kill_query() {
	payment w a 2
	soon "it waits" waiting a 1
	want "seen while it waits" "$(rows a 2)" ""
	want "in the binary log" "$(position a)" 0-1-1
	want "Rpl_semi_sync_master_wait_sessions" "$(status a Rpl_semi_sync_master_wait_sessions)" 1
	sql a "KILL QUERY $(waiter a)"
	said w
	want "the client" "$SAID" "0 answered "
	want "seen" "$(rows a 2)" 2
	want "Rpl_semi_sync_master_no_tx" "$(status a Rpl_semi_sync_master_no_tx)" 1
	want "semi-sync afterwards" "$(status a Rpl_semi_sync_master_status)" ON
	recipe "T2 KILL QUERY of who waits: the client is told OK, the row is committed, nobody has acknowledged; no_tx counts it"
}

t1_kill() {
	payment w a 1
	soon "it waits" waiting a 1
	sql a "KILL $(waiter a)"
	said w
	like "the client" "$SAID" '^1 .*ERROR 2013'
	soon "the row is committed" sees a 1
	want "Rpl_semi_sync_master_no_tx" "$(status a Rpl_semi_sync_master_no_tx)" 2
	recipe "T1 KILL of who waits: the client loses its connection, the row is committed; no_tx counts it"
}

t4_statement_limit() {
	local limit="SET max_statement_time=0.2"
	client w a "$limit; $(row 4); SELECT 'answered'"
	soon "it waits" waiting a 1
	like "the limit by itself" "$(sql a "$limit; SELECT SLEEP(20)")" 'ERROR 1969|^1$'
	soon "it waits on, long after the limit" waits_long a
	kill -KILL "$(pgrep -P "${PID[w]}")"
	said w
	soon "and so it does without its client" waiting a 1
	want "seen" "$(rows a 4)" ""
	sql a "KILL $(waiter a)"
	soon "the row is committed" sees a 4
	recipe "T4 max_statement_time, and the end of the client: who waits goes on waiting, the row stays unseen"
}

t7_semi_off() {
	local before; before=$(status a Rpl_semi_sync_master_no_tx)
	payment w a 7
	soon "it waits" waiting a 1
	semi a 0
	said w
	want "the client" "$SAID" "0 answered "
	want "seen" "$(rows a 7)" 7
	want "Rpl_semi_sync_master_no_tx grows" "$(($(status a Rpl_semi_sync_master_no_tx) > before))" 1
	semi a 1
	recipe "T7 museum23_semi_sync_off_lets_through: rpl_semi_sync_master_enabled=0: who waits is told OK, the row is committed; no_tx counts it"
}

t8_group() {
	local groups; groups=$(status a Binlog_group_commits)
	sql a "SET GLOBAL binlog_commit_wait_count=3, GLOBAL binlog_commit_wait_usec=20000000"
	payment g1 a 81
	payment g2 a 82
	payment g3 a 83
	soon "one waits, for all three" waiting a 1
	want "the others" "$(in_state a "STATE='Commit'")" 2
	want "seen" "$(rows a 81 82 83)" ""
	sql a "SET GLOBAL binlog_commit_wait_count=0, GLOBAL binlog_commit_wait_usec=DEFAULT; KILL $(waiter a)"
	local c lost=0 answered=0
	for c in g1 g2 g3; do
		said $c
		case $SAID in 1*"ERROR 2013"*) lost=$((lost + 1)) ;; "0 answered ") answered=$((answered + 1)) ;; esac
	done
	want "lost and answered" "$lost $answered" "1 2"
	soon "all are committed" sees a 81 82 83
	want "groups" "$(($(status a Binlog_group_commits) - groups))" 1
	recipe "T8 KILL of a group's leader: its client loses the connection, the others of the group are told OK"
}

t3_kill_soft() {
	payment w a 3
	soon "it waits" waiting a 1
	WAITER=$(waiter a)
	sql a "KILL SOFT CONNECTION $WAITER"
	said w
	like "the client" "$SAID" '^1 .*ERROR 2013'
	want "who waits" "$(waiter a)" "$WAITER"
	want "seen" "$(rows a 3)" ""
	recipe "T3 KILL SOFT CONNECTION of who waits: the client loses its connection, the transaction goes on waiting, unseen"
}

# T3's transaction still waits.
hangs() { [ "$(in_state "$1" "INFO=\"$2\" AND STATE LIKE 'Waiting for backup lock%'")" = 1 ]; } # NODE STATEMENT
kill_query() { sql a "KILL QUERY $(sql a "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO=\"$1\"")"; }
t6_read_only() {
	client ro a "SET GLOBAL read_only=1"
	soon "SET GLOBAL read_only=1 hangs" hangs a "SET GLOBAL read_only=1"
	want "read_only meanwhile" "$(sql a "SELECT @@read_only")" 0
	like "with lock_wait_timeout=1" "$(sql a "SET lock_wait_timeout=1; SET GLOBAL read_only=1")" 'ERROR 1205'
	want "the first one hangs on" "$(ended ro && echo ended)" ""
	client new a "$(row 6)"
	soon "who begins to write hangs behind it" hangs a "$(row 6)"
	kill_query "$(row 6)"
	said new
	kill_query "SET GLOBAL read_only=1"
	said ro
	like "when it is killed" "$SAID" '^1 .*ERROR 1317'
	want "read_only" "$(sql a "SELECT @@read_only")" 0
	recipe "T6 read_only=1 while somebody waits: it hangs and nothing is closed, but who begins to write hangs behind it; lock_wait_timeout bounds it"
}

# As mariadbd leaves it that was told to end in order, has closed its log, and is killed before InnoDB is done.
t22_closed_in_order() {
	local last
	copy_data "$D/a/mysql" "$D/c/mysql"
	last=$D/c/mysql/$(tail -n 1 "$D/c/mysql/binlog.index")
	want "the mark of $last" "$(od -An -tu1 -j21 -N1 "$last" | tr -d ' ')" 1
	printf '\0' | dd of="$last" bs=1 seek=21 conv=notrunc status=none
	timeout 60 mariadbd --defaults-file="$D/c/mariadb.cnf" --server-id=1 --init-rpl-role=SLAVE --tmpdir="$D/c/run" >"$D/c.refused" 2>&1
	want "its end" "$?" 1
	like "why" "$(cat "$D/c.refused")" 'Found 1 prepared transactions!'
	printf '\1' | dd of="$last" bs=1 seek=21 conv=notrunc status=none
	again c 1 SLAVE
	want "the row" "$(rows c 3)" ""
	want "cut off" "$(cut_off c)" 1
	stop mariadbd-c KILL
	: >"$D/c.log"
	recipe "T22 killed between the end of its binary log and that of InnoDB: no start; with the mark that the log is in use, which each start of ours gets, one as after any kill"
}

# T3's transaction still waits.
t5_roles() {
	local before
	want "it still waits" "$(waiter a)" "$WAITER"
	before=$(seq_of a)
	stop mariadbd-a KILL
	t22_closed_in_order
	copy_data "$D/a/mysql" "$D/c/mysql"
	again c 1 MASTER
	want "MASTER: the row" "$(rows c 3)" 3
	want "MASTER: the log" "$(seq_of c)" "$before"
	want "MASTER: cut off" "$(cut_off c)" 0
	stop mariadbd-c KILL
	again c 1 SLAVE
	want "SLAVE after MASTER: the row" "$(rows c 3)" 3
	again a 1 SLAVE
	want "SLAVE: the row" "$(rows a 3)" ""
	want "SLAVE: the log" "$(seq_of a)" $((before - 1))
	want "SLAVE: cut off" "$(cut_off a)" 1
	want "SLAVE: what was committed before" "$(rows a 1 2 7 83)" "1 2 7 83"
	recipe "T5 D2_tail_that_nobody_has_is_cut_off, museum22_killed_and_started_as_it_was: SIGKILL while somebody waits: a start as MASTER commits it, and for good; one as SLAVE cuts it off the binary log"
}

t9_shutdown() { # SIGTERM
	stop mariadbd-c KILL
	open_for_writes a
	payment w a 9
	soon "it waits" waiting a 1
	stop mariadbd-a TERM
	said w
	like "the client" "$SAID" '^1 .*ERROR 2013'
	again a 1 SLAVE
	want "the row" "$(rows a 9)" 9
	want "cut off" "$(cut_off a)" 0
	recipe "T9 D6_stopped_or_started_in_place_keeps_its_tail: SIGTERM while somebody waits: the client loses its connection, the row is committed for good, a SLAVE start keeps it"
}

t13_super() {
	local as="mariadb --no-defaults -S $D/a/run/mysqld.sock -u somebody -psecret"
	sql a "SET GLOBAL read_only=0; SET sql_log_bin=0; CREATE USER somebody@localhost IDENTIFIED BY 'secret';
		GRANT SUPER ON *.* TO somebody@localhost; GRANT ALL ON holdfast.* TO somebody@localhost; SET GLOBAL read_only=1"
	like "SUPER" "$(timeout 10 $as -e "$(row 13)" 2>&1)" 'ERROR 1290'
	like "it cannot open either" "$(timeout 10 $as -e "SET GLOBAL read_only=0" 2>&1)" 'ERROR 1227'
	want "root, with all there is, is not stopped" "$(sql a "BEGIN; $(row 13); ROLLBACK")" ""
	sql a "SET GLOBAL read_only=0"
	want "with read_only off" "$(timeout 10 $as -e "BEGIN; $(row 13); ROLLBACK" 2>&1)" ""
	recipe "T13 read_only stops SUPER, which may not change it either; it does not stop root"
}

t21_no_transaction() {
	local into="SET @v='a'; PREPARE r FROM \"INSERT INTO holdfast.cluster_epoch (epoch, node) VALUES (21, IF(@@in_transaction,?,NULL))\"; EXECUTE r USING @v"
	like "no transaction" "$(sql a "$into")" 'ERROR 1048'
	want "in one" "$(sql a "BEGIN; $into; SELECT node FROM holdfast.cluster_epoch WHERE epoch=21; ROLLBACK")" a
	client w a "BEGIN; SELECT id FROM holdfast.ledger_head FOR UPDATE; SELECT SLEEP(60)"
	soon "somebody has the lock" runs a "SELECT SLEEP(60)"
	like "behind a lock that was waited for too long" "$(printf '%s;\n' "SET innodb_lock_wait_timeout=1" BEGIN "UPDATE holdfast.ledger_head SET last_us=last_us+1" "$into" |
		timeout 20 mariadb --no-defaults -S "$D/a/run/mysqld.sock" -u root -f 2>&1 | tr '\n' ' ')" 'ERROR 1205.*ERROR 1048'
	sql a "KILL $(sql a "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO='SELECT SLEEP(60)'")"
	said w
	want "the row" "$(rows a 21)" ""
	recipe "T21 IF(@@in_transaction,?,NULL) refuses a row outside of a transaction, also behind a lock that was waited for too long"
}

t20_definition() {
	open_for_writes a
	client w a "ALTER TABLE holdfast.cluster_epoch ADD COLUMN IF NOT EXISTS t20 INT NULL, ALGORITHM=INSTANT"
	soon "it waits" waiting a 1
	stop mariadbd-a KILL
	again a 1 SLAVE
	want "cut off" "$(cut_off a)" 0
	want "the column" "$(sql a "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE COLUMN_NAME='t20'")" 1
	recipe "T20 SIGKILL while a change of a table waits: a SLAVE start keeps it"
}

# ---- a pair: a active, b its standby
start_pair() {
	fresh a
	fresh b
	again a 1 MASTER
	again b 2 MASTER
	open_for_writes a >/dev/null
	follow b 1 >/dev/null
	until_true 20 status_is a Rpl_semi_sync_master_clients 1 || fail "b does not follow: $(slave b 'Last_.*_Error')"
}
pays() { # NODE NUMBER: answered
	payment w "$1" "$2"
	said w
	want "row $2 at $1" "$SAID" "0 answered "
}

t10a_semi_at_the_standby() {
	semi b 1
	pays a 101
	soon "b's applier waits for itself" waiting b 1
	client stopping b "STOP SLAVE SQL_THREAD"
	soon "STOP SLAVE hangs" runs b "STOP SLAVE SQL_THREAD"
	want "applied" "$(rows b 101)" ""
	want "its binary log, though" "$(position b)" "$(position a)"
	semi b 0
	said stopping
	want "STOP SLAVE once it is off" "$SAID" "0 "
	sql b "START SLAVE SQL_THREAD"
	soon "applied" sees b 101
	recipe "T10a semi-sync as master on a standby: its applier waits for an acknowledgement with what it has written to its log already, STOP SLAVE hangs"
}

# The acknowledgement is lost with the connection; the standby has the transaction.
t18_reconnect() {
	sql b "STOP SLAVE IO_THREAD; SET GLOBAL rpl_semi_sync_slave_enabled=0; START SLAVE IO_THREAD"
	soon "b acknowledges nothing" status_is a Rpl_semi_sync_master_clients 0
	payment w a 181
	soon "it waits" waiting a 1
	soon "b has it" sees b 181
	sql b "STOP SLAVE IO_THREAD; SET GLOBAL rpl_semi_sync_slave_enabled=1; START SLAVE IO_THREAD"
	soon "b acknowledges again" status_is a Rpl_semi_sync_master_clients 1
	soon "and it waits, long after" waits_long a
	want "seen at a" "$(rows a 181)" ""
	payment next a 182
	said next
	want "the next one" "$SAID" "0 answered "
	said w
	want "and with it the one before" "$SAID" "0 answered "
	recipe "T18 a standby that connects anew: what it has already is not acknowledged before the next transaction is"
}

t19_applier_error() {
	sql b "SET sql_log_bin=0; $(row 195)"
	pays a 195
	soon "b's applier stops" slave_is b Last_SQL_Errno 1062
	soon "it has ended" slave_is b Slave_SQL_Running No
	pays a 196
	want "the receiver" "$(slave b Slave_IO_Running)" Yes
	sql b "SET sql_log_bin=0; DELETE FROM holdfast.cluster_epoch WHERE epoch=195; START SLAVE SQL_THREAD"
	soon "it goes on where it was" same_data b a
	recipe "T19 an error stops the applier: the standby goes on acknowledging what it cannot apply"
}

# Transactions that were applied together, before InnoDB has flushed its log again. What is shipped applies one after the other.
t12_standby() {
	local n before
	before=$(position b)
	sql b "STOP SLAVE; SET GLOBAL slave_parallel_threads=4, GLOBAL slave_parallel_mode=optimistic, GLOBAL binlog_commit_wait_count=4,
		GLOBAL binlog_commit_wait_usec=20000000; START SLAVE IO_THREAD"
	soon "b acknowledges" status_is a Rpl_semi_sync_master_clients 1
	lazy b
	sql a "SET GLOBAL binlog_commit_wait_count=4, GLOBAL binlog_commit_wait_usec=20000000"
	for n in 1 2 3 4; do payment "w$n" a "19$n"; done
	for n in 1 2 3 4; do said "w$n"; want "payment $n" "$SAID" "0 answered "; done
	sql a "SET GLOBAL binlog_commit_wait_count=0, GLOBAL binlog_commit_wait_usec=DEFAULT"
	sql b "START SLAVE SQL_THREAD"
	soon "applied" sees b 191 192 193 194
	stop mariadbd-b KILL
	again b 2 SLAVE
	want "cut off" "$(cut_off b)" 1
	want "its position" "$(position b)" "$before"
	want "seen" "$(rows b 191 192 193 194)" ""
	sql b "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos; START SLAVE"
	soon "it gets them again" same_data b a
	soon "b acknowledges again" status_is a Rpl_semi_sync_master_clients 1
	recipe "T12c SLAVE start of a standby: what it acknowledged and applied last is cut off, a whole group of transactions, not one"
}

# What the standby's IO thread does for one payment: w writes to the relay log, f makes it durable, S sends to the active.
io_calls() { # NUMBER
	strace -f -yy -s 0 -e trace=write,pwrite64,fsync,fdatasync,sendto,sendmsg -o "$D/calls" -p "${PID[mariadbd-b]}" 2>"$D/strace.log" &
	PID[strace]=$!
	soon "strace is there" grep -q attached "$D/strace.log"
	pays a "$1"
	stop strace TERM
	awk '
		/relay\.[0-9]+>/ { thread[$1] = thread[$1] ($2 ~ /^f/ ? "f" : "w") }
		$2 ~ /^(write|send)/ && /<TCP/ { thread[$1] = thread[$1] "S" }
		END { for (t in thread) if (thread[t] ~ /[wf]/) print thread[t] }' "$D/calls"
}
t15_fsync_first() {
	local synced plain
	if ! command -v strace >/dev/null || ! timeout 10 strace -o /dev/null true 2>/dev/null; then
		echo "skip: T15: strace is missing or may not trace"
		return
	fi
	synced=$(io_calls 151)
	like "sync_relay_log=1" "$synced" '^(w+f+)+S+$'
	sql b "SET GLOBAL sync_relay_log=0"
	plain=$(io_calls 152)
	like "sync_relay_log=0" "$plain" '^w+S+$'
	sql b "SET GLOBAL sync_relay_log=1"
	recipe "T15 sync_relay_log=1: the relay log is on disk before the acknowledgement is sent ($synced), with 0 it is not ($plain)"
}

dark() { nft "add table inet dark; add chain inet dark in { type filter hook input priority 0; }
	add rule inet dark in tcp sport $((PORT + 1)) drop; add rule inet dark in tcp dport $((PORT + 1)) drop"; }
t17_black_hole() {
	local begun took
	if [ "$OWN_NETWORK" = no ] || ! command -v nft >/dev/null || ! dark 2>"$D/nft.log"; then
		echo "skip: T17: no network of its own, or no nft in it"
		return
	fi
	begun=$(date +%s%N)
	client stopping b "STOP SLAVE IO_THREAD"
	payment late a 171
	said stopping
	took=$((($(date +%s%N) - begun) / 1000000))
	want "STOP SLAVE" "$SAID" "0 "
	want "the active still waits" "$(ended late && echo ended)" ""
	soon "for an acknowledgement" waiting a 1
	want "of a standby that it takes for connected" "$(status a Rpl_semi_sync_master_clients)" 1
	nft delete table inet dark
	sql b "START SLAVE IO_THREAD"
	said late
	want "it comes when there is light" "$SAID" "0 answered "
	soon "applied" sees b 171
	recipe "T17 the active's host is a black hole: STOP SLAVE takes $took ms, and the active keeps the dark standby for one that is connected"
}

# The standby acknowledges what it has not applied; both die; its relay logs are all there is.
t10_purge() {
	local before thread
	before=$(status a Rpl_semi_sync_master_yes_tx)
	sql b "STOP SLAVE SQL_THREAD"
	pays a 111
	pays a 112
	pays a 113
	want "acknowledged" "$(($(status a Rpl_semi_sync_master_yes_tx) - before))" 3
	APPLIED=$(position b)
	ACKED=$(position a)
	sql b "STOP SLAVE IO_THREAD"
	soon "b is gone" status_is a Rpl_semi_sync_master_clients 0
	payment late a 114
	soon "what comes after it waits" waiting a 1
	stop mariadbd-a KILL
	stop mariadbd-b KILL
	said late
	copy_data "$D/b/mysql" "$D/c/mysql"
	for thread in IO_THREAD SQL_THREAD; do
		copy_data "$D/c/mysql" "$D/b/mysql"
		again b 2 MASTER
		want "what runs after the restart" "$(slave b Slave_IO_Running) $(slave b Slave_SQL_Running)" "No No"
		want "what it says to have received then" "$(slave b Gtid_IO_Pos)" ""
		want "what it has" "$(in_logs b)" "3 $((${APPLIED##*-} + 1)) $ACKED"
		sql b "START SLAVE $thread"
		want "after START SLAVE $thread" "$(in_logs b)" "0 0 "
		want "Gtid_IO_Pos" "$(slave b Gtid_IO_Pos)" "$APPLIED"
		want "seen" "$(rows b 111 112 113)" ""
		stop mariadbd-b KILL
	done
	recipe "T10 START SLAVE of either thread with both stopped: relay logs with three acknowledged transactions are thrown away, and the position, which a restart forgets, says that nothing is missing"
}
in_logs() { salvage cut "$D/$1/mysql" relay.index "$APPLIED" "$D/cut-$1"; }
salvage() { timeout 60 "$BUILD/tests/unit/salvage_helper" "$@"; }

t11_salvage() {
	local torn
	again c 2 MASTER
	copy_data "$D/c/mysql" "$D/torn"
	torn=$(for f in "$D"/torn/relay.0*; do mariadb-binlog "$f" 2>/dev/null | grep -q "GTID $ACKED " && echo "$f"; done)
	# In the row of the last transaction, before its end (31 bytes): the applier would refuse it, and mariadb-binlog execute it. Not in the last
	# two columns, which are 0 already.
	dd if=/dev/zero of="$torn" bs=1 seek=$(($(stat -c %s "$torn") - 31 - 20)) count=4 conv=notrunc status=none
	like "of one with a damaged row" "$(salvage cut "$D/torn" relay.index "$APPLIED" "$D/cut-torn")" "is damaged after transaction $((${ACKED##*-} - 1))"
	cp -p "$D/c/mysql/${torn##*/}" "$torn"
	truncate -s -20 "$torn"
	want "of a relay log whose end is torn" "$(salvage cut "$D/torn" relay.index "$APPLIED" "$D/cut-torn" | cut -d ' ' -f 1)" 2
	want "of the whole one" "$(in_logs c)" "3 $((${APPLIED##*-} + 1)) $ACKED"
	want "executed" "$(salvage apply "$D/cut-c" "$D/c/run/mysqld.sock")" ""
	want "seen" "$(rows c 111 112 113)" "111 112 113"
	want "with the numbers they had" "$(position c)" "$ACKED"
	APPLIED=$ACKED
	want "and again" "$(in_logs c)" "0 0 $ACKED"
	want "RESET SLAVE ALL" "$(sql c "RESET SLAVE ALL")" ""
	want "the number of the next" "$(open_for_writes c; semi c 0; sql c "$(row 115)"; position c)" "0-2-$((${ACKED##*-} + 1))"
	recipe "T11 salvage before any START: the relay logs give all three transactions with their numbers; of a torn one the whole groups"
}

# c is active now. a comes back with row 114, which waited and was acknowledged by nobody.
t12_rejoin() {
	again a 1 SLAVE
	want "cut off" "$(cut_off a)" 1
	want "what waited" "$(rows a 114)" ""
	sql a "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos"
	follow a 3
	soon "it catches up" same_data a c
	want "rows" "$(rows a 101 111 112 113 114 115)" "101 111 112 113 115"
	semi c 1
	soon "it acknowledges" status_is c Rpl_semi_sync_master_clients 1
	recipe "T12a a killed active started as SLAVE: what waited is cut off, and it follows the new one by gtid_slave_pos := gtid_binlog_pos"
}

# c active, a follows.
t12_sole_survivor() {
	sql a "STOP SLAVE SQL_THREAD"
	lazy c
	pays c 120
	pays c 121
	stop mariadbd-c KILL
	want "applied at a" "$(rows a 120 121)" ""
	sql a "START SLAVE SQL_THREAD"
	soon "a applies both, without c" sees a 120 121
	recipe "T10b START SLAVE SQL_THREAD while the IO thread runs: the relay logs are kept, and applied with the active gone"
	again c 2 SLAVE
	want "cut off" "$(cut_off c)" 1
	want "at c" "$(rows c 120 121)" 120
	recipe "T12b SLAVE start of an active that was killed: the last transaction that was answered is cut off its log, the one before is not; only another copy has it"
}

promote_a() { sql a "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only=0; $(row 131)"; }
# c has lost 121, a is active and nobody follows it.
t14_errant_recent() {
	promote_a
	sql c "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos" >/dev/null
	follow c 1
	soon "c follows" same_data a c
	sql c "STOP SLAVE"
	open_for_writes c
	lazy c
	errant 141
	stop mariadbd-c KILL
	again c 2 SLAVE
	want "cut off" "$(cut_off c)" 1
	want "seen" "$(rows c 141)" ""
	sql c "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos; START SLAVE"
	sql a "$(row 142)"
	soon "c follows again" same_data a c
	recipe "T14 KILL QUERY and then SIGKILL at once: a SLAVE start still cuts off what was committed a moment ago"
}
errant() { # NUMBER: committed at c and acknowledged by nobody
	payment w c "$1"
	soon "it waits" waiting c 1
	sql c "KILL QUERY $(waiter c)"
	said w
	want "the client" "$SAID" "0 answered "
}

t16_errant_durable() {
	sql c "STOP SLAVE"
	open_for_writes c
	errant 161
	sql c "FLUSH LOCAL ENGINE LOGS"
	stop mariadbd-c KILL
	again c 2 SLAVE
	want "cut off" "$(cut_off c)" 0
	want "seen" "$(rows c 161)" 161
	diverged "while the active has not gone on"
	pays a 162
	sql c "STOP SLAVE"
	diverged "when it has"
	want "rows" "$(rows c 162)" ""
	recipe "T16 the same with InnoDB's log flushed: a SLAVE start keeps it, and replication ends with error 1236"
}
diverged() { # WHEN
	sql c "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos; START SLAVE"
	soon "$1 the IO thread gives up" slave_is c Last_IO_Errno 1236
	like "$1" "$(slave c Last_IO_Error)" "not in the master's binlog"
	soon "$1 it has ended" slave_is c Slave_IO_Running No
}

# c has 161 of its own, where a has 162 with the same number.
t16_strict() {
	like "a position behind the log" "$(sql c "STOP SLAVE; SET GLOBAL gtid_slave_pos='$1'")" 'ERROR 1947'
	sql c "SET GLOBAL gtid_strict_mode=0; SET GLOBAL gtid_slave_pos='$1'; SET GLOBAL gtid_strict_mode=1; START SLAVE"
	soon "its applier gives up" slave_is c Last_SQL_Errno 1950
	soon "it has ended" slave_is c Slave_SQL_Running No
	want "rows" "$(rows c 161 162)" 161
	recipe "T16b a transaction whose number the log has already: gtid_strict_mode ends the applier with error 1950, and refuses a position behind the log"
}

make_image
fresh a
again a 1 MASTER
test_variables
open_for_writes a
t2_kill_query
t1_kill
t4_statement_limit
t7_semi_off
t8_group
t3_kill_soft
t6_read_only
t5_roles
t9_shutdown
t13_super
t21_no_transaction
t20_definition
start_pair
t10a_semi_at_the_standby
t18_reconnect
t19_applier_error
t12_standby
t15_fsync_first
t17_black_hole
t10_purge
t11_salvage
t12_rejoin
t12_sole_survivor
t14_errant_recent
COMMON=$(position c)
t16_errant_durable
t16_strict "$COMMON"
[ "$FAILED" = 0 ]
