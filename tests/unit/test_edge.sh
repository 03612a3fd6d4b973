#!/bin/sh
# The edge's configuration as HAProxy and keepalived see it, and requests through a pair of edges.
set -u
exit 77
