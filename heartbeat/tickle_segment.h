/*
 * The tickle: an IP packet with a TCP segment from our port of the virtual IP to the client, sequence and
 * acknowledgement 0, as Samba's CTDB sends it (ctdb/common/system_socket.c). It lies outside of the client's window, so
 * the client must answer with an acknowledgement (RFC 9293, 3.10.7.4); our kernel, which has no such connection,
 * answers that with a reset which the client believes. Pure.
 */
#ifndef HOLDFAST_HEARTBEAT_TICKLE_SEGMENT_H
#define HOLDFAST_HEARTBEAT_TICKLE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/tickle_list.h"

#define TICKLE_SEGMENT_BYTES_MAX 73

/*
 * Writes the tickle for the connection `key` of the address vip, of which family the client is, too. Returns its length.
 *
 * probe: not a bare acknowledgement but one byte, as a keep-alive probe may have it, and time stamps. Linux answers
 * bare ones only twice a second for each connection (net.ipv4.tcp_invalid_ratelimit), which would make the second
 * attempt useless; and segments without time stamps may be dropped where those were agreed upon (RFC 7323, 3.2).
 */
size_t tickle_segment(
    const struct ip *vip, const struct tickle_key *key, bool probe, uint8_t buf[static TICKLE_SEGMENT_BYTES_MAX]);

#endif
