#!/bin/bash
# What the mariadbd that is installed does where an answer hangs on it: each recipe that our rules rest on, with the
# configuration that is shipped. A MariaDB that behaves differently is a red line here; doc/mariadb.md says which rule is in
# question then. Needs root and mariadb-server; without them it is skipped. Three private servers in a directory and, where
# that can be had, a network of its own; nothing is left.
# shellcheck disable=SC2034,SC2154 # PID is an array of tests/unit/daemons.sh, PORT is private_mariadbd.sh's
set -u
if [ -z "${OWN_NETWORK:-}" ]; then
	OWN_NETWORK=no
	unshare -n true 2>/dev/null && OWN_NETWORK=yes
	export OWN_NETWORK
	[ $OWN_NETWORK = no ] || exec unshare -n bash "$0" "$@"
fi
[ "$OWN_NETWORK" = no ] || ip link set lo up
PORT=${MARIADB_PORT:-18316}
ONCE_MS=200	  # a time limit that is to have no effect
LONG_AFTER_MS=1500 # and how much later it has none, by the server's own clock

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
need_programs mariadbd mariadb-install-db mariadb mariadb-binlog openssl
chmod 755 "$D"

# ---- one line a recipe: what the server does, or what it did instead
WRONG=
want() { # WHAT GOT WANTED
	[ "$2" = "$3" ] || WRONG="$WRONG; $1: got '$2', want '$3'"
}
like() { # WHAT GOT PATTERN
	[[ $2 =~ $3 ]] || WRONG="$WRONG; $1: got '$2', want '$3'"
}
soon() { # WHAT COMMAND...: becomes true
	local what=$1; shift
	until_true 20 "$@" || WRONG="$WRONG; not so: $what"
}
recipe() { # NAME: WHAT THE SERVER DOES
	if [ -z "$WRONG" ]; then pass "$1"; else fail "$1 -- ${WRONG#; }"; fi
	WRONG=
}

# ---- clients that wait
client() { # NAME NODE STATEMENTS: in the background
	timeout 90 mariadb --no-defaults --skip-ssl -S "$D/$2/run/mysqld.sock" -u root -N -B -e "$3" >"$D/$1.said" 2>&1 &
	PID[$1]=$!
}
ended() { ! kill -0 "${PID[$1]}" 2>/dev/null; }
said() { # NAME: its exit status and words, once it has ended
	soon "the client $1 ends" ended "$1"
	if ended "$1"; then wait "${PID[$1]}"; SAID="$? $(tr '\n' ' ' <"$D/$1.said")"; else stop "$1"; SAID=hangs; fi
	unset "PID[$1]"
}
row() { echo "INSERT INTO holdfast.cluster_epoch (epoch, node) VALUES ($1, 'row')"; }
payment() { client "$1" "$2" "$(row "$3"); SELECT 'answered'"; } # CLIENT NODE NUMBER
rows() { # NODE NUMBER...: those of them that a reader sees
	sql "$1" "SELECT epoch FROM holdfast.cluster_epoch WHERE epoch IN ($(IFS=,; echo "${*:2}")) ORDER BY epoch" | paste -sd ' '
}
sees() { [ "$(rows "$@")" = "${*:2}" ]; } # NODE NUMBER...: all of them
WAITS="STATE LIKE 'Waiting for semi-sync ACK%'"
in_state() { sql "$1" "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE $2"; } # NODE CONDITION
runs() { [ "$(in_state "$1" "INFO='$2'")" = 1 ]; } # NODE STATEMENT
waiting() { [ "$(in_state "$1" "$WAITS")" = "$2" ]; } # NODE COUNT
waiter() { sql "$1" "SELECT ID FROM information_schema.PROCESSLIST WHERE $WAITS AND USER='root' LIMIT 1"; }
status() { sql "$1" "SHOW GLOBAL STATUS LIKE '$2'" | cut -f 2; }
status_is() { [ "$(status "$1" "$2")" = "$3" ]; }
slave() { # NODE COLUMN
	timeout 20 mariadb --no-defaults -S "$D/$1/run/mysqld.sock" -u root -E -e "SHOW SLAVE STATUS" 2>&1 | sed -n "s/^ *$2: //p"
}
slave_is() { [ "$(slave "$1" "$2")" = "$3" ]; }
position() { sql "$1" "SELECT @@gtid_binlog_pos"; }
seq_of() { position "$1" | sed 's/.*-//'; }
semi() { sql "$1" "SET GLOBAL rpl_semi_sync_master_enabled=$2"; }
open_for_writes() { sql "$1" "SET GLOBAL read_only=0; SET GLOBAL rpl_semi_sync_master_enabled=1"; }

