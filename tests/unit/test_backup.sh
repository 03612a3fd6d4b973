#!/bin/bash
# Backups for real: a private pair of mariadbd with the configuration that is shipped, a heartbeatd that is played, and holdfast-backup on
# the one that follows. Needs root, mariadb-server and mariadb-backup; without them it is skipped. Everything lives in a directory of
# its own and is gone afterwards.
# shellcheck disable=SC2034,SC2154 # PID is an array of tests/unit/daemons.sh, PORT is private_mariadbd.sh's
set -u
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
PORT=$(free_port 18406 4)

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
need_programs mariadbd mariadb-install-db mariadb-backup mbstream mariadb openssl b2sum
chmod 755 "$D"

backup() { # ARGUMENT...: on node b
	timeout 300 "$BUILD/holdfast-backup" -f "$D/b/holdfast.conf" --role "$D/role" --key "$D/key" --result "$D/backup.json" \
		--database-conf "$D/b/mariadb.cnf" --database-socket "$D/b/run/mysqld.sock" "$@" 2>&1
}
value() { sed -n "s/^$2=//p" "$1/manifest"; } # BACKUP KEY
seal() { # BACKUP: the checksum of a manifest that the test has changed
	sed -i '/^sum=/d' "$1/manifest"
	echo "sum=$(b2sum -l 256 "$1/manifest" | cut -d ' ' -f 1)" >>"$1/manifest"
}
left_of() { find "$D/backups" -mindepth 1 -maxdepth 1 -name "$1.*" | wc -l; } # what an attempt left behind

# A ledger of one clearing account and one wallet, paid COUNT times, in rows that the ledger itself would have written.
id_of() { printf '%032x' "$1"; }
open_ledger() {
	sql a "SET GLOBAL read_only=0; USE holdfast; BEGIN; INSERT INTO cluster_epoch (epoch, node) VALUES (3, 'a');
		UPDATE ledger_head SET epoch=3, batch_seq=1, next_seq=2, last_us=1;
		INSERT INTO account VALUES (x'$(id_of 1)', 3, 0, 'CNY', NULL, 'bank', 0, 0, 0, NULL, NULL, 0, 1, '{}'),
			(x'$(id_of 2)', 1, 0, 'CNY', NULL, NULL, 0, 0, 0, 0, NULL, 1, 1, '{}');
		INSERT INTO journal (seq, principal, key_hash, fingerprint, batch_seq, kind, status, body, created_us) VALUES
			(1, 1, REPEAT('k', 32), REPEAT('f', 32), 1, 2, 201, '{}', 1); COMMIT"
}
pay() { # FIRST COUNT: sequence numbers of the journal
	local seq
	for ((seq = $1; seq < $1 + $2; seq++)); do
		cat <<-SQL
			BEGIN; UPDATE ledger_head SET batch_seq=$seq, next_seq=$((seq + 1)), last_us=$seq;
			UPDATE account SET posted=posted-5, last_seq=$seq WHERE id=x'$(id_of 1)';
			UPDATE account SET posted=posted+5, last_seq=$seq WHERE id=x'$(id_of 2)';
			INSERT INTO journal (seq, principal, key_hash, fingerprint, batch_seq, kind, status, debit, credit, amount,
				currency, debit_after, credit_after, body, created_us) VALUES ($seq, 1, UNHEX(LPAD(HEX($seq),64,'0')), REPEAT('f', 32), $seq, 3,
				201, x'$(id_of 1)', x'$(id_of 2)', 5, 'CNY', -5*($seq-1), 5*($seq-1), '{}', $seq);
			COMMIT;
		SQL
	done | timeout 60 mariadb --no-defaults -S "$D/a/run/mysqld.sock" -u root holdfast
}
position() { sql "$1" "SELECT @@gtid_binlog_pos"; }
caught_up() { [ "$(position a)" = "$(position b)" ]; }

make_pair() {
	printf '%064d\n' 7 >"$D/key"
	helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token" >"$D/token"
	cp -a "$D/a/mysql" "$D/b/mysql"
	start_mariadbd a 1
	start_mariadbd b 2
	equal "the ledger is opened" "$(open_ledger)" ""
	equal "b follows" "$(follow b 1)" ""
	pay 2 99
	until_true 30 caught_up || fail "b does not catch up"
}

