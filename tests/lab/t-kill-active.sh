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
stop_load
for round in 1 2; do
  say "round $round: gap $(gap_after "${at[round]}" "${ended[round]}") ms"
done
say "D1_active_dies_before_it_is_durable: what was not answered was repeated and is there once"
say "D3_active_dies_before_it_answers: the same, for what the standby had"
say "D4_active_dies_after_its_answer: what was answered is there"
