# The replication link is dead while heartbeats live: the active goes on alone.
# shellcheck shell=bash disable=SC2154
# shellcheck source=tests/lab/grey.sh
. "$top/tests/lab/grey.sh"
grey_family grey-link \
  link-drop-in/active/solo \
  +link-drop-out/active/solo \
  +link-drop-both/active/solo \
  +link-reject-both/active/solo
