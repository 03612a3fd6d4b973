# A HAProxy that hangs, or does not come up again, on the active; workers that all hang.
# shellcheck shell=bash disable=SC2154
# shellcheck source=tests/lab/grey.sh
. "$top/tests/lab/grey.sh"
grey_family grey-edge \
  edge-stopped/active/hand \
  edge-broken/active/hand \
  +edge-killed/active/stay \
  +workers-stopped/active/stay
