/* Users, sessions and logins around the pure decisions of gateway/session.h: what they need from the database, and what they write. */
#ifndef HOLDFAST_GATEWAY_USEROP_H
#define HOLDFAST_GATEWAY_USEROP_H

#include "gateway/batch.h"
#include "gateway/session.h"

/* Loads what in->message needs of a user, as it is now. Codes of store.h. */
int userop_load(struct batch_tools *t, const struct ledger_input *in, struct user_facts *ret, struct errbuf *e);

/* Appends the statements of an effect to t->admin, and makes the image agree. 0 or -ENOMEM. */
int userop_take_effect(struct batch_tools *t, const struct ledger_input *in);

/* Before r of a list is answered: when it looks at a login, and it is not known yet what the next LOOKS_MAX such ones of the list need, loads
 * that, with two statements however many they are. A login that is tried costs the others in the batch that much less. Codes of store.h. */
int userop_look_ahead(struct batch_tools *t, const struct request *r, struct errbuf *e);

/* Answers OP_LOGIN_LOOK, OP_USER_GET and OP_SESSION_GET into t->body. Codes of store.h. */
int userop_read(struct batch_tools *t, struct ledger_input *in, struct ledger_decision *d, struct errbuf *e);

/* Decides OP_SESSION_CREATE and OP_SESSION_END and fills in the answer. *row: there is something to be written, now or before; one
 * operation on users a transaction, the next one asks again. 0 or a code of store.h. */
int userop_write(struct batch_tools *t, struct request *r, const struct head *next, bool *row, struct errbuf *e);

#endif
