/* Key rotation: members that crash, are away, forget what was not on disk, and lose each other's words, until all is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/keyfile.h"

#define MEMBERS 3
#define MEMBERS_MAX 5
#define PATIENCE 3000

struct member {
	bool up;
	struct keyring_state k;
	struct keyring disk;
	uint64_t writing; /* generation that goes to disk now; 0: none */
	struct keyring written;
};

static struct member member[MEMBERS_MAX];
static uint8_t members;
static uint64_t dice;

static uint64_t draw(uint64_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice % below;
}

static void begin(uint64_t seed)
{
	static const uint8_t cluster_key[WIRE_KEY_BYTES] = {1};
	struct keyring first;

	dice = seed * 0x9e3779b97f4a7c15u + 1;
	members = MEMBERS;
	keyfile_first(cluster_key, &first);
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		member[i] = (struct member){.up = true, .disk = first};
		keyring_start(&member[i].k, &first);
	}
}

static bool holds(const struct keyring *r, const struct keyring_key *key)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->key[i].number == key->number && memcmp(r->key[i].secret, key->secret, KEYRING_SECRET_BYTES) == 0)
			return true;
	return false;
}

/* What the whole thing is for. */
static void insist_all_understand_each_other(void)
{
	for (uint8_t from = 0; from < members; from++)
		for (uint8_t to = 0; to < members; to++)
			if (member[from].up && member[to].up)
				assert_true(holds(&member[to].k.ring, keyring_for(&member[from].k, to)));
}

static void begin_write(struct member *m)
{
	if (m->writing || m->k.stored == m->k.generation)
		return;
	m->writing = m->k.generation;
	m->written = m->k.ring;
}

static void step(uint8_t i)
{
	uint8_t random[KEYRING_SECRET_BYTES];

	for (unsigned n = 0; n < sizeof(random); n++)
		random[n] = (uint8_t)draw(256);
	(void)keyring_step(&member[i].k, members, i, random);
	begin_write(&member[i]);
}

/* The word, and the key if it is lacking, of one member for another. */
static void tell(uint8_t from, uint8_t to)
{
	const struct keyring_key *gift = keyring_gift(&member[from].k, to);
	struct hb_keys word;

	if (!member[from].up || !member[to].up)
		return;
	keyring_word(&member[from].k, &word);
	keyring_hear(&member[to].k, from, &word);
	if (gift && draw(3))
		(void)keyring_take(&member[to].k, gift);
	begin_write(&member[to]);
	step(to);
}

static void finish_write(struct member *m)
{
	uint64_t generation = m->writing;

	if (!generation)
		return;
	m->disk = m->written;
	m->writing = 0;
	if (!m->up)
		return;
	keyring_stored(&m->k, generation);
	begin_write(m);
}

/* Power goes; a write under way may have ended or not. */
static void crash(uint8_t i)
{
	if (member[i].writing && draw(2))
		member[i].disk = member[i].written;
	member[i].writing = 0;
	member[i].up = false;
}

static void restart(uint8_t i)
{
	member[i].up = true;
	keyring_start(&member[i].k, &member[i].disk);
}

static void something_happens(unsigned faults)
{
	uint8_t a = (uint8_t)draw(members), b = (uint8_t)draw(members);

	if (draw(100) < faults) {
		if (member[a].up)
			crash(a);
		else
			restart(a);
	} else if (draw(3) == 0) {
		finish_write(&member[a]);
		if (member[a].up)
			step(a);
	} else if (a != b) {
		tell(a, b);
	}
	insist_all_understand_each_other();
}

static bool is_over(uint32_t number)
{
	for (uint8_t i = 0; i < members; i++) {
		const struct keyring *r = &member[i].k.disk;

		if (!member[i].up || r->count != 1 || r->key[0].number != number || !holds(r, &member[0].k.disk.key[0]))
			return false;
	}
	return true;
}

static void heal(uint32_t number)
{
	for (uint8_t i = 0; i < members; i++)
		if (!member[i].up)
			restart(i);
	for (unsigned n = 0; !is_over(number); n++) {
		assert_true(n < PATIENCE);
		something_happens(0);
	}
}

static void test_rotation_from_any_member(void **state)
{
	(void)state;
	begin(1);
	for (uint32_t number = 1; number <= 40; number++) {
		uint8_t who = (uint8_t)draw(members);

		for (unsigned n = 0; n < 50; n++)
			something_happens(0);
		assert_int_equal(keyring_ask(&member[who].k), 0);
		assert_int_equal(keyring_ask(&member[who].k), -EALREADY);
		heal(number);
		assert_false(keyring_is_rotating(&member[who].k));
	}
}

static void test_two_ask_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 50; seed++) {
		begin(seed);
		for (uint8_t i = 0; i < members; i++)
			(void)keyring_ask(&member[i].k);
		heal(1);
	}
}