test_where() {
	local said
	mkdir "$D/backups"
	matches "no role" "$(backup make "$D/backups/1")" 'nobody has the role|heartbeatd does not run'
	role role 3 3 1 solo
	matches "a standby out of sync" "$(backup make "$D/backups/1")" 'this copy is not in sync, it lacks what b answers'
	role role 3 3 0 sync
	said=$(backup make "$D/backups/1")
	equal "the active: another exit status" $? 3
	matches "and why" "$said" 'this node is the active one.*the standby makes it'
	role role 3 3 0 solo
	matches "a sole active, without a word" "$(backup make "$D/backups/1")" 'the mode is SOLO: wait for SYNC, or add --from-active'
	role role 3 3 1 sync
	matches "the word on the standby" "$(backup make --from-active "$D/backups/1")" 'is not the active one'
	matches "a relative path" "$(backup make backups)" 'want an absolute path'
	backup make backups >/dev/null
	equal "its exit status" "$?" 2
	matches "no parent" "$(backup make "$D/none/1")" 'none: No such file'
	matches "in the data directory" "$(backup make "$D/b/mysql/1")" 'lies in the data directory'
	mkdir "$D/backups/full"
	echo precious >"$D/backups/full/file"
	matches "a directory that is not empty" "$(backup make "$D/backups/full")" 'is not empty'
	matches "as a shell completes its name" "$(backup make "$D/backups/full/")" 'is not empty'
	ln -s "$D/backups/full" "$D/backups/link"
	matches "a symbolic link" "$(backup make "$D/backups/link")" 'is a symbolic link'
	ln -s "$D/b/mysql" "$D/b/way"
	matches "in the data directory by another way" "$(backup make "$D/b/way/1")" 'lies in the data directory'
	rm "$D/b/way" "$D/backups/link"
	matches "a place where something is mounted" "$(mounted)" 'something is mounted there'
	mkdir "$D/backups/1.new"
	echo precious >"$D/backups/1.new/file"
	matches "something in the way" "$(backup make "$D/backups/1")" '1.new: is in the way'
	equal "is left alone" "$(cat "$D/backups/full/file" "$D/backups/1.new/file")" "precious
precious"
	rm -r "$D/backups/1.new"
	matches "no room" "$(small_disk)" ' MiB free, [0-9]+ MiB needed$'
	matches "no database" "$(backup --database-socket "$D/none" make "$D/backups/1")" 'none'
	equal "nothing was made" "$(ls "$D/backups")" full
	matches "and nobody is told that one was" "$(ls "$D/backup.json" 2>&1)" 'No such file'
}
mounted() {
	export -f backup
	export BUILD D
	# shellcheck disable=SC2016
	unshare -m bash -c 'mkdir "$D/mounted"; mount -t tmpfs none "$D/mounted" && backup make "$D/mounted"'
	rmdir "$D/mounted"
}
small_disk() {
	mkdir "$D/small"
	export -f backup
	export BUILD D
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount -t tmpfs -o size=8m none "$D/small" && backup make "$D/small/1"; ls "$D/small"'
}

test_make() {
	local said
	said=$(backup make "$D/backups/1") || fail "backup: $said"
	matches "a backup" "$said" 'made, restored for trial'
	matches "and who watches is told" "$(cat "$D/backup.json")" '^\{"at_unix":[0-9]+,"dir":".*backups/1","gtid":"0-1-[0-9]+","operations":100\}'
	equal "and nothing beside it" "$(left_of 1)" 0
	equal "nor in it" "$(ls "$D/backups/1" | tr '\n' ' ')" "data.mbstream manifest "
	equal "root's alone" "$(stat -c '%U %a' "$D/backups/1" "$D/backups/1/manifest" "$D/backups/1/data.mbstream" | tr '\n' ' ')" \
		"root 700 root 600 root 600 "
	equal "its position" "$(value "$D/backups/1" gtid)" "$(position b)"
	equal "what it knows" "$(for key in cluster node role epoch ledger_epoch operations accounts; do value "$D/backups/1" $key; done | tr '\n' ' ')" \
		"holdfast b standby 3 3 100 2 "
	equal "its checksum is b2sum's" "$(value "$D/backups/1" blake2b)" "$(b2sum "$D/backups/1/data.mbstream" | cut -d ' ' -f 1)"
	matches "not twice" "$(backup make "$D/backups/1")" 'is not empty'
	said=$(backup verify "$D/backups/1") || fail "verify: $said"
	matches "it can be restored" "$said" 'whole; restored for trial'
	equal "which leaves nothing" "$(left_of 1)" 0
	pay 101 10
	role role 3 3 0 solo
	said=$(backup make --from-active "$D/backups/2") || fail "backup: $said"
	matches "a sole active, with a word" "$said" '\(active\)'
	role role 3 3 1 sync
}

