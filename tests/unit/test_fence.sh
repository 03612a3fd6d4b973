#!/bin/bash
# Rows of the ledger whose transaction is gone are refused by a real MariaDB, and not committed one statement at a time (R12; doc/mariadb.md,
# T21). Needs root and mariadb-server; without them it is skipped.
# shellcheck disable=SC2034,SC2154 # PORT is private_mariadbd.sh's
set -u
# shellcheck source=tests/unit/own_network.sh
. "${srcdir:-.}/tests/unit/own_network.sh"
PORT=$(free_port 18476 2)

# shellcheck source=tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
# shellcheck source=tests/unit/private_mariadbd.sh
. "${srcdir:-.}/tests/unit/private_mariadbd.sh"
need_programs mariadbd mariadb-install-db mariadb openssl
chmod 755 "$D"

batch() { timeout 60 "$BUILD/tests/unit/fence_helper" "$D/a/run/mysqld.sock" "$1" 2>>"$D/batch.log" | tr '\n' ' '; } # gone|old|whole
rows() { sql a "SELECT (SELECT COUNT(*) FROM holdfast.journal), (SELECT COUNT(*) FROM holdfast.account), batch_seq, next_seq FROM holdfast.ledger_head" | tr '\t' ' '; }

printf '%064d\n' 7 >"$D/key"
make_certificates
make_node a 1
helper init "$D/a/holdfast.conf" "$D/key" "$SOURCE/etc/schema" "$D/a/state/token" >"$D/init.log" || { cat "$D/init.log"; exit 1; }
start_mariadbd a 1
sql a "SET GLOBAL read_only=0"
BEFORE=$(rows)
equal "rows without their transaction are refused" "$(batch gone)" "sent EBADMSG "
equal "nothing of them is there" "$(rows)" "$BEFORE"
equal "rows behind a fence of another epoch are not committed" "$(batch old)" "sent ESTALE "
equal "nothing of them is there, either" "$(rows)" "$BEFORE"
equal "the same rows in their transaction are taken" "$(batch whole)" "sent 0 committed "
equal "and are there" "$(rows)" "1 1 $(($(cut -d ' ' -f 3 <<<"$BEFORE") + 1)) $(($(cut -d ' ' -f 4 <<<"$BEFORE") + 1))"
exit "$FAILED"
