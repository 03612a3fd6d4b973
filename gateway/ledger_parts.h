/* What the parts of the ledger (ledger_*.c) share; for them only. Pure. */
#ifndef HOLDFAST_GATEWAY_LEDGER_PARTS_H
#define HOLDFAST_GATEWAY_LEDGER_PARTS_H

#include "gateway/event.h"
#include "gateway/ledger.h"
#include "gateway/problem.h"

/* Decides one kind of operation. Everything it needs has been looked up, the principal may, the key is new. */
typedef void ledger_decider(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

ledger_decider ledger_account_create, ledger_account_update, ledger_account_freeze, ledger_account_unfreeze,
    ledger_account_close;
ledger_decider ledger_topup_create, ledger_transfer_create, ledger_transfer_reverse;
ledger_decider ledger_payment_create, ledger_payment_capture, ledger_payment_void, ledger_payment_expire,
    ledger_refund_create;
ledger_decider ledger_withdrawal_create, ledger_withdrawal_confirm, ledger_withdrawal_fail;
ledger_decider ledger_user_create, ledger_user_update, ledger_user_password;

/* A definitive refusal: a row of its own, so that a retry cannot succeed by accident. */
void ledger_refuse_for_good(const struct ledger_input *in, int code, const char *detail, const char *param,
    struct text *body, struct ledger_decision *ret);

/* 201 with a new id, or 200; a row of the journal, and an event unless it is EVENT_NONE. */
void ledger_create(const struct ledger_input *in, uint8_t event, struct ledger_decision *ret);
void ledger_change(const struct ledger_input *in, uint8_t event, struct ledger_decision *ret);

/* The answer of s again. */
void ledger_repeat(const struct stored *s, struct text *body, struct ledger_decision *ret);

/* One of two accounts of an operation and the name of the member that names it; NULL: not by a member. */
struct ledger_side {
	struct account *account;
	const char *param;
};

/* Closed, frozen, other currency (NULL: do not look), in the order of errors of the API. False: refused. */
bool ledger_sides_fit(const struct ledger_input *in, const struct ledger_side sides[static 2], bool frozen_counts,
    const char *currency, struct text *body, struct ledger_decision *ret);

/* limit_exceeded and insufficient_funds. False: refused. */
bool ledger_allows(const struct ledger_input *in, const struct account *debit, const struct account *credit,
    int64_t amount, struct text *body, struct ledger_decision *ret);

/* Posts; what is allowed has been checked. */
void ledger_post(const struct ledger_input *in, struct account *debit, struct account *credit, int64_t amount,
    struct ledger_decision *ret);

/* The account's row has to be written. */
void ledger_touch(const struct ledger_input *in, struct account *a, struct ledger_decision *ret);

/* Pieces of bodies: {"object":"x","id":"x_..." ; ,"member":"acc_..." ; ,"amount":1,"currency":"CNY" */
void ledger_put_id(struct text *t, const char *member, const char *prefix, const struct ulid *id);
void ledger_put_money(struct text *t, int64_t amount, const char *currency);
void ledger_put_text(struct text *t, const char *bytes, size_t count, bool has); /* or null */
void ledger_put_reference_and_metadata(struct text *t, const struct op_message *m);

#endif
