/* The codec of a release to come: every block and the record have a field more, behind the ones that we know. */
#ifndef HOLDFAST_TESTS_UNIT_NEXT_RELEASE_H
#define HOLDFAST_TESTS_UNIT_NEXT_RELEASE_H

#include "heartbeat/acceptor.h"
#include "heartbeat/message.h"

size_t next_message_encode(const struct hb_message *m, uint8_t version, uint8_t buf[static HB_MESSAGE_BYTES_MAX]);
int next_message_decode(const uint8_t *buf, size_t size, uint8_t version, struct hb_message *ret);
size_t next_register_encode(const struct hb_register *r, uint8_t buf[static HB_REGISTER_BYTES_MAX]);
int next_register_decode(const uint8_t *buf, size_t size, bool flat, struct hb_register *ret);

#endif
