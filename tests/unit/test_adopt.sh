#!/bin/bash
# The data of a MariaDB that was there before becomes that of a new cluster: for real, with a server of another configuration than ours. Needs
# root and mariadb-server; without them it is skipped. Everything lives in a directory of its own and is gone afterwards.
# shellcheck disable=SC2034,SC2154 # PID is an array of tests/unit/daemons.sh, PORT is private_mariadbd.sh's
set -u
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
PORT=$(free_port 18456 4)

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
need_programs mariadbd mariadb-install-db mariadb mariadb-upgrade
chmod 755 "$D"

# The other server: old, with logs of its own, under a name that ours has, too.
start_old() { # OPTION...
	mariadbd --no-defaults --user=mysql --datadir="$D/old/mysql" --socket="$D/old/run/mysqld.sock" --skip-networking --log-bin=binlog \
		--server-id=9 --tmpdir="$D/old/run" --pid-file="$D/old/mysql/old.pid" "$@" >>"$D/old.log" 2>&1 &
	PID[old]=$!
	until_true 30 sql_answers old || { fail "the other server does not come up"; exit 1; }
}
stop_old() { stop old TERM; }
restart_with() { # STATEMENTS: executed, and it is down again
	start_old
	equal "executed: ${1%% *} ..." "$(sql old "$1")" ""
	stop_old
}
make_old() {
	mkdir -p "$D/old/run" && chown mysql "$D/old" "$D/old/run"
	mariadb-install-db --no-defaults --user=mysql --datadir="$D/old/mysql" --skip-test-db --auth-root-authentication-method=socket >"$D/install.log" 2>&1
	rm -f "$D/old/mysql/mysql_upgrade_info"
	refused "it does not say of which MariaDB it is" 'no mysql_upgrade_info in it says'
	start_old
	mariadb-upgrade --no-defaults -S "$D/old/run/mysqld.sock" -u root >"$D/upgrade.log" 2>&1 || fail "mariadb-upgrade"
	sql old "CREATE DATABASE shop; CREATE TABLE shop.goods (id INT PRIMARY KEY, name VARCHAR(30)); INSERT INTO shop.goods VALUES (1, 'tea'), (2, 'salt');
		CREATE USER clerk IDENTIFIED BY 'x'; GRANT ALL ON shop.* TO clerk; FLUSH BINARY LOGS; SET GLOBAL gtid_slave_pos='4-4-4'"
	matches "one runs on it" "$(adopt)" 'mysql: process [0-9]+ works on it'
	stop_old
}

adopt() { ADOPT=1 helper init "$D/c/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/c/state/token" "$D/old/mysql"; }
refused() { # WHAT PATTERN
	matches "$1" "$(adopt)" "$2"
	equal "$1: nothing is left" "$(ls "$D/c" | tr '\n' ' ')" "holdfast.conf mariadb.cnf mysql.lock run "
}

test_outside() {
	local m=$D/old/mysql
	mv "$m/mysql" "$D/mysql"; refused "no system tables" 'mysql/mysql: not there: that is no data directory'
	ln -s "$D/mysql" "$m/mysql"; refused "a link" 'mysql/mysql: what it stands for lies elsewhere'
	rm "$m/mysql"; mv "$D/mysql" "$m/mysql"
	echo "$D/elsewhere.ibd" >"$m/shop/far.isl"; refused "a table elsewhere" 'shop/far.isl: what it stands for lies elsewhere'
	rm "$m/shop/far.isl"
	touch "$m/relay-log.info"; refused "a replica" 'relay-log.info: it follows another server'
	mv "$m/relay-log.info" "$m/master-other.info"; refused "one of several sources" 'master-other.info: it follows another server'
	rm "$m/master-other.info"
	cp -p "$m/mysql_upgrade_info" "$D/info"
	printf '10.6.4-MariaDB' >"$m/mysql_upgrade_info"; refused "an older one" 'is of MariaDB 10.6.4-MariaDB, and here is 1[01]'
	cp -p "$D/info" "$m/mysql_upgrade_info"
}

test_inside() {
	restart_with "CREATE TABLE shop.quick (id INT) ENGINE=MyISAM"
	refused "a table without transactions" 'shop.quick, MyISAM: only tables of InnoDB can be adopted'
	restart_with "DROP TABLE shop.quick; CREATE SEQUENCE shop.numbers ENGINE=Aria"
	refused "a sequence of another engine" 'shop.numbers, Aria: only tables of InnoDB'
	restart_with "DROP SEQUENCE shop.numbers; CREATE TABLE shop.\`od'd\`\` name\` (id INT PRIMARY KEY); XA START 'x'; INSERT INTO shop.goods VALUES (9, 'never'); XA END 'x'; XA PREPARE 'x'"
	refused "a transaction prepared" 'a transaction was prepared by XA and is in doubt'
	restart_with "XA ROLLBACK 'x'; CREATE DATABASE holdfast; CREATE TABLE holdfast.mine (id INT)"
	refused "our name" 'a database holdfast in it that is no ledger'
	restart_with "DROP TABLE holdfast.mine; CREATE VIEW holdfast.ledger_head AS SELECT 1 epoch"
	refused "a view in its place" 'view holdfast.ledger_head: a ledger has none'
	restart_with "DROP DATABASE holdfast"
}

