/* Logins: what is locked, what a login may be, records of passwords, and what a session may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "gateway/event.h"
#include "gateway/hasher.h"
#include "gateway/lockcache.h"
#include "gateway/opcheck.h"
#include "gateway/scope.h"
#include "gateway/session.h"
#include "gateway/subject.h"

#define MINUTE_US UINT64_C(60000000)
#define START_US (UINT64_C(1800000000) * 1000000)

static void test_five_failures_lock(void **state)
{
	struct lockout l = {{0}};
	uint64_t now_us = START_US;

	(void)state;
	for (unsigned i = 0; i < LOCKOUT_FAILURES; i++) {
		assert_int_equal(lockout_left_us(&l, now_us), 0);
		lockout_add(&l, now_us);
		now_us += MINUTE_US;
	}
	now_us -= MINUTE_US;
	assert_int_equal(lockout_left_us(&l, now_us), LOCKOUT_US);
	assert_int_equal(lockout_left_us(&l, now_us + LOCKOUT_US - 1), 1);
	assert_int_equal(lockout_left_us(&l, now_us + LOCKOUT_US), 0);
	/* The next failure is the first of its quarter of an hour: the four before it are too old by then. */
	lockout_add(&l, now_us + LOCKOUT_US);
	assert_int_equal(lockout_left_us(&l, now_us + LOCKOUT_US), 0);
}

static void test_slow_failures_do_not_lock(void **state)
{
	struct lockout l = {{0}};

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		lockout_add(&l, START_US + i * 4 * MINUTE_US);
		assert_int_equal(lockout_left_us(&l, START_US + i * 4 * MINUTE_US), 0);
	}
	/* Five within exactly 15 minutes lock, a microsecond more does not. */
	l = (struct lockout){{START_US, START_US + 1, START_US + 2, START_US + 3, START_US + LOCKOUT_US}};
	assert_int_not_equal(lockout_left_us(&l, START_US + LOCKOUT_US), 0);
	l.at_us[4]++;
	assert_int_equal(lockout_left_us(&l, START_US + LOCKOUT_US + 1), 0);
}

