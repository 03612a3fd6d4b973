/*
 * What becomes of logins, of users and of their sessions, given what is known about them. Pure: gateway/userop.h looks things up and
 * writes things down.
 */
#ifndef HOLDFAST_GATEWAY_SESSION_H
#define HOLDFAST_GATEWAY_SESSION_H

#include "gateway/ledger.h"
#include "gateway/lockout.h"
#include "gateway/user.h"

/* Known before it is decided. */
struct user_facts {
	bool found; /* the user of this login, or of this session */
	struct user user;
	struct lockout by_login, by_address;
	bool has_session; /* OP_SESSION_CREATE: the one that this token names already; else: that of who asks */
	struct session session;
	bool has_oldest; /* OP_SESSION_CREATE: the user has as many open sessions as there may be; the oldest of them */
	uint8_t oldest[HASH_BYTES];
};

#define LOOKS_MAX 64 /* whose facts are looked up with the same statements */

/* What is known of the users of the next OP_LOGIN_LOOKs of a list, in its order. */
struct user_looks {
	const struct op_message *message[LOOKS_MAX];
	struct user_facts facts[LOOKS_MAX];
	size_t count, taken;
};

/* To be written, in the same transaction. */
struct user_effect {
	bool put_user; /* made or changed */
	bool makes_user;
	struct user user;
	bool fails;    /* one more failure, of login and address */
	bool forgives; /* no failures of the login any more, nor those of its that count for the address */
	bool put_session;
	struct session session;
	bool ends_oldest;  /* that of the facts */
	bool ends_session; /* that of who asks */
	bool ends_others;  /* all of the user but that of who asks: put_user says so, no row of theirs */
};

/* OP_SESSION_CREATE, OP_SESSION_END. The answer's body is appended; of a new session without its token, which only the worker has. */
void session_decide(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

/* 429 when the login or the address is locked. False: refused. */
bool session_admits_login(const struct ledger_input *in, struct text *body, struct ledger_decision *ret);

#endif