spoilt() { # WHAT PATTERN: backup "bad" is refused, with exit status 1
	local said
	said=$(backup verify "$D/backups/bad")
	equal "$1: exit status" $? 1
	matches "$1" "$said" "$2"
	equal "$1: leaves nothing" "$(left_of bad)" 0
	rm -r "$D/backups/bad"
}
copy_of() { cp -a "$D/backups/1" "$D/backups/bad"; }
reseal() { sed -i "$1" "$D/backups/bad/manifest"; seal "$D/backups/bad"; }

test_verify() {
	matches "no backup" "$(backup verify "$D/backups/none")" 'none/manifest: No such file'
	copy_of; truncate -s -100 "$D/backups/bad/data.mbstream"; spoilt "cut off" 'it is not whole'
	copy_of; rm "$D/backups/bad/data.mbstream"; spoilt "no data" 'No such file'
	copy_of; printf 'x' | dd of="$D/backups/bad/data.mbstream" bs=1 seek=300000 conv=notrunc status=none
	spoilt "one byte" 'is damaged: its BLAKE2b'
	copy_of; printf 'x' | dd of="$D/backups/bad/data.mbstream" bs=1 seek=1 conv=notrunc status=none
	spoilt "a byte of the format" 'is damaged: its BLAKE2b'
	copy_of; sed -i 's/^operations=100/operations=101/' "$D/backups/bad/manifest"; spoilt "a changed manifest" 'line 19: not the checksum'
	copy_of; truncate -s 200 "$D/backups/bad/manifest"; spoilt "half a manifest" 'manifest: line [0-9]+: .* expected'
	copy_of; chown nobody "$D/backups/bad/data.mbstream"; spoilt "data of another user" 'belongs to user [0-9]+, who can change it'
	copy_of; chown nobody "$D/backups/bad/manifest"; spoilt "a manifest of another user" 'belongs to user'
	copy_of; chmod 777 "$D/backups/bad"; spoilt "a directory for everybody" 'others than root can write there .mode 777'
	copy_of; reseal 's/^node=b/node=\x1b[2J/'; spoilt "what a terminal would obey" "line 7: 'node=' and a value expected"
	copy_of; reseal 's/^level=3/level=03/;s/^level=/level=0/'; spoilt "a number in another way" "line 3: 'level='"
	matches "show" "$(backup show "$D/backups/1")" 'as its manifest says.*taken on b .standby. of cluster holdfast'
	matches "show, of none" "$(backup show "$D/backups/none")" 'none/manifest: No such file'
	matches "show, with logs that are not there" "$(backup show --logs "$D/none" "$D/backups/1")" 'none: No such file'
	matches "show, of a moment before it" "$(mkdir "$D/none"; backup show --logs "$D/none" --until 2020-01-01T00:00:00Z "$D/backups/1")" 'an earlier one is needed'
	matches "show, of a transaction before it" "$(backup show --logs "$D/none" --until 0-1-1 "$D/backups/1")" 'until 0-1-1: the backup is at .* an earlier one'
	matches "show, of no moment" "$(backup show --logs "$D/none" --until 2020-02-31T00:00:00Z "$D/backups/1")" "until is '2020-02-31T00:00:00Z', want a GTID"
	matches "show, --until alone" "$(backup show --until 0-1-1 "$D/backups/1")" 'until wants --logs'
	matches "make --until" "$(backup make --logs "$D/none" "$D/never")" 'make: --logs is not for this command'
	matches "show --from-active" "$(backup show --from-active "$D/backups/1")" 'show: --from-active is not for this command'
	matches "a command that is none" "$(backup maek "$D/never")" "'maek' is none of make, logs, verify, show"
	matches "no directory" "$(backup make)" 'make: DIR is missing'
	matches "two directories" "$(backup make "$D/never" "$D/none")" "one word too many"
	rmdir "$D/none"
	copy_of; reseal 's/^format=1/format=2/'; spoilt "a later format" 'format 2'
	copy_of; reseal 's/^level=.*/level=200/'; spoilt "a later release" 'level 200; this release'
	copy_of; reseal 's/^mariadb=.*/mariadb=10.6.4-MariaDB/'; spoilt "another MariaDB" 'made on MariaDB 10.6, and here'
	copy_of; reseal 's/^operations=100/operations=101/'; spoilt "another number" 'its manifest says'
	copy_of; reseal 's/^gtid=.*/gtid=0-1-7/'; spoilt "another position" 'its manifest says 0-1-7'
}

