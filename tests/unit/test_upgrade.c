/*
 * Upgrades and downgrades, one member at a time: the real cores in the simulator's world, each letter sealed by its sender's
 * release and opened by its receiver's. In every stage the lease holds, and the record can be changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "tests/simulation/world.h"
#include "tests/unit/next_release.h"

#define NODES 3
#define STANDBY 1
#define STEP_US 10000
#define PATIENCE_US 20000000

enum release { OLD, PRESENT, NEXT, NEXT_ON_PROBATION, RELEASES };

static const struct {
	void (*start)(struct wire *w, const uint8_t *cluster_key);
	struct wire_way (*way_to)(struct wire *w, uint8_t member);
	size_t (*seal)(
	    struct wire *w, struct wire_way way, const struct hb_message *m, const uint8_t *nonce, uint8_t *buf);
	int (*open)(struct wire *w, unsigned path, const uint8_t *datagram, size_t size, struct wire_way *way,
	    struct hb_message *ret);
	uint8_t reads; /* highest version of the wire */
} releases[RELEASES] = {
    [OLD] = {wire_start, wire_way_to, wire_seal, wire_open, 1},
    [PRESENT] = {wire_start, wire_way_to, wire_seal, wire_open, WIRE_VERSION},
    [NEXT] = {next_wire_start, next_wire_way_to, next_wire_seal, next_wire_open, NEXT_WIRE_VERSION},
    /* Fields were added, but no version: all that a minor release may do. */
    [NEXT_ON_PROBATION] = {next_wire_start, next_wire_way_to, next_wire_seal, next_wire_open, WIRE_VERSION},
};

static struct world world;
static struct wire wire[NODES];
static enum release has[NODES];
static uint64_t spoken[NODES][16]; /* datagrams by version, since the last stage */
static bool same_way;		   /* what somebody writes can be read by who it is for */

void __real_network_send(struct network *n, uint8_t from, uint8_t to, const struct hb_message *m, uint64_t at_us);
void __wrap_network_send(struct network *n, uint8_t from, uint8_t to, const struct hb_message *m, uint64_t at_us);

void __wrap_network_send(struct network *n, uint8_t from, uint8_t to, const struct hb_message *m, uint64_t at_us)
{
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire_way way = releases[has[from]].way_to(&wire[from], to), back;
	struct hb_message got;
	size_t size = releases[has[from]].seal(&wire[from], way, m, nonce, buf);

	if (!size || releases[has[to]].open(&wire[to], 0, buf, size, &back, &got) != 0) {
		same_way = false;
		return;
	}
	spoken[from][way.version]++;
	__real_network_send(n, from, to, &got, at_us);
}

static void install(unsigned at, enum release r)
{
	static const uint8_t key[WIRE_KEY_BYTES] = {5};

	has[at] = r;
	releases[r].start(&wire[at], key);
	wire[at].reads = releases[r].reads;
}

static bool is_whole(void)
{
	const struct hb_record *r = &world.member[0].node.known;

	for (unsigned i = 0; i < NODES; i++)
		if (!world.member[i].up || world.member[i].node.known.version != r->version ||
		    world.member[i].node.known.members != NODES)
			return false;
	return world_mode(&world) == ROLE_MODE_SYNC && r->in_sync == 3;
}

static bool is_solo(void)
{
	return world_mode(&world) == ROLE_MODE_SOLO;
}

static void wait_until(bool (*done)(void))
{
	for (uint64_t us = 0; !done(); us += STEP_US) {
		assert_true(us < PATIENCE_US);
		world_run(&world, STEP_US);
		if (world.violations)
			fail_msg("%s", world.broken);
	}
}

/* Undisturbed: the active holds its lease all the time, and everybody is understood. */
static void insist_quiet(void)
{
	unsigned active = world.member[0].node.known.active;
	const struct hb_node *n = &world.member[active].node;

	world_run(&world, 1000000);
	same_way = true;
	memset(spoken, 0, sizeof(spoken));
	for (uint64_t us = 0; us < 2000000; us += STEP_US) {
		world_run(&world, STEP_US);
		assert_true(hb_node_has_lease(n, world_clock(&world, active)));
	}
	assert_true(same_way);
}

