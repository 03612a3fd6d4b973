/*
 * Layouts: what each version of the wire and of the state file looks like to the byte, and how they may grow. When a line of
 * vectors/wire-N.txt no longer fits, running members and files on disk no longer fit either: that needs a new version
 * number and a file of its own (heartbeat/wire.h), made with test_vectors --print N. Lines of old files stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/statefile.h"
#include "heartbeat/wire.h"
#include "tests/unit/next_release.h"
#include "tests/unit/wire_samples.h"

#define BYTES_MAX 2048

struct vector {
	char name[32];
	uint8_t bytes[BYTES_MAX];
	size_t count;
};

static void a_message(uint8_t type, uint8_t version, struct hb_message *ret)
{
	sample_message(type, ret);
	if (version > 1)
		sample_grow_message(ret);
}

static void make_message(struct vector *v, uint8_t type, uint8_t version)
{
	struct hb_message m;

	a_message(type, version, &m);
	(void)snprintf(v->name, sizeof(v->name), "%s", sample_name(type));
	v->count = hb_message_encode(&m, version, v->bytes);
}

static void make_envelope(struct vector *v, uint8_t version)
{
	uint8_t key[WIRE_KEY_BYTES], nonce[24];
	struct hb_message m;
	struct wire w;

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0x90 + i);
	for (uint8_t i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(0xc0 + i);
	wire_start(&w, key);
	w.sequence = 0x0203;
	w.reads = version;
	a_message(HB_GRANT, version, &m);
	(void)snprintf(v->name, sizeof(v->name), "envelope");
	v->count = wire_seal(&w, (struct wire_way){version, 0}, &m, nonce, v->bytes);
}

static void make_statefile(struct vector *v)
{
	struct hb_register reg;

	sample_register(&reg);
	sample_grow_register(&reg);
	(void)snprintf(v->name, sizeof(v->name), "statefile");
	v->count = statefile_encode(&reg, v->bytes);
}

/* Those in which an address is. */
static const uint8_t with_address[] = {HB_BEAT, HB_ACCEPT, HB_JOIN, HB_WATCH};

static void an_ipv6_message(uint8_t type, struct hb_message *ret)
{
	a_message(type, WIRE_VERSION, ret);
	sample_ipv6_message(ret);
}

static void make_ipv6_message(struct vector *v, uint8_t type)
{
	struct hb_message m;

	an_ipv6_message(type, &m);
	(void)snprintf(v->name, sizeof(v->name), "%s.ipv6", sample_name(type));
	v->count = hb_message_encode(&m, WIRE_VERSION, v->bytes);
}

static void make_ipv6_statefile(struct vector *v)
{
	struct hb_register reg;

	sample_register(&reg);
	sample_grow_register(&reg);
	sample_ipv6_register(&reg);
	(void)snprintf(v->name, sizeof(v->name), "statefile.ipv6");
	v->count = statefile_encode(&reg, v->bytes);
}

/* The line of that name in the file of that version. */
static void pinned(uint8_t version, const char *name, struct vector *ret)
{
	const char *dir = getenv("srcdir");
	char path[256], line[2 * BYTES_MAX + 64];
	size_t n = strlen(name);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/unit/vectors/wire-%u.txt", dir ? dir : ".", version);
	f = fopen(path, "re");
	if (!f)
		fail_msg("no %s", path);
	memset(ret, 0, sizeof(*ret));
	while (!ret->count && fgets(line, sizeof(line), f))
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			assert_int_equal(sodium_hex2bin(ret->bytes, BYTES_MAX, line + n + 1,
					     strcspn(line + n + 1, "\n"), NULL, &ret->count, NULL),
			    0);
	(void)fclose(f);
	if (!ret->count)
		fail_msg("no '%s' in %s", name, path);
}

static void insist_same(const struct vector *is, uint8_t version)
{
	struct vector was;

	pinned(version, is->name, &was);
	if (was.count != is->count || memcmp(was.bytes, is->bytes, is->count) != 0)
		fail_msg("the layout of '%s' in version %u has changed: that needs a new version", is->name, version);
}

