# Common to the recipes of test_mariadb.sh: sourced after tests/unit/private_mariadbd.sh. Clients that wait for an answer, what
# they and a server say, and one line a recipe.
# shellcheck shell=bash disable=SC2034,SC2154

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
	soon "the client $1 ends" ended "$1" 2>/dev/null
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
waits_long() { [ "$(in_state "$1" "$WAITS AND TIME_MS>1500")" = 1 ]; } # by the server's own clock
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

sums() { sql "$1" "CHECKSUM TABLE holdfast.cluster_epoch"; }
same_data() { # NODE NODE
	[ "$(position "$1")" = "$(position "$2")" ] && [ "$(sums "$1")" = "$(sums "$2")" ]
}

# ---- servers
make_image() {
	printf '%064d\n' 7 >"$D/key"
	make_certificates
	make_node a 1
	make_node b 2
	make_node c 3
	# A temporary table of another server on this machine.
	: >"/tmp/#sql-temptable-$$-0-0.MAI"
	chown mysql "/tmp/#sql-temptable-$$-0-0.MAI"
	helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token" >"$D/init.log" || { cat "$D/init.log"; exit 1; }
	rm "/tmp/#sql-temptable-$$-0-0.MAI" || fail "init has removed a temporary table that is not its own"
	mv "$D/a/mysql" "$D/image"
}

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