by_b() { sql b "SET sql_log_bin=0; $1" >/dev/null; }
test_ledger() { # what does not add up is no backup, but it is kept
	local said
	stop_following
	by_b "UPDATE holdfast.account SET posted=posted+1 WHERE kind=1"
	matches "a balance that is not its movements'" "$(backup make "$D/backups/3")" 'does not add up: .*balance: .*kept as .*/3.suspect$'
	[ ! -e "$D/backups/3" ] && pass "it is no backup" || fail "a backup that does not add up"
	matches "it says what it is" "$(cat "$D/backups/3.suspect/manifest")" 'findings=balance: acc_.* posted at'
	matches "it does not stand the trial" "$(backup verify "$D/backups/3.suspect")" 'does not add up: .*balance: '
	matches "nor is it restored" "$(restore_with 3.suspect)" 'does not add up: .*--accept-findings takes it'
	said=$(ACCEPT_FINDINGS=1 restore_with 3.suspect); matches "unless it is accepted" "$said" '^[0-9a-f]{32} [0-9]+ 1[0-9]+'
	rm -rf "$D/d/mysql" "$D/d/state"
	by_b "UPDATE holdfast.account SET posted=posted-1 WHERE kind=1; UPDATE holdfast.journal SET debit_after=debit_after+1 WHERE seq=50"
	matches "an entry of long ago that says another balance is a warning" "$(backup make "$D/backups/5")" 'made, restored.*warning: not all is right in it.*after-balance: acc_'
	matches "in the manifest, too" "$(cat "$D/backups/5/manifest")" 'findings=after-balance: acc_'
	matches "when it is tried" "$(backup verify "$D/backups/5")" 'whole; restored.*warning: .*after-balance'
	matches "it is restored" "$(restore_with 5)" '^[0-9a-f]{32} [0-9]+ 1[0-9]+'
	rm -rf "$D/d/mysql" "$D/d/state"
	by_b "DELETE FROM holdfast.journal WHERE seq=50"
	matches "a lost operation" "$(backup make "$D/backups/6")" 'does not add up: .*(sequence|balance): .*not kept, an earlier one is$'
	equal "nothing is left of it" "$(find "$D/backups" -name '6*' | wc -l)" 0
}
restore_with() { helper init "$D/d/holdfast.conf" "$D/new-key" "$SOURCE/etc/schema" "$D/d/state/token" "$D/backups/$1"; } # into node d
stop_following() { sql b "STOP SLAVE; SET GLOBAL read_only=0" >/dev/null; }

interrupt() { # SIGNAL
	backup make "$D/backups/4" >"$D/interrupted.out" &
	PID[backup]=$!
	until_true 30 test -e "$D/backups/4.new/data.mbstream" || fail "it does not begin"
	kill "-$1" "$(pgrep -P "$(pgrep -P "${PID[backup]}" timeout)" holdfast-backup)"
	wait "${PID[backup]}"
	unset "PID[backup]"
}
test_interrupted() {
	interrupt TERM
	matches "interrupted" "$(cat "$D/interrupted.out")" 'stopped on request|killed by signal'
	equal "nothing is left" "$(find "$D/backups" -name '4*' | wc -l)" 0
	interrupt KILL
	[ -e "$D/backups/4.new" ] && [ ! -e "$D/backups/4" ] && pass "killed, it is not there" || fail "killed: $(ls "$D/backups")"
	matches "the next one" "$(backup make "$D/backups/4")" 'made, restored'
	equal "takes away what was left" "$(left_of 4)" 0
}

