#include "gateway/userop.h"

#include "gateway/problem.h"
#include "gateway/query.h"
#include "gateway/row_user.h"
#include "gateway/subject.h"

#include <errno.h>
#include <string.h>

struct subjects {
	uint8_t login[HASH_BYTES], address[HASH_BYTES];
};

/* The login that was tried: by its name, or that of the user who is asked for the old password. */
static void subjects_of(const struct ledger_input *in, struct subjects *ret)
{
	const struct op_message *m = in->message;

	if (m->op.text_bytes[OP_TEXT_REFERENCE])
		lockout_subject('l', m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], ret->login);
	else
		lockout_subject('l', in->users->user.login, strlen(in->users->user.login), ret->login);
	lockout_subject('a', m->op.channel, strlen(m->op.channel), ret->address);
}

static bool has_lockout(uint8_t kind)
{
	return kind == OP_LOGIN_LOOK || kind == OP_SESSION_CREATE || kind == OP_USER_PASSWORD;
}

int userop_load(struct batch_tools *t, const struct ledger_input *in, struct user_facts *ret, struct errbuf *e)
{
	const struct op_message *m = in->message;
	const char *login = m->op.text_bytes[OP_TEXT_REFERENCE] ? m->text[OP_TEXT_REFERENCE] : NULL;
	const struct session *s;
	const char *odd;
	struct ledger_input known = *in;
	struct subjects by;
	int code = 0;

	*ret = (struct user_facts){0};
	if (login)
		code = row_load_user(t->store, login, m->op.text_bytes[OP_TEXT_REFERENCE], NULL, &t->sql, ret, e);
	else if (m->op.kind == OP_ACCOUNT_CREATE)
		code = row_load_user(t->store, NULL, 0, &m->op.from, &t->sql, ret, e); /* the owner */
	else if (in->who && in->who->is_user)
		code = row_load_user(t->store, NULL, 0, &in->who->user, &t->sql, ret, e);
	if (code || !has_lockout(m->op.kind))
		return code;
	known.users = ret;
	subjects_of(&known, &by);
	code = row_load_lockout(t->store, by.login, &t->sql, &ret->by_login, e);
	if (!code)
		code = row_load_lockout(t->store, by.address, &t->sql, &ret->by_address, e);
	if (code || m->op.kind != OP_SESSION_CREATE)
		return code;
	code = row_load_sessions(t->store, t->image, (const uint8_t *[]){m->op.fingerprint}, 1, &t->sql, e);
	s = image_session(t->image, m->op.fingerprint);
	odd = oddrow_why(*image_odd(t->image), m->op.fingerprint, HASH_BYTES);
	if (!code && odd)
		return err_set(e, -EBADMSG, "%s", odd);
	if (!code && s) {
		ret->has_session = true;
		ret->session = *s;
	}
	if (!code && !s && ret->found && m->op.verified)
		code = row_load_oldest_session(t->store, &ret->user, in->now_us, &t->sql, ret, e);
	return code;
}

static bool is_look(const struct op_message *m)
{
	return m->op.kind == OP_LOGIN_LOOK && !m->op.by_session && m->op.text_bytes[OP_TEXT_REFERENCE] &&
	       m->op.text_bytes[OP_TEXT_REFERENCE] <= LOGIN_CHARS_MAX;
}

int userop_look_ahead(struct batch_tools *t, const struct request *r, struct errbuf *e)
{
	struct user_looks *l = &t->looks;
	struct login_look looks[LOOKS_MAX];
	char keys[LOOKS_MAX][LOGIN_CHARS_MAX];
	int code;

	if (!is_look(&r->message) || (l->taken < l->count && l->message[l->taken] == &r->message))
		return 0;
	l->count = l->taken = 0;
	for (; r && l->count < LOOKS_MAX; r = r->next) {
		const struct op_message *m = &r->message;
		struct login_look *look = &looks[l->count];
		struct subjects by;

		if (!is_look(m))
			continue;
		l->facts[l->count] = (struct user_facts){0};
		*look = (struct login_look){.login_key = keys[l->count],
		    .login_bytes = m->op.text_bytes[OP_TEXT_REFERENCE],
		    .facts = &l->facts[l->count]};
		memcpy(keys[l->count], m->text[OP_TEXT_REFERENCE], look->login_bytes);
		user_fold_login(keys[l->count], look->login_bytes);
		subjects_of(&(struct ledger_input){.message = m}, &by);
		memcpy(look->by_login, by.login, HASH_BYTES);
		memcpy(look->by_address, by.address, HASH_BYTES);
		l->message[l->count++] = m;
	}
	code = row_load_users(t->store, looks, l->count, &t->sql, e);
	if (!code)
		code = row_load_lockouts(t->store, looks, l->count, &t->sql, e);
	if (code)
		l->count = 0;
	return code;
}

