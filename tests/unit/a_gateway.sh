# Common to the tests of the gateway on one host: a private mariadbd, ledgerd, workerd and a heartbeatd that is played. Sourced.
# set_up starts them, with the lines of $CONF_MORE in [gateway]; everything lives in a directory of its own and is gone afterwards.
# shellcheck shell=bash disable=SC2154,SC2034 # PID is an array of tests/unit/daemons.sh
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
PORT=$(free_port 18101 1)

command -v mariadbd mariadb-install-db mariadb curl >/dev/null || { echo "SKIP: mariadb-server or curl is missing"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "SKIP: not root"; exit 77; }

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"

sql() { mariadb --no-defaults -S "$D/my.sock" -u root -N -B holdfast -e "$1"; }
role() { echo "$@" >&7; }
reports() { grep -q -- "$1" "$D/report"; }

start_mariadbd() {
	mariadbd --no-defaults --user=root --datadir="$D/data" --tmpdir="$D" --socket="$D/my.sock" --skip-networking --server-id=1 \
		--log-bin="$D/data/bin" --binlog-format=ROW --gtid-strict-mode=ON --innodb-buffer-pool-size=32M --innodb-rollback-on-timeout=ON \
		--rpl-semi-sync-master-enabled=ON --rpl-semi-sync-master-wait-no-slave=OFF --sql-mode=STRICT_ALL_TABLES --pid-file="$D/my.pid" >>"$D/mariadbd.log" 2>&1 &
	PID[mariadbd]=$!
	until_true 30 mariadb --no-defaults -S "$D/my.sock" -u root -e "SELECT 1"
}

start_ledgerd() {
	"$BUILD/holdfast-ledgerd" -f "$D/holdfast.conf" --run-dir "$D" --database-socket "$D/my.sock" \
		--database-user holdfast-ledger >>"$D/ledgerd.log" 2>&1 &
	PID[ledgerd]=$!
}

open_epoch() { # EPOCH VERSION MODE: what replicationd and heartbeatd do at an opening
	sql "INSERT IGNORE INTO cluster_epoch (epoch, node) VALUES ($1, 'a'); UPDATE ledger_head SET epoch=$1 WHERE id=1 AND epoch<$1"
	role role "$1" "$2" 0 "$3"
}

# api METHOD PATH [KEY] [BODY] [CURL OPTIONS...]: status in $status, body in $D/body, headers in $D/head
api() {
	local method=$1 path=$2 key=${3:-} body=${4:-}
	local -a more=()
	shift $(($# < 4 ? $# : 4))
	[ -n "$key" ] && more+=(-H "Idempotency-Key: $key")
	[ -n "$body" ] && more+=(-H 'Content-Type: application/json' --data-raw "$body")
	status=$(curl -s -m 10 -o "$D/body" -D "$D/head" -w '%{http_code}' -X "$method" -H "Authorization: Bearer $SECRET" \
		"${more[@]}" "$@" "http://127.0.0.1:$PORT$path")
}
head_value() { sed -n "s/^$1: \(.*\)\r\$/\1/ip" "$D/head"; }
member() { grep -o "\"$1\":\"\{0,1\}[^\",}]*" "$D/body" | head -n 1 | sed 's/^[^:]*:"\{0,1\}//'; } # the first of the name
expect() { # WHAT STATUS [CODE]
	equal "$1: status" "$status" "$2"
	[ $# -lt 3 ] || equal "$1: code" "$(member code)" "$3"
}

set_up() {
	mkdir -p "$D/data" "$D/ledger" "$D/worker"
	mariadb-install-db --no-defaults --force --user=root --datadir="$D/data" --tmpdir="$D" --auth-root-authentication-method=socket \
		--skip-test-db >"$D/install.log" 2>&1 || { cat "$D/install.log"; exit 1; }
	start_mariadbd || { fail "mariadbd does not start"; exit 1; }
	mariadb --no-defaults -S "$D/my.sock" -u root -e "CREATE DATABASE holdfast" || exit 1
	"$BUILD/tests/unit/seed_helper" script "$SOURCE/etc/schema" | mariadb --no-defaults -S "$D/my.sock" -u root holdfast || exit 1
	sql "ALTER USER 'holdfast-ledger'@localhost IDENTIFIED BY ''" # with the rights it has, and no user of the system of its name
	cat >"$D/holdfast.conf" <<-CONF
		[cluster]
		name = test
		vip = 127.0.0.9/8
		[node]
		name = a
		address = 127.0.0.1
		interface = lo
		[gateway]
		worker-port = $PORT
		hold-timeout-ms = 3000
		access-log = on
		${CONF_MORE:-}
	CONF
	mkfifo "$D/commands"
	"$BUILD/tests/unit/fake_heartbeatd" "$D" <"$D/commands" >"$D/fake.log" 2>&1 &
	PID[fake]=$!
	exec 7>"$D/commands"
	start_ledgerd
	"$BUILD/holdfast-workerd" -f "$D/holdfast.conf" --run-dir "$D" 1 >"$D/workerd.log" 2>&1 &
	PID[workerd]=$!
	until_true 10 reports ready=1 || fail "a ledger without a role is not ready"
	equal "no barrier without a role" "$(grep -c barrier_epoch=0 "$D/report")" 1
	open_epoch 1 1 sync
	until_true 10 reports barrier_epoch=1 || { fail "no barrier"; exit 1; }
	SECRET=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name test --scopes '*')
	equal "the secret has its form" "$(echo "$SECRET" | grep -cE '^sk_[0-9a-f]{64}$')" 1
}

# Every answer so far is one that the API's description has; python3 is there where lists are read, too.
described() {
	python3 "$SOURCE/tests/unit/openapi_seen.py" "$BUILD/doc/openapi.json" "$D/workerd.log" >"$D/seen" && pass "answers as described: $(cat "$D/seen")" ||
		fail "$(cat "$D/seen")"
	equal "no secret, key or identifier in the worker's log" "$(grep -cE '(sk|st|acc|tr|pay|top|ref|wd|usr)_[0-9A-Za-z]{8}' "$D/workerd.log")" 0
}

account() { # KIND [MORE MEMBERS]: id in $id
	api POST /v1/accounts "acc-x$RANDOM-y$RANDOM-z$RANDOM" "{\"kind\":\"$1\",\"currency\":\"CNY\"${2:-}}"
	equal "account: status" "$status" 201
	id=$(member id)
}
posted() { api GET "/v1/accounts/$1/balance"; member posted; }
transfer() { # KEY AMOUNT
	api POST /v1/transfers "$1" "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":$2,\"currency\":\"CNY\"}"
}

# hold_commits: until let_go, no COMMIT comes to its end, as for a standby that says nothing.
hold_commits() {
	mariadb --no-defaults -S "$D/my.sock" -u root holdfast -e "BACKUP STAGE START; BACKUP STAGE BLOCK_COMMIT; SELECT SLEEP(60); BACKUP STAGE END" \
		>/dev/null 2>&1 &
	HOLDER=$!
	until_true 5 eval "sql 'SHOW PROCESSLIST' | grep -q SLEEP"
}
let_go() {
	sql "KILL QUERY $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(60)%'")"
	wait "$HOLDER"
}

# run_tests NAME...: each test_NAME, and what they all must have left. Ends the shell.
run_tests() {
	local t
	for t; do
		echo "# $t"
		"test_$t"
	done
	described
	[ "$FAILED" = 0 ] && echo "all good"
	exit "$FAILED"
}
