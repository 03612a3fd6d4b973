#!/bin/bash
# The description of the API as it is shipped: OpenAPI 3.1 by its structure, and a check that sees when it is not.
set -u
srcdir=${srcdir:-$(dirname "$0")/../..}
python3 -c 'import jsonschema' 2>/dev/null || { echo "SKIP: python3-jsonschema is missing"; exit 77; }
command -v jq >/dev/null || { echo "SKIP: jq is missing"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
check() { python3 "$srcdir/tests/unit/check_openapi.py" "$1" >"$work/findings"; }

check doc/openapi.json || { cat "$work/findings"; failed=1; }
./gateway/openapi_print | cmp - doc/openapi.json || failed=1

# Each makes it something else; every one has to be found.
while read -r change; do
	jq "$change" doc/openapi.json >"$work/broken.json" || { echo "FAIL jq cannot do: $change"; failed=1; }
	cmp -s doc/openapi.json "$work/broken.json" && { echo "FAIL changes nothing: $change"; failed=1; }
	check "$work/broken.json" && { echo "FAIL not found: $change"; failed=1; }
done <<-'CHANGES'
	.openapi = "3.0.3"
	del(.info.title)
	.paths["v1/x"] = {}
	.paths["/v1/accounts"].fetch = {}
	del(.paths["/v1/accounts/{id}"].get.parameters)
	.paths["/v1/accounts"].get.operationId = "createAccount"
	.paths["/v1/accounts"].get.responses = {}
	.paths["/v1/accounts"].get.responses["200"] = {}
	.paths["/v1/accounts"].get.security = [{"other": []}]
	.paths["/v1/accounts/{key}"] = {}
	.paths["/v1/accounts/{id}"].get.parameters[1].required = false
	.components.schemas.Amount.type = "number of things"
	.components.schemas.Amount.minimum = "1"
	del(.components.schemas.Amount)
	.components.schemas.Nobodys = {}
	.components.headers.Allow.colour = "red"
	.components.securitySchemes.session = {"type": "http"}
	.components.parameters.IdempotencyKey.in = "body"
CHANGES
[ "$failed" = 0 ] && echo "all good"
exit "$failed"
