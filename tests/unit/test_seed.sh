#!/bin/bash
# The first data and a fresh copy of it, for real: two private mariadbd with the configuration that is shipped, a
# heartbeatd that is played, and holdfast-seed between them. Needs root, mariadb-server and mariadb-backup; without them it
# is skipped. Everything lives in a directory of its own and is gone afterwards.
# shellcheck disable=SC2034,SC2154 # PID is an array of tests/unit/daemons.sh, PORT is private_mariadbd.sh's
set -u
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
PORT=$(free_port 18306 4)

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
need_programs mariadbd mariadb-install-db mariadb-backup mbstream mariadb openssl
chmod 755 "$D"

count() { sql "$1" "SELECT COUNT(*) FROM holdfast.cluster_epoch"; }
sums() { sql "$1" "CHECKSUM TABLE holdfast.cluster_epoch, holdfast.ledger_head, holdfast.account, holdfast.journal"; }
seq_of() { sql "$1" "SELECT SUBSTRING_INDEX(@@gtid_binlog_pos,'-',-1)"; }
lines_of_copy() { find "$D/b" -maxdepth 1 \( -name mysql.new -o -name mysql.old \) | wc -l; }

test_process() {
	equal "a program that ends well" "$(helper run 5000 /bin/true)" "0 "
	matches "its exit status and the first error" \
		"$(helper run 5000 /bin/sh -c 'printf "begins\nat 1 [ERROR] the cause\nat 2 [ERROR] Aborting\n" >&2; exit 3')" \
		'^EIO /bin/sh: exit status 3: at 1 \[ERROR\] the cause$'
	matches "its exit status and last words" "$(helper run 5000 /bin/sh -c 'echo one >&2; echo two >&2; exit 3')" \
		'^EIO /bin/sh: exit status 3: two$'
	matches "one that hangs" "$(helper run 200 /bin/sleep 60)" '^ETIMEDOUT .*within 200 ms'
	matches "one that is not there" "$(helper run 200 /nonexistent)" '^ENOENT /nonexistent'
	matches "one that prints a lot" "$(helper run 20000 /bin/sh -c 'seq 200000 >&2; echo end >&2; exit 1')" 'status 1: end$'
}