# ---- servers
fresh() { # NODE: empty data
	stop "mariadbd-$1" KILL
	copy_data "$D/image" "$D/$1/mysql"
}
copy_data() { rm -rf "$2"; cp -a --sparse=always "$1" "$2"; } # FROM TO
again() { # NODE SERVER-ID ROLE: after its end; its log is that of this start alone
	: >"$D/$1.log"
	start_mariadbd "$@"
}
cut_off() { grep -c 'Successfully truncated binlog file' "$D/$1.log"; }
# The commit record of InnoDB is made durable once a second. This makes sure that it is not, yet.
lazy() { sql "$1" "SET GLOBAL innodb_flush_log_at_timeout=2700"; }

make_image() {
	printf '%064d\n' 7 >"$D/key"
	make_certificates
	make_node a 1
	make_node b 2
	make_node c 3
	helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token" >"$D/init.log" || { cat "$D/init.log"; exit 1; }
	mv "$D/a/mysql" "$D/image"
}

# ---- the variables that our rules speak of, as the server has them
variables_table() {
	cat <<-'TABLE'
		rpl_semi_sync_master_wait_point AFTER_SYNC
		rpl_semi_sync_master_timeout 18446744073709551615
		rpl_semi_sync_master_wait_no_slave 1
		rpl_semi_sync_master_enabled 0
		rpl_semi_sync_slave_enabled 1
		rpl_semi_sync_slave_kill_conn_timeout 1
		sync_binlog 1
		innodb_flush_log_at_trx_commit 1
		innodb_doublewrite 1
		sync_relay_log 1
		binlog_annotate_row_events 0
		replicate_annotate_row_events 0
		gtid_strict_mode 1
		log_slave_updates 1
		log_bin 1
		binlog_format ROW
		binlog_row_image FULL
		read_only 1
		relay_log_recovery 0
		relay_log_purge 1
		slave_parallel_threads 4
		slave_parallel_mode optimistic
		slave_net_timeout 5
		innodb_snapshot_isolation 0
		tx_isolation REPEATABLE-READ
		binlog_commit_wait_count 0
		binlog_expire_logs_seconds 259200
		net_write_timeout 10
		max_connections 151
		innodb_rollback_on_timeout 1
	TABLE
}
# Options that are no variables in each version.
options_table() {
	cat <<-'TABLE'
		skip-slave-start TRUE
		binlog-row-event-max-size 1048576
		symbolic-links FALSE
	TABLE
}
test_variables() {
	local name value count=0
	while read -r name value; do
		want "$name" "$(sql a "SELECT @@GLOBAL.$name")" "$value"
		count=$((count + 1))
	done < <(variables_table)
	timeout 20 mariadbd --defaults-file="$D/a/mariadb.cnf" --verbose --help >"$D/options" 2>"$D/options.log"
	while read -r name value; do
		want "$name" "$(awk -v name="$name" '$1 == name { print $2; exit }' "$D/options")" "$value"
		count=$((count + 1))
	done < <(options_table)
	like "init_rpl_role cannot be asked" "$(sql a "SELECT @@init_rpl_role")" 'ERROR 1193'
	want "complaints about the configuration" "$(grep -E '\[(ERROR|Warning)\].*(unknown|deprecated|ignored)' "$D/a.log")" ""
	recipe "variables: $count are what the configuration says, and init_rpl_role is an option that cannot be read back"
}

