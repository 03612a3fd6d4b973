# A machine that stands still, for a moment and for long: the other takes over, and what wakes up answers nothing as the old one.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
holds() { "$lab" exec "$1" -- ip -4 -o addr show | grep -q " $vip/"; }
lacks() { ! holds "$1"; }

# A command of this host in the network of w; believe NODE: that it has the virtual IP; believe: whoever says so.
at_witness() { nsenter -n -t "$(cut -d' ' -f1 "${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}/nodes/w/leader")" -- "$@"; }
believe() {
  if [ -n "${1:-}" ]; then
    at_witness ip neigh replace "$vip" lladdr "$("$lab" exec "$1" -- cat /sys/class/net/eth0/address)" dev eth0 nud permanent
  else
    at_witness ip neigh del "$vip" dev eth0
  fi
}

# make KEY: something that is known from now on, by way of the virtual IP.
make() {
  "$lab" client -- curl -sk --retry 5 --retry-all-errors -m 20 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $key" \
    -H 'Content-Type: application/json' -H "Idempotency-Key: $1" "$url/v1/accounts" -d '{"kind":"wallet","currency":"CNY"}'
}

# probe NODE KEY FILE: asks the node by the virtual IP that it had when it froze, many at once, as a client would that does
# not know yet who has it now: the witness's network believes so. A line for each answer, ending with its code. The requests lie in the frozen
# kernel, and are read on the thaw.
probe() {
  local i
  : >"$3"
  for i in 1 2 3 4 5 6 7 8; do
    at_witness curl -sk -m 10 -w ' %{http_code}\n' -H "Authorization: Bearer $key" \
      "$url/v1/idempotency_keys/$2" >>"$3" &
    probes+=($!)
  done
}
took_over() { is_active w "$heir" && [ "$(status w .mode)" != STALLED ]; }

LOAD_CLIENTS=8
start_load freeze
for seconds in 0.1 1 8; do
  wait_sync
  was=$(active w)
  heir=$(other "$was")
  epoch=$(status w .epoch)
  probes=()
  known=frozen-$seconds-$$
  [ "$seconds" = 8 ] || [ "$(make "$known")" = 201 ] || fail "cannot make an account"
  believe "$was"
  "$lab" freeze "$was"
  [ "$seconds" = 8 ] && {
    wait_until 30 "$heir serves" took_over
    payments_flow
    # The old one has never heard of it: by itself it would say that it is absent.
    [ "$(make "$known")" = 201 ] || fail "cannot make an account"
  }
  probe "$was" "$known" "$work/freeze.probe"
  sleep "$seconds"
  "$lab" thaw "$was"
  wait "${probes[@]}"
  believe
  ! grep -q absent "$work/freeze.probe" || fail "$was woke up and answered as the active that it was: $(cat "$work/freeze.probe")"
  wait_until 30 "one active that serves" eval '[ "$(status w .mode)" != STALLED ]'
  now=$(active w)
  wait_until 30 "the address at $now alone" eval 'holds "$now" && lacks "$(other "$now")"'
  payments_flow
  say "frozen for $seconds s: active $now, epoch $epoch then $(status w .epoch); asked directly: $(awk '{ print $NF }' "$work/freeze.probe" | sort | uniq -c | tr -s ' \n' ' ')"
done
wait_sync

# Both together: nobody failed. Whether the role moved is not asked here (the machines do not wake up at one moment): the
# simulator asks that. It must go on, and nothing be lost.
"$lab" freeze a
"$lab" freeze b
sleep 1
"$lab" thaw a
"$lab" thaw b
wait_sync
payments_flow
stop_load
say "D11_what_was_frozen_answers_nothing: and wakes up as a standby"
