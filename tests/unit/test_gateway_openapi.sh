#!/bin/bash
# Does the gateway do what it describes, and describe what it does? Needs root, mariadb-server and python3-jsonschema; without them it is
# skipped.
# shellcheck disable=SC2154 # PID is an array of tests/unit/daemons.sh
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"
python3 -c 'import jsonschema' 2>/dev/null || { echo "SKIP: python3-jsonschema is missing"; exit 77; }

test_served_is_shipped() {
	local SECRET=
	api GET /v1/openapi.json; expect "the description" 200
	equal "what is served is what is shipped" "$(jq -cS . "$D/body" | sha256sum)" "$(jq -cS . "$BUILD/doc/openapi.json" | sha256sum)"
	python3 "$SOURCE/tests/unit/check_openapi.py" "$D/body" && pass "it is OpenAPI 3.1" || fail "it is not OpenAPI 3.1"
}

set_up
test_served_is_shipped
timeout 500 python3 "$SOURCE/tests/unit/openapi_requests.py" "$PORT" "$SECRET" && pass "it does what it describes" || fail "it does not do what it describes"
described
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