restore() { # BACKUP: into node c
	helper init "$D/c/holdfast.conf" "$D/new-key" "$SOURCE/etc/schema" "$D/c/state/token" "$D/backups/$1"
}
sums() { sql "$1" "CHECKSUM TABLE holdfast.account, holdfast.journal, holdfast.api_key"; }
nothing_of_c() { equal "$1: nothing is left" "$(ls "$D/c" | tr '\n' ' ')" "holdfast.conf mariadb.cnf mysql.lock run "; }

test_restore_refused() {
	printf '%064d\n' 8 >"$D/new-key"
	matches "no backup to restore" "$(restore none)" 'none/manifest: No such file'
	copy_of
	printf 'x' | dd of="$D/backups/bad/data.mbstream" bs=1 seek=300000 conv=notrunc status=none
	matches "a damaged backup" "$(restore bad)" 'is damaged'
	nothing_of_c "a damaged backup"
	reseal 's/^mariadb=.*/mariadb=10.6.4-MariaDB/'
	matches "one of another MariaDB" "$(restore bad)" 'made on MariaDB 10.6'
	nothing_of_c "another MariaDB"
	rm -r "$D/backups/bad"
	mkdir "$D/c/mysql"
	echo precious >"$D/c/mysql/file"
	matches "a directory that is in use" "$(restore 1)" 'is not empty'
	equal "is left alone" "$(cat "$D/c/mysql/file")" precious
	rm -r "$D/c/mysql"
}

# The pair of before may live on: nothing of what it knows is of use here, nor the other way round.
test_restore() {
	local said
	said=$(restore 1)
	matches "a new token, and an epoch above the old ones" "$said" '^[0-9a-f]{32} 4 100$'
	[ "${said%% *}" != "$(cat "$D/token")" ] && pass "another token" || fail "the old token"
	equal "the token lies beside the data" "$(head -n 1 "$D/c/state/token")" "token=${said%% *}"
	equal "it belongs to mysql" "$(stat -c '%U %a' "$D/c/mysql")" "mysql 700"
	equal "all of it" "$(find "$D/c/mysql" ! -user mysql | wc -l)" 0
	equal "no notes of the backup" "$(find "$D/c/mysql" -name 'xtrabackup*' -o -name backup-my.cnf | wc -l)" 0
	start_mariadbd c 3
	equal "no complaint in the log" "$(grep -c '\[ERROR\]' "$D/c.log")" 0
	equal "a history of its own" "$(sql c "SELECT @@gtid_binlog_state, @@gtid_current_pos, @@gtid_slave_pos" | tr -d '\t')" ""
	equal "follows nobody" "$(sql c "SHOW SLAVE STATUS")" ""
	equal "accounts" "$(sql c "SELECT User, Host FROM mysql.user ORDER BY User" | tr '\t\n' '@ ')" \
		"holdfast-ledger@localhost holdfast-replication@% holdfast-verify@localhost mariadb.sys@localhost root@localhost "
	equal "the password is of the new key" "$(sql c "SELECT authentication_string=PASSWORD('$(helper password "$D/new-key")'),
		authentication_string=PASSWORD('$(helper password "$D/key")') FROM mysql.user WHERE User='holdfast-replication'" | tr '\t' ' ')" "1 0"
	equal "the payments of the backup, and no later one" "$(sql c "SELECT MAX(seq), COUNT(*) FROM holdfast.journal" | tr '\t' ' ')" "100 100"
	equal "the balance" "$(sql c "SELECT posted FROM holdfast.account WHERE kind=1")" 495
	sql c "SET GLOBAL read_only=0; BEGIN; INSERT IGNORE INTO holdfast.cluster_epoch (epoch, node) VALUES (4, 'c');
		UPDATE holdfast.ledger_head SET epoch=4 WHERE id=1 AND epoch<4; COMMIT" >/dev/null
	equal "it can be opened in the new epoch" "$(sql c "SELECT epoch, @@gtid_binlog_pos FROM holdfast.ledger_head" | tr '\t' ' ')" "4 0-3-1"
}

past_second() { [ "$(date -u +%s)" -gt "$1" ]; }
now_utc() { date -u +%Y-%m-%dT%H:%M:%SZ; }

