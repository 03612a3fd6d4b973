#include "gateway/login.h"

#include "gateway/lockout.h"
#include "gateway/subject.h"
#include "heartbeat/log.h"
#include "heartbeat/rolepage.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_CHARS (3 + 2 * HASH_BYTES)
#define BODY_START "{\"object\":\"session\""

enum stage { STAGE_LOOK, STAGE_CHECK, STAGE_MAKE, STAGE_SENT };

struct login {
	enum stage stage;
	struct hasher *hasher; /* borrowed; NULL: no place there is ours */
	struct hasher_job job;
	uint8_t records[2 * sizeof(struct password_record)]; /* as OP_TEXT_RECORD is sent */
	char token[TOKEN_CHARS + 1];
};

void login_free(struct login *l)
{
	if (!l)
		return;
	if (l->hasher)
		hasher_release(l->hasher);
	sodium_memzero(l, sizeof(*l));
	free(l);
}

static void send(struct exchange *x, size_t record_bytes)
{
	struct op_message *m = &x->intake.m;

	m->text[OP_TEXT_RECORD] = (const char *)x->login->records;
	m->op.text_bytes[OP_TEXT_RECORD] = (uint32_t)record_bytes;
	x->login->stage = STAGE_SENT;
	exchange_send(x, m);
}

/* What comes first, so that a flood costs the ledger nothing. False: answered. */
static bool take_place(struct exchange *x)
{
	if (!x->login->hasher && !hasher_reserve(x->desk->hasher)) {
		exchange_refuse(x, PROBLEM_OVERLOADED, "Too many passwords are being computed.", 1);
		return false;
	}
	x->login->hasher = x->desk->hasher;
	return true;
}

static void hash(struct exchange *x, bool check, const struct secret *password)
{
	struct login *l = x->login;

	if (!take_place(x))
		return;
	l->stage = check ? STAGE_CHECK : STAGE_MAKE;
	l->job.owner = x;
	l->job.check = check;
	l->job.deadline_us = exchange_deadline_us(x);
	l->job.password = password->text;
	l->job.password_bytes = password->bytes;
	l->hasher = NULL;
	x->pending = true;
	hasher_put(x->desk->hasher, &l->job);
}

/* The salt follows from the Idempotency-Key and who sent it, which nobody else has: the same request gives the same record, and so the
 * record can stand for the password in the fingerprint. */
static void make(struct exchange *x)
{
	const struct op *op = &x->intake.m.op;
	struct login *l = x->login;
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, PASSWORD_SALT_BYTES);
	(void)crypto_generichash_update(&state, op->secret_hash, HASH_BYTES);
	(void)crypto_generichash_update(&state, op->key_hash, HASH_BYTES);
	(void)crypto_generichash_final(&state, l->job.record.salt, PASSWORD_SALT_BYTES);
	hash(x, false, &x->intake.new_password);
}

/* Who asks for the old password has no login here, and is known by the session. */
static void subjects_of(const struct exchange *x, uint8_t login[static HASH_BYTES], uint8_t address[static HASH_BYTES])
{
	const struct op_message *m = &x->intake.m;

	memcpy(login, m->op.secret_hash, HASH_BYTES);
	if (m->op.text_bytes[OP_TEXT_REFERENCE])
		lockout_subject('l', m->text[OP_TEXT_REFERENCE], m->op.text_bytes[OP_TEXT_REFERENCE], login);
	lockout_subject('a', m->op.channel, strlen(m->op.channel), address);
}

static bool is_locked(struct exchange *x)
{
	uint64_t now_us = clock_boottime_us(), left_us, address_us;
	uint8_t login[HASH_BYTES], address[HASH_BYTES];

	subjects_of(x, login, address);
	left_us = lockcache_left_us(&x->desk->locks, login, now_us);
	address_us = lockcache_left_us(&x->desk->locks, address, now_us);
	left_us = left_us > address_us ? left_us : address_us;
	if (left_us)
		exchange_refuse(x, PROBLEM_LOGIN_LOCKED, "Too many failed logins; try again later.",
		    (unsigned)((left_us + 999999) / 1000000));
	return left_us != 0;
}

static void remember_lock(struct exchange *x, const struct wire_answer *a)
{
	uint64_t now_us = clock_boottime_us(), left_us = (uint64_t)a->retry_after_s * 1000000;
	uint8_t login[HASH_BYTES], address[HASH_BYTES];

	subjects_of(x, login, address);
	if (a->scopes & LOCKOUT_LOGIN)
		lockcache_put(&x->desk->locks, login, now_us, left_us);
	if (a->scopes & LOCKOUT_ADDRESS)
		lockcache_put(&x->desk->locks, address, now_us, left_us);
}

static void look(struct exchange *x)
{
	const struct op_message *m = &x->intake.m;

	if (is_locked(x) || !take_place(x))
		return;
	x->login->stage = STAGE_LOOK;
	x->auth.op = (struct op){.kind = OP_LOGIN_LOOK, .by_session = m->op.by_session};
	memcpy(x->auth.op.secret_hash, m->op.secret_hash, HASH_BYTES);
	memcpy(x->auth.op.channel, m->op.channel, sizeof(m->op.channel));
	x->auth.text[OP_TEXT_REFERENCE] = m->text[OP_TEXT_REFERENCE];
	x->auth.op.text_bytes[OP_TEXT_REFERENCE] = m->op.text_bytes[OP_TEXT_REFERENCE];
	x->auth.text[OP_TEXT_REQUEST_ID] = m->text[OP_TEXT_REQUEST_ID];
	x->auth.op.text_bytes[OP_TEXT_REQUEST_ID] = m->op.text_bytes[OP_TEXT_REQUEST_ID];
	exchange_send(x, &x->auth);
}

