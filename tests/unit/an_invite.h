/* A token of a gateway and a witness, for tests. */
#ifndef HOLDFAST_TESTS_UNIT_AN_INVITE_H
#define HOLDFAST_TESTS_UNIT_AN_INVITE_H

#include "heartbeat/invite.h"

struct invite an_invite(void);

#endif