# ---- who waits for an acknowledgement that does not come
t2_kill_query() {
	payment w a 2
	soon "it waits" waiting a 1
	want "seen while it waits" "$(rows a 2)" ""
	like "in the binary log" "$(position a)" '^0-1-[0-9]+$'
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

waits_long() { [ "$(in_state "$1" "$WAITS AND TIME_MS>$LONG_AFTER_MS")" = 1 ]; }
t4_statement_limit() {
	local limit="SET max_statement_time=0.$ONCE_MS"
	client w a "$limit; $(row 4); SELECT 'answered'"
	soon "it waits" waiting a 1
	like "the limit by itself" "$(sql a "$limit; SELECT SLEEP(20)")" 'ERROR 1969|^1$'
	soon "it waits on, long after the limit" waits_long a
	want "seen" "$(rows a 4)" ""
	sql a "KILL $(waiter a)"
	said w
	recipe "T4 max_statement_time: who waits goes on waiting, the row stays unseen"
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
	recipe "T7 rpl_semi_sync_master_enabled=0: who waits is told OK, the row is committed; no_tx counts it"
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
closes() { [ "$(in_state a "INFO LIKE 'SET GLOBAL read_only%' AND STATE LIKE 'Waiting for%'")" = "$1" ]; }
t6_read_only() {
	client ro a "SET GLOBAL read_only=1"
	soon "SET GLOBAL read_only=1 hangs" closes 1
	want "read_only meanwhile" "$(sql a "SELECT @@read_only")" 0
	like "with lock_wait_timeout=1" "$(sql a "SET lock_wait_timeout=1; SET GLOBAL read_only=1")" 'ERROR 1205'
	want "the first one hangs on" "$(ended ro && echo ended)" ""
	sql a "KILL QUERY $(sql a "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO='SET GLOBAL read_only=1'")"
	said ro
	like "when it is killed" "$SAID" '^1 .*ERROR 1317'
	want "read_only" "$(sql a "SELECT @@read_only")" 0
	recipe "T6 read_only=1 while somebody waits: it hangs and nothing is closed; lock_wait_timeout bounds it"
}

# T3's transaction still waits.
t5_roles() {
	local before
	want "it still waits" "$(waiter a)" "$WAITER"
	before=$(seq_of a)
	stop mariadbd-a KILL
	copy_data "$D/a/mysql" "$D/c/mysql"
	again c 1 MASTER
	want "MASTER: the row" "$(rows c 3)" 3
	want "MASTER: the log" "$(seq_of c)" "$before"
	want "MASTER: cut off" "$(cut_off c)" 0
	again a 1 SLAVE
	want "SLAVE: the row" "$(rows a 3)" ""
	want "SLAVE: the log" "$(seq_of a)" $((before - 1))
	want "SLAVE: cut off" "$(cut_off a)" 1
	want "SLAVE: what was committed before" "$(rows a 1 2 7 83)" "1 2 7 83"
	recipe "T5 SIGKILL while somebody waits: a start as MASTER commits it, one as SLAVE cuts it off the binary log"
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
	recipe "T9 SIGTERM while somebody waits: the client loses its connection, the row is committed for good, a SLAVE start keeps it"
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
	semi b 0
	said stopping
	want "STOP SLAVE once it is off" "$SAID" "0 "
	sql b "START SLAVE SQL_THREAD"
	soon "applied" sees b 101
	recipe "T10a semi-sync as master on a standby: its applier waits for an acknowledgement, STOP SLAVE hangs"
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
	local before
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
	again b 2 MASTER
	want "what runs after the restart" "$(slave b Slave_IO_Running) $(slave b Slave_SQL_Running)" "No No"
	want "after the restart" "$(in_logs b)" "3 $((${APPLIED##*-} + 1)) $ACKED"
	sql b "START SLAVE SQL_THREAD"
	want "after START" "$(in_logs b)" "0 0 "
	want "Gtid_IO_Pos" "$(slave b Gtid_IO_Pos)" "$APPLIED"
	want "seen" "$(rows b 111 112 113)" ""
	stop mariadbd-b KILL
	recipe "T10 START SLAVE with both threads stopped: relay logs with three acknowledged transactions are thrown away, and the position says that nothing is missing"
}
in_logs() { salvage cut "$D/$1/mysql" relay.index "$APPLIED" "$D/cut-$1"; }
salvage() { timeout 60 "$BUILD/tests/unit/salvage_helper" "$@"; }

t11_salvage() {
	local torn
	again c 2 MASTER
	copy_data "$D/c/mysql" "$D/torn"
	torn=$(for f in "$D"/torn/relay.0*; do echo "$(mariadb-binlog "$f" 2>/dev/null | grep -c 'GTID 0-1-') $f"; done | sort -n | tail -1)
	truncate -s -20 "${torn#* }"
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
	soon "it catches up" test_same a c
	want "rows" "$(rows a 101 111 112 113 114 115)" "101 111 112 113 115"
	semi c 1
	soon "it acknowledges" status_is c Rpl_semi_sync_master_clients 1
	recipe "T12 a killed active started as SLAVE: what waited is cut off, and it follows the new one by gtid_slave_pos := gtid_binlog_pos"
}
sums() { sql "$1" "CHECKSUM TABLE holdfast.cluster_epoch"; }
test_same() { [ "$(position "$1")" = "$(position "$2")" ] && [ "$(sums "$1")" = "$(sums "$2")" ]; }

# c active, a follows.
t12_sole_survivor() {
	lazy c
	pays c 121
	soon "a has it" sees a 121
	stop mariadbd-c KILL
	again c 2 SLAVE
	want "cut off" "$(cut_off c)" 1
	want "at c" "$(rows c 121)" ""
	recipe "T12 SLAVE start of an active that was killed: a transaction that was answered is cut off its log; only another copy has it"
}

promote_a() { sql a "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only=0; $(row 131)"; }
# c has lost 121, a is active and nobody follows it.
t14_errant_recent() {
	promote_a
	sql c "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos" >/dev/null
	follow c 1
	soon "c follows" test_same a c
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
	soon "c follows again" test_same a c
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
	sql a "$(row 162)"
	sql c "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos; START SLAVE"
	soon "its IO thread gives up" slave_is c Last_IO_Errno 1236
	like "because" "$(slave c Last_IO_Error)" "not in the master's binlog"
	want "rows" "$(rows c 162)" ""
	recipe "T16 the same with InnoDB's log flushed: a SLAVE start keeps it, and replication ends with error 1236"
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
start_pair
t10a_semi_at_the_standby
t15_fsync_first
t17_black_hole
t10_purge
t11_salvage
t12_rejoin
t12_sole_survivor
t14_errant_recent
t16_errant_durable
[ "$FAILED" = 0 ]