test_init() {
	printf '%064d\n' 7 >"$D/key"
	mkdir "$D/schema-bad"
	cp "$SOURCE"/etc/schema/*.sql "$D/schema-bad"
	echo "CREATE TABEL nonsense;" >"$D/schema-bad/999-bad.sql"
	export VERIFY_RESULT=$D/verify.json
	echo '{}' >"$VERIFY_RESULT"
	matches "a bad schema is said" "$(helper init "$D/a/holdfast.conf" "$D/key" "$D/schema-bad" "$D/a/state/token")" "mariadbd: .*"
	equal "and leaves nothing" "$(ls "$D/a" | tr '\n' ' ')" "holdfast.conf mariadb.cnf mysql.lock run "
	mkdir "$D/a/mysql"
	echo precious >"$D/a/mysql/file"
	matches "a directory that is not empty" "$(helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token")" \
		'is not empty'
	equal "is left alone" "$(cat "$D/a/mysql/file")" precious
	rm -r "$D/a/mysql"
	equal "what was refused leaves what is known of older data" "$(cat "$VERIFY_RESULT")" '{}'
	TOKEN=$(helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token")
	equal "new data have none" "$(ls "$VERIFY_RESULT" 2>/dev/null)" ""
	matches "init-data" "$TOKEN" '^[0-9a-f]{32}$'
	equal "the token lies beside the data" "$(head -n 1 "$D/a/state/token")" "token=$TOKEN"
	equal "modes and owners" "$(stat -c '%U %a' "$D/a/mysql" "$D/a/state" "$D/a/state/token" | tr '\n' ' ')" "mysql 700 root 700 root 600 "
	matches "a second init-data is refused" \
		"$(helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/other")" 'is not empty'
}

test_first_data() {
	start_mariadbd a 1
	equal "no complaint in the log" "$(grep -c '\[ERROR\]' "$D/a.log")" 0
	equal "the binary log is empty" "$(sql a "SELECT @@gtid_binlog_state, @@gtid_current_pos" | tr -d '\t')" ""
	equal "read only" "$(sql a "SELECT @@read_only")" 1
	equal "accounts" "$(sql a "SELECT User, Host FROM mysql.user ORDER BY User" | tr '\t\n' '@ ')" \
		"holdfast-ledger@localhost holdfast-replication@% holdfast-verify@localhost mariadb.sys@localhost root@localhost "
	equal "no test database" "$(sql a "SHOW DATABASES LIKE 'test%'")" ""
	matches "root comes in by socket only" "$(sql a "SHOW GRANTS FOR root@localhost")" 'VIA unix_socket WITH GRANT'
	equal "the ledger's rights" "$(sql a "SHOW GRANTS FOR 'holdfast-ledger'@localhost" | grep -cE '^GRANT (SELECT ON `holdfast`\.\*|INSERT ON `holdfast`.`journal`) ')" 2
	matches "replication needs a certificate" "$(sql a "SHOW CREATE USER 'holdfast-replication'@'%'")" 'REQUIRE X509'
	equal "the schema is there" "$(sql a "SELECT epoch, next_seq FROM holdfast.ledger_head" | tr '\t' ' ')" "0 1"
	sql a "SET GLOBAL read_only=0; INSERT INTO holdfast.cluster_epoch (epoch, node) VALUES (1, 'a')" >/dev/null
	equal "the first transaction" "$(sql a "SELECT @@gtid_binlog_pos")" 0-1-1
}

serve() { # WAY: in the background, until one connection was served
	rm -f "$D/seed.sock"
	"$BUILD/tests/unit/seed_helper" serve "$D/seed.sock" "$1" "$BUILD/holdfast-seed" -f "$D/a/holdfast.conf" \
		--role "$D/role" --database-conf "$D/a/mariadb.cnf" --database-socket "$D/a/run/mysqld.sock" send >"$D/serve.out" 2>&1 &
	PID[serve]=$!
	until_true 10 test -S "$D/seed.sock" || fail "no seed socket"
}
served() { wait "${PID[serve]}"; unset "PID[serve]"; cat "$D/serve.out"; }
fetch() { timeout 120 "$BUILD/holdfast-seed" --progress --peer "$D/seed.sock" --verify-result "$D/b/verify.json" receive "$D/b/mysql"; }
receive() { timeout 120 "$BUILD/holdfast-seed" --peer "$D/seed.sock" --verify-result "$D/b/verify.json" receive "$D/b/mysql" 2>&1; }

refused_copy() { # WHAT WAY PATTERN
	local said
	serve "$2"
	said=$(receive) && fail "$1: accepted"
	matches "$1" "$said" "$3"
	served >/dev/null
	equal "$1: nothing is left" "$(lines_of_copy)" 0
	[ ! -e "$D/b/mysql/mark" ] || equal "$1: the old data is untouched" "$(cat "$D/b/mysql/mark" "$D/b/verify.json")" "as it was
found"
}

test_refusals() {
	matches "no sender" "$(receive)" 'HAProxy here has no way to the other gateway yet'
	refused_copy "no role" whole 'refused: this node is not the active'
	role role 2 2 1 solo
	refused_copy "the other is active" whole 'refused: this node is not the active'
	role role 1 1 0 solo
	mkdir -p "$D/b/mysql/mysql"
	echo "as it was" >"$D/b/mysql/mark"
	echo found >"$D/b/verify.json"
	refused_copy "a stream cut in the greeting" cut=10 'ended before it was complete'
	refused_copy "a stream cut after the greeting" cut=30 'ended before it was complete'
	refused_copy "a stream cut in the middle" cut=3000000 'ended before it was complete'
	refused_copy "a stream cut before the trailer" drop=45 'ended before it was complete'
	refused_copy "a stream cut in the trailer" drop=1 'ended before it was complete'
	refused_copy "a changed byte" flip=2000000 'not what was sent|mbstream|cannot be'
	(flock 9; receive >"$D/locked.out") 9>"$D/b/mysql.lock"
	matches "only one at a time" "$(cat "$D/locked.out")" 'another copy is being made'
	stop mariadbd-a KILL
	refused_copy "the sender's database is down" whole 'the sender failed: .*mariadb-backup: exit status'
	start_mariadbd a 1
	sql a "SET GLOBAL read_only=0" >/dev/null
}

asked_by() { # UID: what the one who asks over a socket gets to read
	timeout 60 python3 - "$1" "$BUILD/holdfast-seed" -f "$D/a/holdfast.conf" --role "$D/role" --database-conf "$D/a/mariadb.cnf" \
		--database-socket "$D/a/run/mysqld.sock" send <<-'PY'
		import os, socket, subprocess, sys, tempfile
		with tempfile.TemporaryDirectory() as place:
		    os.chmod(place, 0o711)
		    listener = socket.socket(socket.AF_UNIX)
		    listener.bind(place + "/s")
		    os.chmod(place + "/s", 0o666)
		    listener.listen()
		    if os.fork() == 0:
		        os.setresuid(int(sys.argv[1]), int(sys.argv[1]), int(sys.argv[1]))
		        client = socket.socket(socket.AF_UNIX)
		        client.connect(place + "/s")
		        print(client.recv(100)[:60], flush=True)
		        os._exit(0)
		    server = listener.accept()[0]
		    listener.close()
		    subprocess.run(sys.argv[2:], stdout=server, stderr=subprocess.DEVNULL)
		    server.close()
		    os.wait()
	PY
}

test_who_asks() {
	matches "root gets a copy" "$(asked_by 0)" 'holdfast-seed'
	equal "a user of this machine does not" "$(asked_by 65534)" "b'refused: user 65534 may not have a copy\\n'"
}

enter_position() { # NODE POSITION
	sql "$1" "RESET MASTER; SET GLOBAL gtid_binlog_state='$2'; SET GLOBAL gtid_slave_pos='$2'"
}

start_writer() { # payments go on while the copy is made
	seq -f 'INSERT INTO holdfast.cluster_epoch (epoch, node) VALUES (%.0f, "w");' 1000 1000000 |
		mariadb --no-defaults -S "$D/a/run/mysqld.sock" -u root >"$D/writer.out" 2>&1 &
	PID[writer]=$!
	until_true 10 written 50 || fail "the writer does not write"
}
written() { [ "$(count a)" -ge "$1" ]; }

test_copy() {
	local said before after
	start_writer
	before=$(seq_of a)
	serve whole
	said=$(receive)
	after=$(seq_of a)
	equal "the sender is content" "$(served)" sent
	stop writer
	matches "a copy, and its position" "$said" '^gtid=0-1-[0-9]+$'
	[ "${said##*-}" -ge "$before" ] && [ "${said##*-}" -le "$after" ] || fail "position $said, written $before to $after"
	[ "$after" -gt "$before" ] && pass "writing went on meanwhile" || fail "nothing was written meanwhile"
	equal "the copy says it is one" "$(cat "$D/b/mysql/holdfast-copy")" "$said"
	equal "it belongs to mysql" "$(stat -c '%U %a' "$D/b/mysql")" "mysql 700"
	equal "nothing else is left" "$(lines_of_copy)" 0
	[ ! -e "$D/b/mysql/mark" ] && pass "the old data is gone" || fail "the old data is still there"
	[ ! -e "$D/b/verify.json" ] && pass "and what was known of it" || fail "what was found in the old data is told of the new"
	start_mariadbd b 2
	equal "no complaint in the log of the copy" "$(grep -c '\[ERROR\]' "$D/b.log")" 0
	equal "as many transactions as the position says" "$(($(count b) + 0))" "${said##*-}"
	serve whole
	matches "a running database is not replaced" "$(receive)" 'works on it'
	stop serve KILL
	equal "the position is entered" "$(enter_position b "${said#gtid=}")" ""
	equal "and says so" "$(sql b "SELECT @@gtid_binlog_pos, @@gtid_slave_pos" | tr '\t' ' ')" "${said#gtid=} ${said#gtid=}"
}

# Replicationd reads what --progress prints, and when it does not, the copy is made all the same.
test_progress() {
	local said; stop mariadbd-b KILL
	serve whole
	said=$(fetch 2>&1)
	served >/dev/null
	equal "the phases of a copy" "$(cut -d ' ' -f 1 <<<"$said" | uniq | tr '\n' ' ')" "ask fetch verify prepare install "
	equal "the size is told from the greeting on" "$(awk '$1 != "ask" && $3 > 1000000 { n++ } END { print n == NR - 1 }' <<<"$said")" 1
	# InnoDB's log alone, which is not copied, would be 96 MB.
	equal "and about as many bytes come" "$(awk '$1 == "verify" { print ($2 < 3 * $3 && $3 < 3 * $2) }' <<<"$said")" 1
	equal "the bytes grow" "$(awk '$2 < last { bad++ } { last = $2 } END { print bad + 0, (last > 1000000) }' <<<"$said")" "0 1"
	mkfifo "$D/full"
	exec 8<>"$D/full"
	dd if=/dev/zero of="$D/full" bs=4096 count=64 oflag=nonblock 2>/dev/null
	serve whole
	fetch >&8 2>"$D/fetch.out" && pass "nobody reads it" || fail "nobody reads it: $(cat "$D/fetch.out")"
	served >/dev/null
	exec 8>&-
	start_mariadbd b 2
	said=$(cat "$D/b/mysql/holdfast-copy")
	enter_position b "${said#gtid=}" >/dev/null
}

# Reads a copy of a; a million bytes before its end (as long as the last one was) it stops until $D/go is there.
read_copy() { # BYTES-OF-THE-LAST
	timeout 120 python3 - "$D" "$1" "$BUILD/holdfast-seed" -f "$D/a/holdfast.conf" --role "$D/role" \
		--database-conf "$D/a/mariadb.cnf" --database-socket "$D/a/run/mysqld.sock" send <<-'PY'
		import os, socket, subprocess, sys, time
		here, last = sys.argv[1], int(sys.argv[2])
		ours, theirs = socket.socketpair()
		sender = subprocess.Popen(sys.argv[3:], stdout=theirs)
		theirs.close()
		data, count = b"", 0
		while True:
		    if last and count > last - 1000000 and not os.path.exists(here + "/go"):
		        with open(here + "/stopped", "w") as f:
		            f.write(str(sender.pid))
		        while not os.path.exists(here + "/go"):
		            time.sleep(0.05)
		    more = ours.recv(65536)
		    if not more:
		        break
		    count += len(more)
		    data = (data + more)[-45:]
		print(count, sender.wait(), data[:1].decode(errors="replace"))
	PY
}
copier_is_gone() { ! pgrep -P "$(cat "$D/stopped")" >/dev/null; }

# mariadb-backup holds up all commits for its last moments, and would for as long as its last bytes are not taken.
test_slow_receiver() {
	local last
	start_writer
	last=$(read_copy 0)
	matches "a copy that is read at once" "$last" '^[0-9]{7,} 0 E$'
	read_copy "${last%% *}" >"$D/slow.out" &
	PID[slow]=$!
	until_true 60 test -s "$D/stopped" || fail "the reader does not stop"
	until_true 60 copier_is_gone && pass "mariadb-backup does not wait for its reader" || fail "mariadb-backup waits for its reader"
	equal "nobody's commit waits" "$(sql a "INSERT INTO holdfast.cluster_epoch (epoch, node) VALUES (2000000, 'w'); SELECT 'committed'")" committed
	touch "$D/go"
	wait "${PID[slow]}"; unset "PID[slow]"
	stop writer
	matches "and the copy is whole" "$(cat "$D/slow.out")" '^[0-9]{7,} 0 E$'
}

same() { [ "$(sums a)" = "$(sums b)" ] && [ "$(sql a "SELECT @@gtid_binlog_pos")" = "$(sql b "SELECT @@gtid_binlog_pos")" ]; }

test_follow_and_promote() {
	equal "the copy follows" "$(follow b 1)" ""
	until_true 30 same && pass "and gets what is new" || fail "it does not catch up: $(sql b 'SHOW SLAVE STATUS\G' | grep Last)"
	stop mariadbd-b KILL
	start_mariadbd b 2
	equal "its position survives a power cut" "$(sql b "SELECT @@gtid_binlog_pos")" "$(sql a "SELECT @@gtid_binlog_pos")"
	sql b "START SLAVE" >/dev/null
	local seq; seq=$(seq_of a)
	sql b "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only=0; INSERT INTO holdfast.cluster_epoch (epoch, node) VALUES (12, 'b')" >/dev/null
	equal "promoted, it goes on where the other was" "$(sql b "SELECT @@gtid_binlog_pos")" "0-2-$((seq + 1))"
	sql a "SET GLOBAL read_only=1" >/dev/null
	sql a "SET GLOBAL gtid_slave_pos=@@gtid_binlog_pos" >/dev/null
	follow a 2 >/dev/null
	until_true 20 same && pass "and the other follows it" || fail "it does not: $(sql a 'SHOW SLAVE STATUS\G' | grep Last)"
}

make_certificates
make_node a 1
make_node b 2
test_process
test_init
test_first_data
start_heartbeatd
test_refusals
test_who_asks
test_copy
test_progress
test_slow_receiver
test_follow_and_promote
[ "$FAILED" = 0 ]
