/*
 * The worker's part of whatever has to do with a password: asks the ledger for the record, computes (gateway/hasher.h) and completes
 * the operation with what came out. The password never leaves the worker.
 */
#ifndef HOLDFAST_GATEWAY_LOGIN_H
#define HOLDFAST_GATEWAY_LOGIN_H

#include <stdbool.h>

#include "gateway/exchange.h"
#include "gateway/hasher.h"

/* Of one exchange. */
struct login;

void login_free(struct login *l);

/* The request is valid. False: it has nothing to do with passwords, the caller goes on; else it is under way, or answered. */
bool login_begin(struct exchange *x);

/* The ledger's answer to what login_begin asked. False: it was not ours. */
bool login_take_answer(struct exchange *x, const struct wire_answer *a, const char *body);

/* For hasher_new. */
void login_on_hash(struct hasher_job *job);

/* Puts the token into the answer to a login. NULL: no memory; else to be freed, *bytes its length. */
char *login_put_token(const struct exchange *x, const char *body, size_t *bytes);

#endif