static void test_every_version_is_written_as_it_was(void **state)
{
	struct vector v;

	(void)state;
	for (uint8_t version = WIRE_VERSION_MIN; version <= WIRE_VERSION; version++) {
		for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
			make_message(&v, type, version);
			if (v.count)
				insist_same(&v, version);
		}
		make_envelope(&v, version);
		insist_same(&v, version);
	}
	make_statefile(&v);
	insist_same(&v, STATEFILE_VERSION);
	for (size_t i = 0; i < sizeof(with_address); i++) {
		make_ipv6_message(&v, with_address[i]);
		insist_same(&v, WIRE_VERSION);
	}
	make_ipv6_statefile(&v);
	insist_same(&v, STATEFILE_VERSION);
}

/* Equal if they are written equally. */
static void insist_equal(const struct hb_message *a, const struct hb_message *b)
{
	uint8_t one[HB_MESSAGE_BYTES_MAX], two[HB_MESSAGE_BYTES_MAX];
	size_t n = hb_message_encode(a, WIRE_VERSION, one);

	assert_true(n > 0);
	assert_int_equal(hb_message_encode(b, WIRE_VERSION, two), n);
	assert_memory_equal(one, two, n);
}

static void test_every_version_is_read(void **state)
{
	struct hb_message want, got;

	(void)state;
	for (uint8_t version = WIRE_VERSION_MIN; version <= WIRE_VERSION; version++)
		for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
			struct vector v;

			a_message(type, version, &want);
			if (!hb_message_encode(&want, version, v.bytes))
				continue;
			pinned(version, sample_name(type), &v);
			assert_int_equal(hb_message_decode(v.bytes, v.count, version, &got), 0);
			insist_equal(&want, &got);
			for (size_t i = 0; i < v.count; i++)
				assert_int_not_equal(hb_message_decode(v.bytes, i, version, &got), 0);
		}
}

static void test_addresses_of_ipv6_are_read(void **state)
{
	struct hb_register want_reg, got_reg;
	struct hb_message want, got;
	struct vector v;
	uint32_t version;

	(void)state;
	for (size_t i = 0; i < sizeof(with_address); i++) {
		an_ipv6_message(with_address[i], &want);
		make_ipv6_message(&v, with_address[i]);
		assert_int_equal(hb_message_decode(v.bytes, v.count, WIRE_VERSION, &got), 0);
		insist_equal(&want, &got);
		assert_true(ip_same(&want.member.address, &got.member.address));
		assert_true(ip_same(&want.member.second_address, &got.member.second_address));
		assert_true(ip_same(&want.facts.second_address, &got.facts.second_address));
		assert_true(!want.has_record || hb_record_equal(&want.record, &got.record));
	}
	sample_register(&want_reg);
	sample_grow_register(&want_reg);
	sample_ipv6_register(&want_reg);
	make_ipv6_statefile(&v);
	assert_int_equal(statefile_decode(v.bytes, v.count, &version, &got_reg), 0);
	assert_true(hb_record_equal(&want_reg.accepted, &got_reg.accepted));
}

/* What is agreed on to the byte has one way to be said. */
static void test_address_is_said_in_one_way(void **state)
{
	static const uint8_t ipv6[] = {0x20, 0x01, 0x0d, 0xb8, 0x77};
	struct hb_message m, got;
	struct vector v;
	uint8_t *at;

	(void)state;
	a_message(HB_JOIN, WIRE_VERSION, &m);
	m.member.second_address = (struct ip){{0}};
	memcpy(m.member.second_address.byte, ipv6, sizeof(ipv6));
	v.count = hb_message_encode(&m, WIRE_VERSION, v.bytes);
	assert_int_equal(hb_message_decode(v.bytes, v.count, WIRE_VERSION, &got), 0);
	at = v.bytes + v.count - sizeof(ipv6);
	assert_memory_equal(at, ipv6, sizeof(ipv6));
	at[-(ptrdiff_t)IP_BYTES] = 0xfd; /* the first address has one of IPv4, and now another one as well */
	assert_int_equal(hb_message_decode(v.bytes, v.count, WIRE_VERSION, &got), -EINVAL);
	at[-(ptrdiff_t)IP_BYTES] = 0;
	assert_int_equal(hb_message_decode(v.bytes, v.count, WIRE_VERSION, &got), 0);
	m.member.second_address = (struct ip){{0}};
	memset(m.member.second_address.byte, 1, IP_BYTES);
	v.count = hb_message_encode(&m, WIRE_VERSION, v.bytes);
	at = v.bytes + v.count - IP_BYTES;
	m.member.second_address = ip_of_v4(0x0a000001); /* where one of IPv6 is to be */
	memcpy(at, m.member.second_address.byte, IP_BYTES);
	assert_int_equal(hb_message_decode(v.bytes, v.count, WIRE_VERSION, &got), -EINVAL);
}