# It waits for an acknowledgement that does not come: the transaction is in its binary log, and in doubt in InnoDB.
is_waiting() { [ "$(sql old "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for semi-sync%'")" = 1 ]; }
test_in_doubt() {
	start_old --rpl-semi-sync-master-enabled=1 --rpl-semi-sync-master-timeout=600000 --rpl-semi-sync-master-wait-point=AFTER_SYNC
	timeout 60 mariadb --no-defaults -S "$D/old/run/mysqld.sock" -u root -e "INSERT INTO shop.goods VALUES (3, 'rice')" >/dev/null 2>&1 &
	PID[waits]=$!
	until_true 30 is_waiting || fail "the commit does not wait"
	stop old KILL
	stop waits
	refused "a transaction in doubt" '(prepared transaction|tc-heuristic|ended before it answered).*had its own server been shut down in order'
	grep -l binlog "$D/old/mysql/binlog.index" >/dev/null && pass "its log is still there" || fail "its log is gone"
	start_old
	equal "its own server finds it in its log" "$(sql old "SELECT name FROM shop.goods WHERE id=3")" rice
	stop_old
}

test_adopted() {
	local said
	said=$(adopt)
	matches "adopted: a token, the first epoch, no operations" "$said" '^[0-9a-f]{32} 1 0$'
	equal "the other one is as it was" "$(find "$D/old/mysql" -newer "$D/before" -type f | wc -l)" 0
	equal "it belongs to mysql" "$(find "$D/c/mysql" ! -user mysql | wc -l)" 0
	equal "no logs of the other" "$(find "$D/c/mysql" -maxdepth 1 -name 'binlog*' -o -maxdepth 1 -name '*.pid' | wc -l)" 0
	start_mariadbd c 3
	equal "no complaint in the log" "$(grep -c '\[ERROR\]' "$D/c.log")" 0
	equal "a history of its own" "$(sql c "SELECT @@gtid_binlog_state, @@gtid_current_pos, @@gtid_slave_pos" | tr -d '\t')" ""
	equal "its tables" "$(sql c "SELECT GROUP_CONCAT(name ORDER BY id) FROM shop.goods")" tea,salt,rice
	equal "a ledger with nothing in it" "$(sql c "SELECT next_seq FROM holdfast.ledger_head")" 1
	equal "accounts" "$(sql c "SELECT User, Host FROM mysql.user ORDER BY User" | tr '\t\n' '@ ')" \
		"holdfast-ledger@localhost holdfast-replication@% holdfast-verify@localhost mariadb.sys@localhost root@localhost "
	stop mariadbd-c TERM
}

# Now that of c, which has a ledger: the disk of a member that is gone.
test_ledger() {
	local said
	start_mariadbd c 3
	sql c "SET GLOBAL read_only=0; USE holdfast; BEGIN; INSERT INTO cluster_epoch (epoch, node) VALUES (7, 'c');
		UPDATE ledger_head SET epoch=7, batch_seq=1, next_seq=2, last_us=1;
		INSERT INTO journal (seq, principal, key_hash, fingerprint, batch_seq, kind, status, body, created_us) VALUES
			(1, 1, REPEAT('k', 32), REPEAT('f', 32), 1, 2, 201, '{}', 1); COMMIT" >"$D/opened" 2>&1
	mariadb-upgrade --no-defaults -S "$D/c/run/mysqld.sock" -u root --force >"$D/upgrade.log" 2>&1 || fail "mariadb-upgrade of c"
	stop mariadbd-c TERM
	rm -rf "$D/old/mysql" "$D/c/state"
	mv "$D/c/mysql" "$D/old/mysql"
	said=$(adopt); matches "a ledger goes on above its epoch" "$said" '^[0-9a-f]{32} 8 1$'
	rm -rf "$D/c/mysql" "$D/c/state"
	start_mariadbd_on_old "UPDATE holdfast.ledger_head SET next_seq=5"
	refused "one that does not add up" 'does not add up: .*--accept-findings takes it'
	said=$(ACCEPT_FINDINGS=1 adopt); matches "unless it is accepted" "$said" '^[0-9a-f]{32} 8 '
}
start_mariadbd_on_old() { # STATEMENT
	start_old --skip-log-bin
	equal "executed: ${1%% *} ..." "$(sql old "$1")" ""
	stop_old
}

printf '%064d\n' 7 >"$D/key"
make_certificates
make_node c 3
touch "$D/c/mysql.lock"
make_old
test_outside
test_inside
test_in_doubt
restart_with "DROP USER root@localhost" # an adopted one has it again
touch "$D/before"
test_adopted
test_ledger
exit $FAILED