test_logs() { # 111 to 130 are paid, the last five of them not before $MOMENT
	matches "no directory" "$(backup logs "$D/logs")" 'logs: No such file'
	mkdir "$D/logs"
	role role 3 3 0 sync
	matches "the active in sync adds nothing" "$(backup logs --from-active "$D/logs")" 'the standby adds them'
	role role 3 3 0 stalled
	matches "nor one that another may take over from" "$(backup logs --from-active "$D/logs")" 'STALLED: its last transactions are not final'
	role role 3 3 1 sync
	until_true 30 caught_up
	chmod 777 "$D/logs"
	matches "an archive that no restore would take" "$(backup logs "$D/logs")" 'others than root can write there'
	chmod 755 "$D/logs"
	matches "the first logs" "$(backup logs "$D/logs")" 'added the transactions 1 to 110$'
	matches "nothing new" "$(backup logs "$D/logs")" 'nothing was written since$'
	pay 111 10
	sql b "FLUSH BINARY LOGS" >/dev/null
	pay 121 5
	until_true 30 caught_up
	matches "the next logs, over the end of a file" "$(backup logs "$D/logs")" 'added the transactions 111 to 125$'
	until_true 5 past_second "$(date -u +%s)"
	MOMENT=$(now_utc)
	pay 126 5
	sql a "CREATE USER watcher@localhost IDENTIFIED BY 'secret'; GRANT SELECT ON holdfast.* TO watcher@localhost"
	until_true 30 caught_up
	matches "and the next" "$(backup logs "$D/logs")" 'added the transactions 126 to 132$'
	equal "nothing else is there" "$(ls "$D/logs" | sed 's/^[0-9a-f]*-0*//; s/-0*/ /g' | tr '\n' ' ')" \
		"3 1 110.binlog 3 111 125.binlog 3 126 132.binlog "
}

restored_to() { # WANTED [UNTIL]: into node d
	local said
	said=$(helper init "$D/d/holdfast.conf" "$D/new-key" "$SOURCE/etc/schema" "$D/d/state/token" "$D/backups/1" "$D/logs" "${@:2}")
	matches "restored up to ${2:-the end}" "$said" "^[0-9a-f]{32} 4 $1\$"
	rm -rf "$D/d/mysql" "$D/d/state"
}
not_restored() { # WHAT PATTERN [UNTIL]
	matches "$1" "$(helper init "$D/d/holdfast.conf" "$D/new-key" "$SOURCE/etc/schema" "$D/d/state/token" "$D/backups/1" "$D/logs" "${@:3}")" "$2"
	equal "$1: nothing is left" "$(ls "$D/d" | tr '\n' ' ')" "holdfast.conf mariadb.cnf mysql.lock run "
}