bool login_begin(struct exchange *x)
{
	uint8_t kind = x->intake.m.op.kind;

	if (kind != OP_USER_CREATE && kind != OP_USER_PASSWORD && kind != OP_SESSION_CREATE)
		return false;
	x->login = calloc(1, sizeof(*x->login));
	if (!x->login)
		exchange_refuse(x, PROBLEM_OVERLOADED, "This worker has no memory left.", 1);
	else if (kind == OP_USER_CREATE)
		make(x);
	else
		look(x);
	return true;
}

bool login_take_answer(struct exchange *x, const struct wire_answer *a, const char *body)
{
	struct login *l = x->login;

	if (l && a->status == 429)
		remember_lock(x, a);
	if (!l || l->stage != STAGE_LOOK || a->status != 200)
		return false;
	if (a->body_bytes != sizeof(l->job.record)) {
		/* Whatever it is: it was never meant for a client. */
		LOG(LOG_ERR, "login.look", KV_S("why", "not a password record"), KV_U("bytes", a->body_bytes));
		exchange_refuse(x, PROBLEM_INTERNAL, "The ledger and this worker do not understand each other.", 0);
		return true;
	}
	memcpy(&l->job.record, body, sizeof(l->job.record));
	hash(x, true, &x->intake.password);
	return true;
}

/* The token of a login is a function of the password and of the Idempotency-Key, so that the same request gives the same token, and
 * neither of the two is stored anywhere. Without a key the intake has drawn one. */
static void make_token(struct exchange *x)
{
	static const char what[] = "session";
	struct login *l = x->login;
	struct op *op = &x->intake.m.op;
	unsigned char bits[HASH_BYTES];
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, l->job.key, sizeof(l->job.key), sizeof(bits));
	(void)crypto_generichash_update(&state, (const unsigned char *)what, sizeof(what));
	(void)crypto_generichash_update(&state, op->key_hash, HASH_BYTES);
	(void)crypto_generichash_final(&state, bits, sizeof(bits));
	memcpy(l->token, "st_", 4);
	(void)sodium_bin2hex(l->token + 3, sizeof(l->token) - 3, bits, sizeof(bits));
	(void)crypto_generichash(op->fingerprint, HASH_BYTES, (unsigned char *)l->token, TOKEN_CHARS, NULL, 0);
	sodium_memzero(bits, sizeof(bits));
}

static void checked(struct exchange *x)
{
	struct login *l = x->login;
	struct op *op = &x->intake.m.op;
	size_t at = op->kind == OP_USER_PASSWORD ? sizeof(l->job.record) : 0;

	op->verified = l->job.code == 1;
	memcpy(l->records + at, &l->job.record, sizeof(l->job.record));
	if (op->kind == OP_USER_PASSWORD) {
		make(x);
		return;
	}
	make_token(x);
	send(x, sizeof(l->job.record));
}

/* The password has its place in the fingerprint now, at a price that makes guessing it as slow as from the record. */
static void made(struct exchange *x)
{
	struct login *l = x->login;
	struct op *op = &x->intake.m.op;
	crypto_generichash_state state;

	memcpy(l->records, &l->job.record, sizeof(l->job.record));
	(void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	(void)crypto_generichash_update(&state, op->fingerprint, HASH_BYTES);
	(void)crypto_generichash_update(&state, l->job.record.hash, sizeof(l->job.record.hash));
	(void)crypto_generichash_final(&state, op->fingerprint, HASH_BYTES);
	send(x, op->kind == OP_USER_PASSWORD ? sizeof(l->records) : sizeof(l->job.record));
}

void login_on_hash(struct hasher_job *job)
{
	struct exchange *x = job->owner;

	x->pending = false;
	if (job->code == -EINVAL) {
		LOG(LOG_ERR, "login.record", KV_S("why", "a password record that this release cannot compute"));
		exchange_refuse(x, PROBLEM_INTERNAL, "This release cannot check the password of this login.", 0);
	} else if (job->code < 0) {
		exchange_refuse(
		    x, PROBLEM_OVERLOADED, "The password could not be computed in time; nothing was executed.", 1);
	} else if (x->login->stage == STAGE_CHECK) {
		checked(x);
	} else {
		made(x);
	}
	if (!x->pending)
		x->desk->done(x);
}

char *login_put_token(const struct exchange *x, const char *body, size_t *bytes)
{
	static const char start[] = BODY_START, member[] = ",\"token\":\"";
	size_t n = sizeof(start) - 1, old = *bytes;
	struct text t;
	char *ret;

	if (old < n || memcmp(body, start, n) != 0)
		return NULL;
	ret = malloc(old + sizeof(member) + TOKEN_CHARS + 2);
	if (!ret)
		return NULL;
	text_init(&t, ret, old + sizeof(member) + TOKEN_CHARS + 2);
	text_put(&t, start, n);
	text_puts(&t, member);
	text_puts(&t, x->login->token);
	text_puts(&t, "\"");
	text_put(&t, body + n, old - n);
	*bytes = t.used;
	return ret;
}
