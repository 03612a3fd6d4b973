/*
 * A release to come: every block and the record have a field more, behind the ones that we know, and there is a version 3 of
 * the wire whose layout is another.
 */
#ifndef HOLDFAST_TESTS_UNIT_NEXT_RELEASE_H
#define HOLDFAST_TESTS_UNIT_NEXT_RELEASE_H

#include "heartbeat/acceptor.h"
#include "heartbeat/message.h"
#include "heartbeat/wire.h"

#define NEXT_WIRE_VERSION (WIRE_VERSION + 1)

size_t next_message_encode(const struct hb_message *m, uint8_t version, uint8_t buf[static HB_MESSAGE_BYTES_MAX]);
int next_message_decode(const uint8_t *buf, size_t size, uint8_t version, struct hb_message *ret);
size_t next_register_encode(const struct hb_register *r, uint8_t buf[static HB_REGISTER_BYTES_MAX]);
int next_register_decode(const uint8_t *buf, size_t size, bool flat, struct hb_register *ret);

void next_wire_start(struct wire *w, const uint8_t cluster_key[static WIRE_KEY_BYTES]);
struct wire_way next_wire_way_to(struct wire *w, uint8_t member);
size_t next_wire_seal(struct wire *w, struct wire_way way, const struct hb_message *m, const uint8_t nonce[static 24],
    uint8_t buf[static WIRE_DATAGRAM_BYTES_MAX]);
int next_wire_open(
    struct wire *w, unsigned path, const uint8_t *datagram, size_t size, struct wire_way *way, struct hb_message *ret);

#endif
