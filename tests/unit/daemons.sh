# Common to the tests that run daemons on one host: sourced. Everything of theirs lives in the directory $D and ends with the script.
# shellcheck shell=bash disable=SC2034
BUILD=${BUILD:-$PWD}
SOURCE=${srcdir:-.}
D=$(mktemp -d /tmp/holdfast-test.XXXXXX) || exit 1
declare -A PID=() # of what is running, by name
FAILED=0

stop() { # NAME [SIGNAL]
	[ -n "${PID[$1]:-}" ] || return 0
	kill "-${2:-TERM}" "${PID[$1]}" 2>/dev/null
	wait "${PID[$1]}" 2>/dev/null
	unset "PID[$1]"
}

finish() {
	local name
	trap '' TERM INT # timeout(1) sends it twice
	for name in "${!PID[@]}"; do stop "$name" KILL; done
	[ "$FAILED" = 0 ] || tail -n 20 "$D"/*.log
	rm -rf "$D"
}
trap finish EXIT

fail() { echo "not ok: $*"; FAILED=1; }
pass() { echo "ok: $*"; }
equal() { # WHAT GOT WANTED
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1: got '$2', want '$3'"; fi
}
matches() { # WHAT GOT PATTERN
	if [[ $2 =~ $3 ]]; then pass "$1"; else fail "$1: got '$2', want '$3'"; fi
}

until_true() { # SECONDS COMMAND...
	local end=$((SECONDS + $1)); shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
