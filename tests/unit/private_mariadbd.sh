# Common to the tests that run mariadbd by themselves: sourced after tests/unit/daemons.sh. Each node is $D/NODE with the
# configuration that is shipped, a socket of its own, and port $PORT + NUMBER at 127.0.0.1NUMBER.
# shellcheck shell=bash disable=SC2034,SC2154

need_programs() { # PROGRAM...: or the test is skipped
	local program
	for program; do
		command -v "$program" >/dev/null || { echo "SKIP: $program is missing"; exit 77; }
	done
	[ "$(id -u)" = 0 ] || { echo "SKIP: not root"; exit 77; }
}

helper() { timeout 120 "$BUILD/tests/unit/seed_helper" "$@"; }
sql() { # NODE STATEMENTS
	timeout 20 mariadb --no-defaults -S "$D/$1/run/mysqld.sock" -u root -N -B -e "$2" 2>&1
}

make_node() { # NODE NUMBER
	mkdir -p "$D/$1/run"
	chown mysql "$D/$1/run"
	cat >"$D/$1/holdfast.conf" <<-CONF
		[cluster]
		vip = 127.0.0.9/8
		[node]
		name = $1
		address = 127.0.0.1$2
		interface = lo
		[replication]
		datadir = $D/$1/mysql
	CONF
	sed -e "s|@ADDRESS@|127.0.0.1$2|; s|@DATABASE_PORT@|$((PORT + $2))|; s|@DATADIR@|$D/$1/mysql|; s|@SYNC_RELAY_LOG@|1|; s|@ACKNOWLEDGES@|ON|" \
		-e "s|@PKI_DIR@|$D/pki|; s|/run/mysqld/|$D/$1/run/|; s|^innodb_buffer_pool_size.*|innodb_buffer_pool_size = 32M|" \
		"$SOURCE/etc/mariadb.cnf.in" >"$D/$1/mariadb.cnf"
}

start_mariadbd() { # NODE SERVER-ID [ROLE]
	mariadbd --defaults-file="$D/$1/mariadb.cnf" --server-id="$2" --init-rpl-role="${3:-MASTER}" --tmpdir="$D/$1/run" >>"$D/$1.log" 2>&1 &
	PID[mariadbd-$1]=$!
	until_true 30 sql_answers "$1" || { fail "mariadbd of $1 does not come up"; exit 1; }
}
sql_answers() { timeout 5 mariadb --no-defaults -S "$D/$1/run/mysqld.sock" -u root -e "SELECT 1"; }

make_certificates() {
	mkdir "$D/pki"
	(cd "$D/pki" && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem &&
		openssl req -newkey rsa:2048 -nodes -subj /CN=node -keyout mariadb.key -out node.csr &&
		openssl x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out mariadb.pem) \
		>"$D/openssl.log" 2>&1 || fail "certificates"
	chmod 644 "$D"/pki/*
}

follow() { # NODE NUMBER-OF-MASTER
	sql "$1" "CHANGE MASTER TO MASTER_HOST='127.0.0.1$2', MASTER_PORT=$((PORT + $2)), MASTER_USER='holdfast-replication',
		MASTER_PASSWORD='$(helper password "$D/key")', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, MASTER_SSL=1,
		MASTER_SSL_CA='$D/pki/ca.pem', MASTER_SSL_CERT='$D/pki/mariadb.pem', MASTER_SSL_KEY='$D/pki/mariadb.key',
		MASTER_SSL_VERIFY_SERVER_CERT=0; START SLAVE"
}

# A heartbeatd that says what it is told: `role WORD...`, see fake_heartbeatd.c.
start_heartbeatd() {
	mkfifo "$D/commands"
	"$BUILD/tests/unit/fake_heartbeatd" "$D" <"$D/commands" >"$D/fake.log" 2>&1 &
	PID[fake]=$!
	exec 7>"$D/commands"
	until_true 10 test -s "$D/role" || fail "no role page"
}
role() { echo "$@" >&7; sleep 0.2; }
