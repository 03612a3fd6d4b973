# A ledgerd that hangs or dies again and again; a replicationd that is gone.
# shellcheck shell=bash disable=SC2154
# shellcheck source=tests/lab/grey.sh
. "$top/tests/lab/grey.sh"
grey_family grey-ledger \
  ledger-stopped/active/hand \
  ledger-crashes/active/hand \
  replication-broken/active/hand \
  +ledger-broken/active/hand \
  +replication-stopped/active/hand \
  +replication-stopped/standby/solo \
  +replication-killed/active/stay