static void test_state_files_are_read_from_the_first_version_on(void **state)
{
	uint8_t one[HB_REGISTER_BYTES_MAX], two[HB_REGISTER_BYTES_MAX];

	(void)state;
	for (uint8_t file = 1; file <= STATEFILE_VERSION; file++) {
		struct hb_register want, got;
		uint32_t version;
		struct vector v;
		size_t n;

		sample_register(&want);
		if (file > 1)
			sample_grow_register(&want);
		pinned(file, "statefile", &v);
		assert_int_equal(statefile_decode(v.bytes, v.count, &version, &got), 0);
		assert_int_equal(version, file);
		n = hb_register_encode(&want, one);
		assert_int_equal(hb_register_encode(&got, two), n);
		assert_memory_equal(one, two, n);
	}
}

static void test_newer_state_file_is_refused_by_its_number(void **state)
{
	char path[] = "/tmp/holdfast-register-XXXXXX";
	struct hb_register reg;
	struct vector v;
	struct errbuf e;
	FILE *f;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	make_statefile(&v);
	v.bytes[8] = STATEFILE_VERSION + 1;
	(void)crypto_generichash(v.bytes + v.count - 32, 32, v.bytes, v.count - 32, NULL, 0);
	f = fdopen(fd, "w");
	assert_int_equal(fwrite(v.bytes, 1, v.count, f), v.count);
	(void)fclose(f);
	assert_int_equal(statefile_load(path, 0x8182838485868788, &reg, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.text, "of version 3, this release reads up to 2"));
	(void)remove(path);
}

static void test_what_a_later_release_adds_is_skipped(void **state)
{
	(void)state;
	for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
		uint8_t buf[HB_MESSAGE_BYTES_MAX];
		struct hb_message old, got;
		size_t n;

		sample_message(type, &old);
		n = next_message_encode(&old, WIRE_VERSION, buf);
		assert_int_equal(hb_message_decode(buf, n, WIRE_VERSION, &got), 0);
		assert_int_equal(got.record.later_bytes, got.has_record ? 1 : 0);
		got.record.later_bytes = 0;
		insist_equal(&old, &got);
		n = hb_message_encode(&old, WIRE_VERSION, buf);
		assert_int_equal(next_message_decode(buf, n, WIRE_VERSION, &got), 0);
		insist_equal(&old, &got);
	}
}

/* The record is agreed on to the byte: an older member must hand on what it cannot read. */
static void test_record_passes_through_an_older_member_whole(void **state)
{
	uint8_t there[HB_MESSAGE_BYTES_MAX], back[HB_MESSAGE_BYTES_MAX], disk[HB_REGISTER_BYTES_MAX];
	struct hb_register reg, stored;
	struct hb_message m, seen;
	size_t n;

	(void)state;
	sample_message(HB_ACCEPT, &m);
	n = next_message_encode(&m, WIRE_VERSION, there);
	assert_int_equal(hb_message_decode(there, n, WIRE_VERSION, &seen), 0);
	sample_register(&reg);
	reg.accepted = seen.record;
	assert_int_equal(hb_register_decode(disk, hb_register_encode(&reg, disk), false, &stored), 0);
	seen.record = stored.accepted;
	assert_true(hb_message_encode(&seen, WIRE_VERSION, back) > 0);
	m.record = stored.accepted;
	assert_int_equal(m.record.later_bytes, 1);
	assert_int_equal(m.record.later[0], 0xee);
}