/* False: nobody looked ahead for this one. */
static bool take_look(struct batch_tools *t, const struct op_message *m, struct user_facts *ret)
{
	struct user_looks *l = &t->looks;

	if (l->taken >= l->count || l->message[l->taken] != m)
		return false;
	*ret = l->facts[l->taken++];
	return true;
}

static void put_failure(struct batch_tools *t, const struct ledger_input *in, const struct subjects *by)
{
	struct lockout login = in->users->by_login, address = in->users->by_address;

	lockout_add(&login, in->now_us);
	lockout_add(&address, in->now_us);
	row_put_lockout(&t->admin, by->login, &login);
	row_put_lockout(&t->admin, by->address, &address);
	row_sweep_users(&t->admin, in->now_us);
}

static void forgive(struct batch_tools *t, const struct ledger_input *in, const struct subjects *by)
{
	struct lockout address = in->users->by_address;

	row_forgive(&t->admin, by->login);
	if (lockout_forgive(&address, &in->users->by_login))
		row_put_lockout(&t->admin, by->address, &address);
	else
		row_forgive(&t->admin, by->address);
}

int userop_take_effect(struct batch_tools *t, const struct ledger_input *in)
{
	const struct user_effect *e = in->effect;
	const uint8_t *own = in->message->op.secret_hash;
	struct subjects by;

	subjects_of(in, &by);
	if (e->makes_user)
		row_insert_user(&t->admin, &e->user);
	else if (e->put_user)
		row_update_user(&t->admin, &e->user);
	if (e->fails)
		put_failure(t, in, &by);
	if (e->forgives)
		forgive(t, in, &by);
	if (e->put_session) {
		row_put_session(&t->admin, &e->session);
		row_sweep_users(&t->admin, in->now_us);
		if (!image_add_session(t->image, &e->session))
			return -ENOMEM;
	}
	if (e->ends_oldest) {
		row_end_session(&t->admin, in->users->oldest);
		image_end_session(t->image, in->users->oldest);
	}
	if (e->ends_session) {
		row_end_session(&t->admin, own);
		image_end_session(t->image, own);
	}
	if (e->ends_others)
		image_end_other_sessions(t->image, &e->user.id, own);
	return 0;
}

/* What a worker has to compute with, never a client: the record, or why not. */
static void look(struct batch_tools *t, struct ledger_input *in, struct ledger_decision *d)
{
	const struct op_message *m = in->message;
	struct password_record record = in->users->user.password;

	if (!session_admits_login(in, &t->body, d))
		return;
	if (!in->users->found)
		password_dummy(m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], &record);
	d->status = 200;
	text_put(&t->body, (const char *)&record, sizeof(record));
}

int userop_read(struct batch_tools *t, struct ledger_input *in, struct ledger_decision *d, struct errbuf *e)
{
	struct user_facts *facts = &t->users;
	const struct session *s;
	int code;

	in->users = facts;
	code = take_look(t, in->message, facts) ? 0 : userop_load(t, in, facts, e);
	if (code)
		return code;
	d->status = 200;
	if (in->message->op.kind == OP_LOGIN_LOOK) {
		look(t, in, d);
	} else if (in->message->op.kind == OP_USER_GET && facts->found) {
		user_render(&t->body, &facts->user);
	} else if ((s = image_session(t->image, in->message->op.secret_hash))) {
		session_render(&t->body, s, NULL);
	} else {
		ledger_refuse(in, PROBLEM_UNAUTHENTICATED, "The session is not known.", NULL, &t->body, d);
	}
	return 0;
}

int userop_write(struct batch_tools *t, struct request *r, const struct head *next, bool *row, struct errbuf *e)
{
	struct user_facts facts;
	struct user_effect effect;
	struct ledger_input in = {
	    .message = &r->message,
	    .who = image_who(t->image, &r->message.op),
	    .next_seq = next->next_seq,
	    .now_us = next->last_us,
	    .users = &facts,
	    .effect = &effect,
	};
	struct ledger_decision d;
	int code;

	if (*row) {
		request_settle(r, WIRE_NOT_EXECUTED);
		return 0;
	}
	code = userop_load(t, &in, &facts, e);
	if (code)
		return code;
	text_clear(&t->body);
	session_decide(&in, &t->body, &d);
	*row = effect.fails || effect.put_session || effect.ends_session;
	code = *row ? userop_take_effect(t, &in) : 0;
	if (!code)
		code = query_fill(t, r, &d);
	return code ? err_set(e, code, "out of memory") : 0;
}
