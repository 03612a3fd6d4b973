# The active loses its power, in both directions: the other takes over, nothing is lost, the dead one comes back.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
at=() ended=()
start_load kill-active
for round in 1 2; do
  was=$(active w)
  heir=$(other "$was")
  ways=$(ways_back "$was")
  at[round]=$(mono_us)
  takes_over "$heir" "$was"
  ended[round]=$(mono_us)
  came_back "$was" "$ways"
  say "round $round: $was died, $heir took over"
done
# mariadbd was told to end in order, closed its binary log, and died before InnoDB was done: with a transaction that waited, and a log that tells of no
# crash. The standby is frozen for that moment, so that one waits for certain.
was=$(active w)
heir=$(other "$was")
ways=$(ways_back "$was")
before=$(told "$was" holdfast-replicationd event=binlog.recover)
prepared=$(told "$was" mariadb 'Found 1 prepared transaction')
payments_flow
"$lab" freeze "$heir"
power_off "$was"
"$lab" thaw "$heir"
last=$(mysql_of "$was")/$(tail -n 1 "$(mysql_of "$was")/binlog.index")
[ "$(od -An -tu1 -j21 -N1 "$last" | tr -d ' ')" = 1 ] || fail "$last does not say that it was in use"
printf '\0' | dd of="$last" bs=1 seek=21 conv=notrunc status=none
wait_until 60 "$heir active" is_active "$heir" "$heir"
payments_flow
power_on "$was"
wait_sync
came_back "$was" "$ways"
told_more "$was" holdfast-replicationd event=binlog.recover "$before" || fail "nothing was marked, so nothing was shown"
told_more "$was" mariadb 'Found 1 prepared transaction' "$prepared" || fail "no transaction waited, so nothing was shown"
say "$was came back with a log that was closed in order, and a transaction that was not"
stop_load
for round in 1 2; do
  say "round $round: gap $(gap_after "${at[round]}" "${ended[round]}") ms"
done
say "D1_active_dies_before_it_is_durable: what was not answered was repeated and is there once"
say "D3_active_dies_before_it_answers: the same, for what the standby had"
say "D4_active_dies_after_its_answer: what was answered is there"
