# The active loses its power while clients without any timeout wait: plain curl in the middle of a request, and
# connections that are open and say nothing. Each must see a reset, which only the new holder of the address can bring about.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
was=$(active w)
heir=$(other "$was")
waiting=()
trap 'kill "${waiting[@]}" 2>/dev/null' EXIT
rm -f "$work"/tickle.*
mkfifo "$work/tickle.silence" && exec 9<>"$work/tickle.silence"

# A body that does not come. -T . reads without blocking, so curl listens meanwhile.
for i in 1 2 3 4 5; do
  "$lab" client -- curl -sS --cacert "$ca" -H "Authorization: Bearer $key" -H "Idempotency-Key: tickle-$$-$i" \
    -H 'Content-Type: application/json' -X POST -T . "$url/v1/accounts" <"$work/tickle.silence" \
    >"$work/tickle.curl$i" 2>&1 &
  waiting+=($!)
done
for i in 1 2 3 4 5; do
  "$lab" client -- openssl s_client -quiet -CAfile "$ca" -connect "$vip:443" <"$work/tickle.silence" \
    >"$work/tickle.open$i" 2>&1 &
  waiting+=($!)
done
heir_knows() {
  "$lab" exec "$heir" -- systemctl show -P StatusText holdfast-tickled | grep -Eq "^([1-9][0-9]+) connections to the other"
}
wait_until 30 "$heir to know ten connections" heir_knows
for pid in "${waiting[@]}"; do kill -0 "$pid" 2>/dev/null || fail "a client has ended before the loss of power"; done

at=$(mono_us)
power_off "$was"
has_ended() { ! kill -0 "$1" 2>/dev/null; }
for pid in "${waiting[@]}"; do wait_until 60 "every client to hear of it" has_ended "$pid"; done
say "clients without a timeout: all heard of it after $((($(mono_us) - at) / 1000)) ms"
for i in 1 2 3 4 5; do
  grep -q 'reset by peer' "$work/tickle.curl$i" || fail "curl $i: $(cat "$work/tickle.curl$i")"
  grep -Eq 'reset by peer|errno=104' "$work/tickle.open$i" || fail "open connection $i: $(cat "$work/tickle.open$i")"
done
exec 9>&-
wait_until 30 "$heir active" is_active "$heir" "$heir"
power_on "$was"
wait_sync
