#include "gateway/session.h"

#include "gateway/ledger_parts.h"

#include <string.h>

bool session_admits_login(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	uint64_t login_us = lockout_left_us(&in->users->by_login, in->now_us);
	uint64_t address_us = lockout_left_us(&in->users->by_address, in->now_us);
	uint64_t left_us = login_us > address_us ? login_us : address_us;

	if (!left_us)
		return true;
	ledger_refuse(in, PROBLEM_LOGIN_LOCKED, "Too many failed logins; try again later.", NULL, body, ret);
	ret->locked = (uint8_t)((login_us ? LOCKOUT_LOGIN : 0) | (address_us ? LOCKOUT_ADDRESS : 0));
	ret->retry_after_s = (uint16_t)((left_us + 999999) / 1000000);
	return false;
}

/* Was what the worker found right checked against what is stored now? */
static bool is_proven(const struct ledger_input *in, const char *record, size_t bytes)
{
	return in->users->found && in->message->op.verified && bytes == sizeof(struct password_record) &&
	       memcmp(record, &in->users->user.password, bytes) == 0;
}

static void refuse_password(const struct ledger_input *in, const char *detail, const char *param, struct text *body,
    struct ledger_decision *ret)
{
	in->effect->fails = true;
	ledger_refuse(in, PROBLEM_UNAUTHENTICATED, detail, param, body, ret);
}

static void show(const struct session *s, struct text *body, struct ledger_decision *ret)
{
	ret->status = 201;
	session_render(body, s, NULL);
}

static void begin(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op_message *m = in->message;
	struct user_effect *e = in->effect;

	if (!session_admits_login(in, body, ret))
		return;
	if (!is_proven(in, m->text[OP_TEXT_RECORD], m->op.text_bytes[OP_TEXT_RECORD])) {
		refuse_password(in, "Login or password is wrong.", NULL, body, ret);
		return;
	}
	if (in->users->has_session) {
		const struct session *old = &in->users->session;

		/* The same Idempotency-Key gives the same token: this is that login once more. */
		ret->replayed = true;
		if (!old->ended && in->now_us < old->expires_us) {
			show(old, body, ret);
			return;
		}
		ledger_refuse(in, PROBLEM_IDEMPOTENCY_KEY_EXPIRED, "The session that this began is over.",
		    "Idempotency-Key", body, ret);
		return;
	}
	e->put_session = e->forgives = true;
	e->session = (struct session){
	    .user = in->users->user.id,
	    .principal = in->users->user.principal,
	    .created_us = in->now_us,
	    .expires_us = in->now_us + SESSION_LIFE_US,
	    .kept = !m->op.key_drawn,
	};
	e->ends_oldest = in->users->has_oldest;
	memcpy(e->session.token_hash, m->op.fingerprint, HASH_BYTES);
	show(&e->session, body, ret);
}

void session_decide(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	*ret = (struct ledger_decision){0};
	*in->effect = (struct user_effect){0};
	if (in->message->op.kind == OP_SESSION_CREATE) {
		begin(in, body, ret);
	} else if (ledger_admits(in, body, ret)) {
		in->effect->ends_session = true;
		ret->status = 204;
	}
	/* No row of the journal: the position as of which it is true. */
	ret->has_seq = true;
	ret->seq = in->next_seq - 1;
}

static void take_text(const struct op_message *m, enum op_text which, char *ret, size_t size)
{
	size_t n = m->op.text_bytes[which] < size ? m->op.text_bytes[which] : size - 1;

	if (n)
		memcpy(ret, m->text[which], n);
	ret[n] = '\0';
}

void ledger_user_create(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const struct op_message *m = in->message;
	struct user *u = &in->effect->user;

	if (in->users->found) {
		ledger_refuse_for_good(in, PROBLEM_DUPLICATE_LOGIN, "Another user has this login.", "login", body, ret);
		return;
	}
	ledger_create(in, EVENT_USER_CREATED, ret);
	*u = (struct user){
	    .id = ret->id,
	    .principal = USER_PRINCIPAL | in->next_seq,
	    .created_us = in->now_us,
	};
	take_text(m, OP_TEXT_REFERENCE, u->login, sizeof(u->login));
	take_text(m, OP_TEXT_NAME, u->display_name, sizeof(u->display_name));
	memcpy(&u->password, m->text[OP_TEXT_RECORD], sizeof(u->password));
	in->effect->put_user = in->effect->makes_user = true;
	user_render(body, u);
}

/* The answer of a change, and what it changes. */
static struct user *change(const struct ledger_input *in, uint8_t event, struct ledger_decision *ret)
{
	ledger_change(in, event, ret);
	in->effect->user = in->users->user;
	in->effect->put_user = true;
	return &in->effect->user;
}

void ledger_user_update(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	char name[sizeof(in->effect->user.display_name)];
	bool same;
	struct user *u;

	take_text(in->message, OP_TEXT_NAME, name, sizeof(name));
	same = !in->message->op.text_bytes[OP_TEXT_NAME] || strcmp(name, in->users->user.display_name) == 0;
	u = change(in, same ? EVENT_NONE : EVENT_USER_UPDATED, ret);
	if (!same)
		memcpy(u->display_name, name, sizeof(name));
	user_render(body, u);
}

/* The record text: the new one, then the old one that the worker has checked. */
void ledger_user_password(const struct ledger_input *in, struct text *body, struct ledger_decision *ret)
{
	const char *records = in->message->text[OP_TEXT_RECORD];
	struct user *u;

	if (!session_admits_login(in, body, ret))
		return;
	if (!is_proven(in, records + sizeof(struct password_record), sizeof(struct password_record))) {
		refuse_password(in, "The old password is wrong.", "old", body, ret);
		return;
	}
	u = change(in, EVENT_NONE, ret);
	memcpy(&u->password, records, sizeof(u->password));
	u->sessions_from_us = in->now_us;
	memcpy(u->session_kept, in->message->op.secret_hash, sizeof(u->session_kept));
	in->effect->ends_others = in->effect->forgives = true;
	user_render(body, u);
}