static void test_version_that_cannot_say_it_does_not(void **state)
{
	uint8_t buf[HB_MESSAGE_BYTES_MAX];
	struct hb_message m;

	(void)state;
	sample_message(HB_ACCEPT, &m);
	assert_true(hb_message_encode(&m, 1, buf) > 0);
	m.record.reason = HB_REASON_COUNT; /* only for show: version 1 is told another */
	assert_true(hb_message_encode(&m, 1, buf) > 0);
	m.record.later_bytes = 1;
	m.record.later[0] = 1;
	assert_int_equal(hb_message_encode(&m, 1, buf), 0);
	m.record.later_bytes = 0;
	m.record.member[2].second_address = ip_of_v4(1);
	assert_int_equal(hb_message_encode(&m, 1, buf), 0);
	assert_true(hb_message_encode(&m, 2, buf) > 0);
	m.record.member[2].second_address = (struct ip){{0}};
	m.record.member[2].address.byte[0] = 0x20;
	assert_int_equal(hb_message_encode(&m, 1, buf), 0);
	assert_true(hb_message_encode(&m, 2, buf) > 0);
}

static void test_largest_message_fits_into_a_datagram(void **state)
{
	uint8_t buf[HB_MESSAGE_BYTES_MAX];
	struct hb_message m;
	size_t n;

	(void)state;
	sample_message(HB_BEAT, &m);
	m.record.members = HB_MEMBERS_MAX;
	for (unsigned i = 0; i < HB_MEMBERS_MAX; i++) {
		(void)snprintf(m.record.member[i].name, HB_NAME_BYTES, "fifteen-letters");
		memset(m.record.member[i].address.byte, 0xff, IP_BYTES);
		memset(m.record.member[i].second_address.byte, 0xff, IP_BYTES);
	}
	memset(m.record.later, 0xff, HB_LATER_BYTES);
	m.record.later_bytes = HB_LATER_BYTES;
	memset(m.facts.second_address.byte, 0xff, IP_BYTES);
	memset(m.facts.reason, 'x', sizeof(m.facts.reason) - 1);
	n = hb_message_encode(&m, WIRE_VERSION, buf);
	assert_in_range(n, 1, 1076); /* of 1276: what is added later must fit as well */
	assert_true(WIRE_DATAGRAM_BYTES_MAX < 1400);
}

static void print(const struct vector *v)
{
	printf("%s ", v->name);
	for (size_t i = 0; i < v->count; i++)
		printf("%02x", v->bytes[i]);
	printf("\n");
}

static int print_all(uint8_t version)
{
	struct vector v;

	for (uint8_t type = 1; type < HB_MESSAGE_TYPES; type++) {
		make_message(&v, type, version);
		if (v.count)
			print(&v);
	}
	make_envelope(&v, version);
	print(&v);
	make_statefile(&v);
	print(&v);
	for (size_t i = 0; i < sizeof(with_address); i++) {
		make_ipv6_message(&v, with_address[i]);
		print(&v);
	}
	make_ipv6_statefile(&v);
	print(&v);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_version_is_written_as_it_was),
	    cmocka_unit_test(test_every_version_is_read),
	    cmocka_unit_test(test_addresses_of_ipv6_are_read),
	    cmocka_unit_test(test_address_is_said_in_one_way),
	    cmocka_unit_test(test_state_files_are_read_from_the_first_version_on),
	    cmocka_unit_test(test_newer_state_file_is_refused_by_its_number),
	    cmocka_unit_test(test_what_a_later_release_adds_is_skipped),
	    cmocka_unit_test(test_record_passes_through_an_older_member_whole),
	    cmocka_unit_test(test_version_that_cannot_say_it_does_not),
	    cmocka_unit_test(test_largest_message_fits_into_a_datagram),
	};

	if (sodium_init() < 0)
		return 1;
	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return print_all((uint8_t)strtoul(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