/* The standby is cut off and comes back: the record is changed twice, and everybody knows. */
static void insist_changes(void)
{
	unsigned active = world.member[0].node.known.active, standby = active ^ STANDBY;
	uint64_t version = world.member[0].node.known.version;

	for (unsigned i = 0; i < NODES; i++)
		world.cut[standby][i] = world.cut[i][standby] = true;
	wait_until(is_solo);
	fault_heal(&world);
	wait_until(is_whole);
	assert_true(world.member[0].node.known.version >= version + 2);
}

static void insist_stage(void)
{
	wait_until(is_whole);
	insist_quiet();
	insist_changes();
	insist_quiet();
}

/* One of IPv4 and the others of IPv6. */
static struct ip second_of(unsigned at)
{
	struct ip ret = {.byte = {0xfd, [IP_BYTES - 1] = (uint8_t)(100 + at)}};

	return at ? ret : ip_of_v4(100);
}

static void insist_second(unsigned at, bool there)
{
	const struct ip *is = &world.member[0].node.known.member[at].second_address;
	struct ip want = second_of(at);

	assert_true(there ? ip_same(is, &want) : ip_is_none(is));
}

static void configure(unsigned at)
{
	world.member[at].node.settings.second_address = has[at] == OLD ? (struct ip){{0}} : second_of(at);
}

static void replace(unsigned at, enum release r)
{
	install(at, r);
	world_restart_heartbeat(&world, at);
	configure(at);
	insist_stage();
}

static void begin(enum release r)
{
	for (unsigned i = 0; i < NODES; i++)
		install(i, r);
	world_start(&world, 7, NODES, false);
	world.calm = true;
	wait_until(is_whole);
	for (unsigned i = 0; i < NODES; i++)
		configure(i);
	insist_stage();
}

static void insist_spoken(uint8_t version)
{
	for (unsigned i = 0; i < NODES; i++)
		for (uint8_t v = 0; v < 16; v++)
			assert_true(v == version ? spoken[i][v] > 0 : spoken[i][v] == 0);
}

static void upgrade(enum release from, enum release to)
{
	static const unsigned order[NODES] = {2, 1, 0};

	begin(from);
	insist_spoken(releases[from].reads);
	for (unsigned i = 0; i < NODES; i++) {
		replace(order[i], to);
		/* A new one alone among the old is spoken to, and speaks, as the old do; two new ones, as they can. */
		assert_int_equal(
		    spoken[order[i]][releases[to].reads] > 0, i > 0 || releases[from].reads == releases[to].reads);
	}
	insist_spoken(releases[to].reads);
	/* Second thoughts about one of them, for a while. */
	replace(1, from);
	replace(1, to);
	insist_spoken(releases[to].reads);
}

static void test_from_the_first_version(void **state)
{
	(void)state;
	upgrade(OLD, PRESENT);
}

static void test_to_a_release_with_more_fields(void **state)
{
	(void)state;
	upgrade(PRESENT, NEXT_ON_PROBATION);
	for (unsigned i = 0; i < NODES; i++)
		assert_int_equal(wire[i].dropped[WIRE_GARBAGE], 0);
}

static void test_to_a_version_with_another_layout(void **state)
{
	(void)state;
	upgrade(PRESENT, NEXT);
}

static void test_three_releases_at_once(void **state)
{
	(void)state;
	begin(OLD);
	replace(0, PRESENT);
	replace(1, NEXT);
}

/* A field of the record is set when all know it, and gone when one comes that could not be told. */
static void test_what_only_some_know_is_not_in_the_record(void **state)
{
	(void)state;
	begin(OLD);
	for (unsigned i = 0; i < NODES; i++) {
		insist_second(0, false);
		replace(i, PRESENT);
	}
	for (unsigned i = 0; i < NODES; i++)
		insist_second(i, true);
	replace(2, OLD);
	for (unsigned i = 0; i < NODES; i++)
		insist_second(i, false);
	replace(2, PRESENT);
	insist_second(2, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_from_the_first_version),
	    cmocka_unit_test(test_to_a_release_with_more_fields),
	    cmocka_unit_test(test_to_a_version_with_another_layout),
	    cmocka_unit_test(test_three_releases_at_once),
	    cmocka_unit_test(test_what_only_some_know_is_not_in_the_record),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