static void test_logins(void **state)
{
	static const char *const good[] = {"abc", "A.b_c@d+e-9", "0123456789"}, *const bad[] = {"", "ab", "a b",
										    "a/b/c", "\xc3\xa4\xc3\xa4\xc3\xa4",
										    "abc\n"};
	char longest[LOGIN_CHARS_MAX + 2], fold[] = "A.b_C@Z9";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(user_login_is_good(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(user_login_is_good(bad[i], strlen(bad[i])));
	memset(longest, 'x', sizeof(longest));
	assert_true(user_login_is_good(longest, LOGIN_CHARS_MAX));
	assert_false(user_login_is_good(longest, LOGIN_CHARS_MAX + 1));
	assert_false(user_login_is_good("ab\0c", 4));
	user_fold_login(fold, strlen(fold));
	assert_string_equal(fold, "a.b_c@z9");
}

static void test_records(void **state)
{
	static const uint8_t salt[PASSWORD_SALT_BYTES] = "fifteen bytes..",
			     other[PASSWORD_SALT_BYTES] = "something else.";
	struct password_record r, again, third;
	uint8_t key[32], key2[32];

	(void)state;
	assert_int_equal(password_make("correct horse", 13, salt, &r), 0);
	assert_int_equal(password_make("correct horse", 13, salt, &again), 0);
	assert_int_equal(password_make("correct horse", 13, other, &third), 0);
	assert_memory_equal(&r, &again, sizeof(r));
	assert_memory_not_equal(r.hash, third.hash, sizeof(r.hash));
	assert_int_equal(password_check(&r, "correct horse", 13, key), 1);
	assert_int_equal(password_check(&r, "correct horse", 13, key2), 1);
	assert_memory_equal(key, key2, sizeof(key));
	assert_memory_not_equal(key, r.hash, sizeof(key)); /* the record does not give it */
	assert_int_equal(password_check(&r, "correct horsf", 13, key), 0);
	assert_int_equal(password_check(&r, "correct horse ", 14, key), 0);
	r.memory_mib[1] = 0xff; /* 64 GiB */
	assert_true(password_check(&r, "correct horse", 13, key) < 0);
	r = again;
	r.version = 2;
	assert_true(password_check(&r, "correct horse", 13, key) < 0);
}

static void test_nobodys_record_is_always_the_same(void **state)
{
	struct password_record a, again, b;

	(void)state;
	password_dummy("anna", 4, &a);
	password_dummy("anna", 4, &again);
	password_dummy("bert", 4, &b);
	assert_memory_equal(&a, &again, sizeof(a));
	assert_memory_not_equal(a.salt, b.salt, sizeof(a.salt));
}

/* A flood from one /64 of IPv6 is one address; an IPv4 address in an IPv6 one is itself. */
static void test_subjects(void **state)
{
	static const struct {
		char what;
		const char *one, *other;
		bool same;
	} cases[] = {
	    {'l', "anna", "ANNA", true},
	    {'l', "anna", "anne", false},
	    {'a', "192.0.2.1", "192.0.2.2", false},
	    {'a', "2001:db8::1", "2001:db8:0:0:ffff::9", true},
	    {'a', "2001:db8::1", "2001:DB8::2", true},
	    {'a', "2001:db8::1", "2001:db8:0:1::1", false},
	    {'a', "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
	    {'l', "2001:db8::1", "2001:db8::2", false},
	};
	uint8_t one[HASH_BYTES], other[HASH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lockout_subject(cases[i].what, cases[i].one, strlen(cases[i].one), one);
		lockout_subject(cases[i].what, cases[i].other, strlen(cases[i].other), other);
		assert_int_equal(memcmp(one, other, sizeof(one)) == 0, cases[i].same);
	}
}

static void test_a_login_forgives_its_own(void **state)
{
	struct lockout address = {{1, 2, 3, 4, 5}};
	const struct lockout own = {{0, 0, 2, 4, 9}}, all = {{1, 2, 3, 4, 5}}, none = {{0}};

	(void)state;
	assert_true(lockout_forgive(&address, &none));
	assert_memory_equal(&address, &all, sizeof(address));
	assert_true(lockout_forgive(&address, &own));
	assert_memory_equal(&address, (&(struct lockout){{0, 0, 1, 3, 5}}), sizeof(address));
	assert_false(lockout_forgive(&address, &all));
	assert_memory_equal(&address, &none, sizeof(address));
}

static void test_a_lock_is_remembered_for_a_second(void **state)
{
	static struct lockcache c;
	uint8_t one[HASH_BYTES] = {1}, other[HASH_BYTES] = {1, 0, 1};

	(void)state;
	assert_int_equal(lockcache_left_us(&c, one, START_US), 0);
	lockcache_put(&c, one, START_US, MINUTE_US);
	assert_int_equal(lockcache_left_us(&c, one, START_US + 1), MINUTE_US - 1);
	assert_int_equal(lockcache_left_us(&c, other, START_US + 1), 0);
	assert_int_equal(lockcache_left_us(&c, one, START_US + LOCKCACHE_LIFE_US), 0);
	lockcache_put(&c, one, START_US, 5);
	assert_int_equal(lockcache_left_us(&c, one, START_US + 5), 0);
}

/* Who has no place asks the ledger nothing; a job has its own until it was handed back. */
static sd_event *loop;
static struct hasher *hasher;
static void on_hash(struct hasher_job *job)
{
	(void)job;
	assert_int_equal(hasher_count(hasher), HASHER_JOBS_MAX - 1);
	(void)sd_event_exit(loop, 0);
}

static void test_places(void **state)
{
	struct hasher_job job = {0}; /* too late */

	(void)state;
	assert_int_equal(sd_event_new(&loop), 0);
	hasher = hasher_new(loop, on_hash);
	assert_non_null(hasher);
	for (unsigned i = 0; i < HASHER_JOBS_MAX; i++)
		assert_true(hasher_reserve(hasher));
	assert_false(hasher_reserve(hasher));
	hasher_put(hasher, &job);
	assert_false(hasher_reserve(hasher));
	assert_int_equal(sd_event_loop(loop), 0);
	assert_int_equal(job.code, -ETIMEDOUT);
	hasher_release(hasher);
	assert_int_equal(hasher_count(hasher), HASHER_JOBS_MAX - 2);
	hasher_free(hasher);
	sd_event_unref(loop);
}

/* ---- decisions: one user, one session, a login to be decided */

static struct {
	struct op_message m;
	struct user_facts facts;
	struct user_effect effect;
	struct principal who;
	struct ledger_input in;
	struct ledger_decision d;
	struct text body;
	char text[4096];
} w;

static void set_up(uint8_t kind)
{
	memset(&w, 0, sizeof(w));
	w.m.op.kind = kind;
	for (unsigned i = 0; i < OP_TEXT_COUNT; i++)
		w.m.text[i] = "";
	w.facts.found = true;
	w.facts.user.principal = USER_PRINCIPAL | 7;
	w.facts.user.id.byte[0] = 1;
	memcpy(w.facts.user.login, "anna", 5);
	memset(&w.facts.user.password, 5, sizeof(w.facts.user.password));
	w.who = (struct principal){.id = w.facts.user.principal,
	    .is_user = true,
	    .user = w.facts.user.id,
	    .expires_us = START_US + SESSION_LIFE_US};
	w.in = (struct ledger_input){.message = &w.m,
	    .who = &w.who,
	    .users = &w.facts,
	    .effect = &w.effect,
	    .next_seq = 10,
	    .next_event = 3,
	    .now_us = START_US};
	text_init(&w.body, w.text, sizeof(w.text));
}

static void try_login(bool verified, uint8_t record_byte)
{
	static struct password_record record;

	memset(&record, record_byte, sizeof(record));
	w.m.op.verified = verified;
	w.m.text[OP_TEXT_RECORD] = (const char *)&record;
	w.m.op.text_bytes[OP_TEXT_RECORD] = sizeof(record);
	text_clear(&w.body);
	session_decide(&w.in, &w.body, &w.d);
}

static void test_a_login(void **state)
{
	(void)state;
	set_up(OP_SESSION_CREATE);
	try_login(true, 5);
	assert_int_equal(w.d.status, 201);
	assert_true(w.effect.put_session && w.effect.forgives && !w.effect.fails);
	assert_int_equal(w.effect.session.expires_us, START_US + SESSION_LIFE_US);
	assert_int_equal(w.d.seq, 9);
	try_login(false, 5);
	assert_int_equal(w.d.status, 401);
	assert_true(w.effect.fails && !w.effect.put_session);
	/* Checked against a record that is not the user's any more: a new password came in between. */
	try_login(true, 6);
	assert_int_equal(w.d.status, 401);
	/* A login that there is not can be verified against nothing. */
	w.facts.found = false;
	try_login(true, 5);
	assert_int_equal(w.d.status, 401);
	assert_false(w.effect.put_session);
}

/* What it opens does not go below 0, whatever a worker says that is not ours. */
static void test_a_session_opens_a_wallet(void **state)
{
	(void)state;
	for (uint8_t has_min = OP_LIMIT_ABSENT; has_min <= OP_LIMIT_NONE; has_min++) {
		set_up(OP_ACCOUNT_CREATE);
		w.m.op.account_kind = ACCOUNT_WALLET;
		memcpy(w.m.op.currency, "CNY", 4);
		w.m.op.has_min = has_min;
		ledger_decide(&w.in, &w.body, &w.d);
		assert_int_equal(w.d.status, has_min == OP_LIMIT_SET ? 201 : 403);
		assert_int_equal(w.d.account.has_min, has_min == OP_LIMIT_SET);
	}
}

static void test_a_locked_login(void **state)
{
	(void)state;
	for (unsigned by_address = 0; by_address < 2; by_address++) {
		set_up(OP_SESSION_CREATE);
		for (unsigned i = 0; i < LOCKOUT_FAILURES; i++)
			lockout_add(by_address ? &w.facts.by_address : &w.facts.by_login, START_US);
		w.in.now_us = START_US + MINUTE_US + 1;
		try_login(true, 5);
		assert_int_equal(w.d.status, 429);
		assert_int_equal(w.d.retry_after_s, 14 * 60);
		assert_int_equal(w.d.locked, by_address ? LOCKOUT_ADDRESS : LOCKOUT_LOGIN);
		assert_false(w.effect.put_session || w.effect.fails || w.effect.forgives);
	}
}

static void test_the_same_token_again(void **state)
{
	(void)state;
	set_up(OP_SESSION_CREATE);
	w.facts.has_session = true;
	w.facts.session =
	    (struct session){.user = w.facts.user.id, .created_us = START_US - 1, .expires_us = START_US + 1};
	try_login(true, 5);
	assert_int_equal(w.d.status, 201);
	assert_true(w.d.replayed);
	assert_false(w.effect.put_session);
	w.in.now_us++;
	try_login(true, 5);
	assert_int_equal(w.d.status, 409);
	w.in.now_us--;
	w.facts.session.ended = true;
	try_login(true, 5);
	assert_int_equal(w.d.status, 409);
	try_login(false, 5); /* nor does it tell who does not know the password */
	assert_int_equal(w.d.status, 401);
}

/* What a client's key began is remembered for ever; the oldest makes room for one session too many. */
static void test_what_a_login_keeps_and_ends(void **state)
{
	(void)state;
	set_up(OP_SESSION_CREATE);
	try_login(true, 5);
	assert_true(w.effect.session.kept);
	assert_false(w.effect.ends_oldest);
	w.m.op.key_drawn = 1;
	w.facts.has_oldest = true;
	try_login(true, 5);
	assert_false(w.effect.session.kept);
	assert_true(w.effect.ends_oldest);
	try_login(false, 5);
	assert_false(w.effect.ends_oldest);
}

static void test_a_session_ends_at_its_time(void **state)
{
	(void)state;
	set_up(OP_SESSION_END);
	w.in.now_us = w.who.expires_us - 1;
	try_login(false, 5);
	assert_int_equal(w.d.status, 204);
	assert_true(w.effect.ends_session);
	w.in.now_us++;
	try_login(false, 5);
	assert_int_equal(w.d.status, 401);
	assert_non_null(strstr(w.text, "token_expired"));
	assert_false(w.effect.ends_session);
}

static void test_a_new_password_ends_other_sessions(void **state)
{
	struct password_record records[2];

	(void)state;
	set_up(OP_USER_PASSWORD);
	memset(&records[0], 9, sizeof(records[0]));
	memset(&records[1], 5, sizeof(records[1]));
	w.m.text[OP_TEXT_RECORD] = (const char *)records;
	w.m.op.text_bytes[OP_TEXT_RECORD] = sizeof(records);
	ledger_decide(&w.in, &w.body, &w.d);
	assert_int_equal(w.d.status, 401);
	assert_true(w.effect.fails && !w.effect.put_user && !w.d.stored);
	w.effect = (struct user_effect){0};
	w.m.op.verified = 1;
	ledger_decide(&w.in, &w.body, &w.d);
	assert_int_equal(w.d.status, 200);
	assert_true(w.d.stored && w.effect.put_user && w.effect.ends_others && w.effect.forgives);
	assert_int_equal(w.d.event, EVENT_NONE);
	assert_memory_equal(&w.effect.user.password, &records[0], sizeof(records[0]));
	assert_int_equal(w.effect.user.sessions_from_us, START_US);
	assert_false(w.effect.makes_user);
}

/* What no worker of ours sends is no message at all. */
static void test_messages(void **state)
{
	static const char records[2 * sizeof(struct password_record)];
	static const struct {
		uint8_t kind;
		const char *login, *name;
		uint32_t record_bytes;
		bool sound;
	} cases[] = {
	    {OP_USER_CREATE, "anna", "Anna", sizeof(struct password_record), true},
	    {OP_USER_CREATE, "anna", "Anna", sizeof(struct password_record) - 1, false},
	    {OP_USER_CREATE, "an na", "Anna", sizeof(struct password_record), false},
	    {OP_USER_CREATE, "anna", "\xff", sizeof(struct password_record), false},
	    {OP_USER_CREATE, "anna", "", sizeof(struct password_record), false},
	    {OP_USER_CREATE, "", "Anna", sizeof(struct password_record), false},
	    {OP_USER_PASSWORD, "", "", 2 * sizeof(struct password_record), true},
	    {OP_USER_PASSWORD, "", "", sizeof(struct password_record), false},
	    {OP_USER_PASSWORD, "anna", "", 2 * sizeof(struct password_record), false},
	    {OP_SESSION_CREATE, "anna", "", sizeof(struct password_record), true},
	    {OP_SESSION_CREATE, "", "", sizeof(struct password_record), false},
	    {OP_LOGIN_LOOK, "anna", "", 0, true},
	    {OP_LOGIN_LOOK, "", "", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op_message m = {.op = {.kind = cases[i].kind}};

		for (unsigned j = 0; j < OP_TEXT_COUNT; j++)
			m.text[j] = "";
		m.text[OP_TEXT_REFERENCE] = cases[i].login;
		m.text[OP_TEXT_NAME] = cases[i].name;
		m.text[OP_TEXT_RECORD] = records;
		m.op.text_bytes[OP_TEXT_REFERENCE] = (uint32_t)strlen(cases[i].login);
		m.op.text_bytes[OP_TEXT_NAME] = (uint32_t)strlen(cases[i].name);
		m.op.text_bytes[OP_TEXT_RECORD] = cases[i].record_bytes;
		m.op.has_reference = cases[i].login[0] != 0;
		assert_int_equal(op_is_sound(&m), cases[i].sound);
		m.op.verified = 2;
		assert_false(op_is_sound(&m));
	}
}

static void test_owners(void **state)
{
	struct account a = {.has_owner = true};
	struct principal key = {.scopes = SCOPE_ALL};

	(void)state;
	set_up(OP_TRANSFER_CREATE);
	assert_false(ledger_owns(&w.who, &a));
	a.owner = w.who.user;
	assert_true(ledger_owns(&w.who, &a));
	a.has_owner = false;
	assert_false(ledger_owns(&w.who, &a));
	assert_true(ledger_owns(&key, &a));
	assert_false(ledger_scopes(&w.who) & (SCOPE_KEY | SCOPE_USERS_WRITE | SCOPE_TOPUPS_WRITE | SCOPE_ADMIN));
	assert_false(ledger_scopes(&key) & SCOPE_SESSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_five_failures_lock),
	    cmocka_unit_test(test_slow_failures_do_not_lock),
	    cmocka_unit_test(test_logins),
	    cmocka_unit_test(test_records),
	    cmocka_unit_test(test_nobodys_record_is_always_the_same),
	    cmocka_unit_test(test_subjects),
	    cmocka_unit_test(test_a_login_forgives_its_own),
	    cmocka_unit_test(test_a_lock_is_remembered_for_a_second),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_a_login),
	    cmocka_unit_test(test_a_session_opens_a_wallet),
	    cmocka_unit_test(test_a_locked_login),
	    cmocka_unit_test(test_the_same_token_again),
	    cmocka_unit_test(test_what_a_login_keeps_and_ends),
	    cmocka_unit_test(test_a_session_ends_at_its_time),
	    cmocka_unit_test(test_a_new_password_ends_other_sessions),
	    cmocka_unit_test(test_messages),
	    cmocka_unit_test(test_owners),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