static void test_one_rotation_after_the_other(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 50; seed++) {
		begin(seed);
		for (unsigned n = 0; keyring_newest(&member[0].disk)->number < 20; n++) {
			(void)keyring_ask(&member[draw(members)].k);
			assert_true(n < 20 * PATIENCE);
			something_happens(seed % 2);
		}
	}
}

static void test_crashes_at_any_moment(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 3000; seed++) {
		begin(seed);
		/* A wish is not stored: who asks looks whether it was heard. */
		for (unsigned n = 0; n < 150; n++) {
			if (n % 10 == 0 && keyring_newest(&member[0].k.ring)->number == 0)
				for (uint8_t i = 0; i < members; i++)
					(void)keyring_ask(&member[i].k);
			something_happens(8);
		}
		if (keyring_newest(&member[0].disk)->number == 0)
			continue;
		heal(1);
	}
}

static void test_member_that_is_away_stops_the_next_step_only(void **state)
{
	(void)state;
	begin(7);
	for (unsigned n = 0; n < 60; n++)
		something_happens(0);
	crash(2);
	assert_int_equal(keyring_ask(&member[1].k), 0);
	for (unsigned n = 0; n < 500; n++)
		if (member[2].up == false && draw(2))
			tell(0, 1);
		else {
			tell(1, 0);
			finish_write(&member[0]);
			finish_write(&member[1]);
		}
	assert_int_equal(keyring_newest(&member[0].k.disk)->number, 1);
	assert_int_equal(keyring_newest(&member[1].k.disk)->number, 1);
	assert_int_equal(member[0].k.disk.use, 0); /* the one that is away could not read it */
	assert_true(keyring_is_rotating(&member[0].k));
	assert_int_equal(keyring_waits_for(&member[0].k, members, 0), 1 << 2);
	heal(1);
}

/* All have said what the first step needs, and the one who takes it is away: it is he who is waited for. */
static void test_maker_that_is_away_is_waited_for(void **state)
{
	(void)state;
	begin(8);
	for (unsigned n = 0; n < 60; n++)
		something_happens(0);
	crash(0);
	assert_int_equal(keyring_ask(&member[1].k), 0);
	assert_true(keyring_is_rotating(&member[1].k));
	assert_int_equal(keyring_waits_for(&member[1].k, members, 1), 1 << 0);
	heal(1);
	assert_false(keyring_is_rotating(&member[1].k));
}

/* With a token made before, or during, a rotation. */
static void test_new_member_comes_in_between(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 1000; seed++) {
		struct keyring ring;

		begin(seed);
		(void)keyring_ask(&member[0].k);
		for (uint64_t n = draw(80); n; n--)
			something_happens(0);
		/* The member that made the token is the one that is asked, and must hold a key of it still. */
		ring = member[0].k.disk;
		member[3] = (struct member){.up = true, .disk = ring};
		keyring_start(&member[3].k, &ring);
		members = 4;
		heal(1);
	}
}

static void test_file_comes_back_and_damage_is_refused(void **state)
{
	static const uint8_t cluster_key[WIRE_KEY_BYTES] = {1}, other[WIRE_KEY_BYTES] = {2};
	struct keyring ring, back;
	char path[] = "/tmp/holdfast-keys-XXXXXX";
	uint8_t buf[KEYRING_BYTES_MAX];
	struct errbuf e;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	(void)unlink(path);
	assert_int_equal(keyfile_load(path, cluster_key, &ring, &e), 0);
	assert_int_equal(ring.key[0].number, 0);
	ring.count = 2;
	ring.key[1] = (struct keyring_key){.number = 1, .secret = {5}};
	assert_int_equal(keyfile_store(path, &ring, &e), 0);
	assert_int_equal(keyfile_load(path, cluster_key, &back, &e), 0);
	assert_memory_equal(&ring.key, &back.key, sizeof(ring.key));
	assert_int_equal(keyfile_load(path, other, &back, &e), -EBADMSG);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(keyfile_load(path, cluster_key, &back, &e), -EBADMSG);
	(void)unlink(path);
	ring.use = 1;
	for (size_t n = keyring_encode(&ring, buf), i = 0; i < n; i++)
		assert_int_equal(keyring_decode(buf, i, &back), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rotation_from_any_member),
	    cmocka_unit_test(test_two_ask_at_once),
	    cmocka_unit_test(test_one_rotation_after_the_other),
	    cmocka_unit_test(test_crashes_at_any_moment),
	    cmocka_unit_test(test_member_that_is_away_stops_the_next_step_only),
	    cmocka_unit_test(test_maker_that_is_away_is_waited_for),
	    cmocka_unit_test(test_new_member_comes_in_between),
	    cmocka_unit_test(test_file_comes_back_and_damage_is_refused),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