test_point_in_time() {
	local middle last
	restored_to 130
	restored_to 105 0-1-105
	restored_to 100 0-1-100
	restored_to 106 0-2-106 # what the number says: there is one history
	restored_to 130 0-1-131
	restored_to 125 "$MOMENT"
	restored_to 130 "$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)"
	not_restored "before the backup" '0-1-99: the backup is at 0-1-100' 0-1-99
	not_restored "after the end" 'the logs beside it end at 0-1-132' 0-1-133
	not_restored "a time before the backup" 'an earlier one is needed' 2020-01-01T00:00:00Z
	not_restored "a day that is none" "--until is '2027-02-31T00:00:00Z', want a GTID" 2027-02-31T00:00:00Z
	not_restored "no moment" "--until is 'yesterday', want a GTID" yesterday
	matches "another history" "$(two_histories)" 'has transaction 100 in epoch 5.*these are two histories'
	last=$(ls "$D"/logs/*132.binlog)
	cp "$last" "$D/last"
	truncate -s -20 "$last"
	not_restored "an archive that was cut off" 'is damaged: the last transaction in it is 131, and by its names it is 132'
	cp "$D/last" "$last"
	printf 'x' | dd of="$last" bs=1 seek=$(($(stat -c %s "$last") - 200)) conv=notrunc status=none
	not_restored "an archive with a spoilt byte" '132.binlog: is damaged after transaction 13[01]: the checksum'
	cp "$D/last" "$last"
	middle=$(ls "$D"/logs/*-*111-*)
	mv "$middle" "$D/middle"
	not_restored "logs with a hole" 'logs: transactions between 101 and 132 are missing'
	mkdir "$D/logs/other"
	mv "$D"/logs/*1-*110.binlog "$D/logs/other"
	not_restored "logs that begin too late" 'begins with transaction 126, and 101 is needed'
	matches "what no log has any more is said" "$(hole_in_source)" 'transactions from 133 on are missing'
}
two_histories() { # a file of a later epoch that begins below the end of the backup
	local other
	other=$(ls "$D"/logs/*-*111-* | sed 's/-[0-9]*3-[0-9]*111-/-00000000000000000005-00000000000000000100-/')
	touch "$other"
	restore_with_logs 1 "$D/logs"
	rm "$other"
}
restore_with_logs() { # BACKUP LOGS: into node d
	helper init "$D/d/holdfast.conf" "$D/new-key" "$SOURCE/etc/schema" "$D/d/state/token" "$D/backups/$1" "$2"
}

# Node b, in epoch 5, with what it had at 104 and not what was paid then: as after force promote.
force_another_history() {
	sql b "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only=0; RESET MASTER; SET GLOBAL gtid_binlog_state='0-1-104'"
	sql b "USE holdfast; BEGIN; INSERT IGNORE INTO cluster_epoch (epoch, node) VALUES (5, 'b');
		UPDATE ledger_head SET epoch=5 WHERE id=1 AND epoch<5; COMMIT"
	some_transactions 6
}
some_transactions() { for ((i = 0; i < $1; i++)); do echo "UPDATE holdfast.ledger_head SET last_us=last_us+1;"; done |
	mariadb --no-defaults -S "$D/b/run/mysqld.sock" -u root; }

test_parted() { # the archive has up to 140 of epoch 3; here 105 is of epoch 5
	local said
	force_another_history
	some_transactions 10
	role role 5 3 0 solo
	equal "nothing of it is above the archive's end" "$(position b)" 0-2-121
	matches "another history, shorter than the archive" "$(backup logs --from-active "$D/logs")" 'the history has parted'
	some_transactions 20
	matches "and longer" "$(backup logs --from-active "$D/logs")" 'here that is of epoch 5: the history has parted.*new directory'
	equal "nothing was added" "$(find "$D/logs" -name "*-0*5-*-*" | wc -l)" 0
	mkdir "$D/parted" "$D/late"
	matches "a new directory" "$(backup logs --from-active "$D/parted")" 'added the transactions 105 to 141$'
	equal "of the new epoch" "$(ls "$D/parted" | sed 's/^[0-9a-f]*-0*//; s/-0*/ /g')" "5 105 141.binlog"
	equal "backup 2 is of the other history" "$(value "$D/backups/2" gtid) $(value "$D/backups/2" ledger_epoch)" "0-1-110 3"
	said=$(restore_with_logs 2 "$D/parted")
	matches "and does not go on with this one" "$said" 'has transaction 105 in epoch 5.*these are two histories'
	sql b "RESET MASTER; SET GLOBAL gtid_binlog_state='0-2-141'"
	some_transactions 3
	matches "logs that begin after that" "$(backup logs --from-active "$D/late")" 'added the transactions 142 to 144$'
	matches "leave a hole" "$(restore_with_logs 2 "$D/late")" 'begins with transaction 142, and 111 is needed'
	rm "$D/late"/*
	sql b "RESET MASTER; SET GLOBAL gtid_binlog_state='0-2-110'"
	some_transactions 4
	matches "logs without the beginning of their epoch" "$(backup logs --from-active "$D/late")" 'added the transactions 111 to 114$'
	matches "are of another history" "$(restore_with_logs 2 "$D/late")" 'epoch 5 does not begin after transaction 110 of epoch 3'
	equal "nothing is left" "$(ls "$D/d" | tr '\n' ' ')" "holdfast.conf mariadb.cnf mysql.lock run "
	role role 3 3 1 sync
}

hole_in_source() { # as after a fresh copy
	pay 131 5
	until_true 30 caught_up
	sql b "STOP SLAVE; RESET MASTER; SET GLOBAL gtid_binlog_state='0-1-137'; START SLAVE"
	pay 136 5
	until_true 30 caught_up
	backup logs "$D/logs"
}

make_certificates
make_node a 1
make_node b 2
make_node c 3
make_node d 4
make_pair
start_heartbeatd
test_where
test_make
test_verify
test_interrupted
test_restore_refused
test_restore
test_logs
test_point_in_time
test_ledger
test_parted
[ "$FAILED" = 0 ]
