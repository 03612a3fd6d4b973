/* One message of each type and one register with a value of its own in every field: for vectors, upgrades, fuzzing. */
#ifndef HOLDFAST_TESTS_UNIT_WIRE_SAMPLES_H
#define HOLDFAST_TESTS_UNIT_WIRE_SAMPLES_H

#include "heartbeat/acceptor.h"
#include "heartbeat/message.h"

/* Only what wire version 1 and state file version 1 could say, so that their vectors can be made from it. */
void sample_message(uint8_t type, struct hb_message *ret);
void sample_register(struct hb_register *ret);

/* Fills in what was added since. */
void sample_grow_message(struct hb_message *m);
void sample_grow_register(struct hb_register *r);

/* Then replaces addresses by those of IPv6. */
void sample_ipv6_message(struct hb_message *m);
void sample_ipv6_register(struct hb_register *r);

/* "beat", "grant", ...; NULL: no such type. */
const char *sample_name(uint8_t type);

#endif
