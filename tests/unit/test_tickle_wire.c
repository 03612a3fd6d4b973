/* What tickled says to the other gateway and to clients, to the byte: messages, their envelope, the segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "heartbeat/tickle_segment.h"
#include "heartbeat/tickle_wire.h"

#define SECOND 1000000u

static const uint8_t cluster_key[TICKLE_WIRE_KEY_BYTES] = {1, 2, 3};

static struct tickle_key client(uint32_t n)
{
	return (struct tickle_key){ip_of_v4(0x0a000000 + n / 1000), (uint16_t)(20000 + n % 1000), 443};
}

static struct tickle_key client_v6(uint32_t n)
{
	return (struct tickle_key){{{0x20, 1, 0xd, 0xb8, [7] = (uint8_t)n}}, (uint16_t)(20000 + n), 443};
}

static struct tickle_message a_message(void)
{
	struct tickle_message m = {.start = 5,
	    .sequence = 6,
	    .kind = TICKLE_HOLDS,
	    .round = 7,
	    .added = 100,
	    .removed = TICKLE_KEYS_MAX - 100};

	for (uint32_t i = 0; i < TICKLE_KEYS_MAX; i++)
		m.key[i] = client(i);
	return m;
}

static void test_message_comes_back(void **state)
{
	struct tickle_message m = a_message(), back;
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES] = {9};
	struct tickle_wire w;
	size_t n;

	(void)state;
	tickle_wire_start(&w, cluster_key);
	n = tickle_wire_seal(&w, &m, nonce, buf);
	assert_int_equal(n, TICKLE_DATAGRAM_BYTES_MAX);
	assert_int_equal(tickle_wire_open(&w, buf, n, &back), 0);
	assert_int_equal(back.start, 5);
	assert_int_equal(back.sequence, 6);
	assert_int_equal(back.kind, TICKLE_HOLDS);
	assert_int_equal(back.round, 7);
	assert_int_equal(back.added, 100);
	assert_int_equal(back.removed, TICKLE_KEYS_MAX - 100);
	assert_memory_equal(back.key, m.key, sizeof(m.key));
}

/* The bytes of version 1 do not change by accident: key 01 02 03 00.., nonce 0, connection 10.0.0.0:20000 -> 443. */
static void test_pinned_bytes(void **state)
{
	static const char want[] =
	    "4854010055b70d302da55ad0000000000000000000000000000000000000000000000000f3c51ae1dcd016966c93feccebb9c04e4e"
	    "32897686c76637c05700761cba885fa4dd74cae2092122983e11645794463c46";
	struct tickle_message m = {
	    .start = 1, .sequence = 2, .kind = TICKLE_HOLDS, .round = 3, .added = 1, .key = {client(0)}};
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES] = {0};
	char hex[2 * TICKLE_DATAGRAM_BYTES_MAX + 1];
	struct tickle_wire w;
	size_t n;

	(void)state;
	tickle_wire_start(&w, cluster_key);
	n = tickle_wire_seal(&w, &m, nonce, buf);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), buf, n), want);
}

/* The same of IPv6: kind 81, connection 2001:db8:0:3:: port 20003 -> 443. */
static void test_pinned_bytes_of_ipv6(void **state)
{
	static const char want[] = "01000000000000000200000000000000810300000001000000"
				   "bb01234e20010db800000003"
				   "0000000000000000";
	struct tickle_message m = {
	    .start = 1, .sequence = 2, .kind = TICKLE_HOLDS, .v6 = true, .round = 3, .added = 1, .key = {client_v6(3)}};
	uint8_t buf[TICKLE_MESSAGE_BYTES_MAX];
	char hex[2 * TICKLE_MESSAGE_BYTES_MAX + 1];
	struct tickle_message back;
	size_t n = tickle_message_encode(&m, buf);

	(void)state;
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), buf, n), want);
	assert_int_equal(tickle_message_decode(buf, n, &back), 0);
	assert_true(back.v6);
	assert_int_equal(back.kind, TICKLE_HOLDS);
	assert_memory_equal(&back.key[0], &m.key[0], sizeof(m.key[0]));
	buf[16] = TICKLE_HOLDS; /* then the 20 bytes are no two keys */
	assert_int_equal(tickle_message_decode(buf, n, &back), -EINVAL);
	buf[16] = 0x80 | TICKLE_HOLDS;
	memset(buf + 29, 0, 10); /* an address of IPv4 in a message of IPv6 */
	memset(buf + 39, 0xff, 2);
	assert_int_equal(tickle_message_decode(buf, n, &back), -EINVAL);
}

static void test_every_flipped_bit_and_every_cut_is_refused(void **state)
{
	struct tickle_message m = {.kind = TICKLE_ASK}, back;
	uint8_t buf[TICKLE_DATAGRAM_BYTES_MAX], nonce[TICKLE_WIRE_NONCE_BYTES] = {0};
	uint8_t other_key[TICKLE_WIRE_KEY_BYTES] = {3, 2, 1};
	struct tickle_wire w;
	size_t n;

	(void)state;
	tickle_wire_start(&w, cluster_key);
	n = tickle_wire_seal(&w, &m, nonce, buf);
	for (size_t i = 0; i < 8 * n; i++) {
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(tickle_wire_open(&w, buf, n, &back), i / 8 == 2 ? -ENOTSUP : -EINVAL);
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tickle_wire_open(&w, buf, i, &back), -EINVAL);
	assert_int_equal(tickle_wire_open(&w, buf, n, &back), 0);
	tickle_wire_start(&w, other_key);
	assert_int_equal(tickle_wire_open(&w, buf, n, &back), -EINVAL);
}

static void test_message_out_of_range_is_refused(void **state)
{
	uint8_t buf[TICKLE_MESSAGE_BYTES_MAX + 1] = {0};
	struct tickle_message m = a_message(), back;
	size_t n = tickle_message_encode(&m, buf);

	(void)state;
	assert_int_equal(tickle_message_decode(buf, n, &back), 0);
	assert_int_equal(tickle_message_decode(buf, n + 1, &back), -EINVAL);
	assert_int_equal(tickle_message_decode(buf, n - 1, &back), -EINVAL);
	buf[21]++; /* one added more than there may be */
	assert_int_equal(tickle_message_decode(buf, n, &back), -EINVAL);
	buf[21] = buf[22] = buf[23] = buf[24] = 0xff;
	assert_int_equal(tickle_message_decode(buf, n, &back), -EINVAL);
	memset(buf + 21, 0, 4);
	assert_int_equal(tickle_message_decode(buf, 25, &back), 0);
	buf[16] = 0;
	assert_int_equal(tickle_message_decode(buf, 25, &back), -EINVAL);
	buf[16] = TICKLE_KINDS;
	assert_int_equal(tickle_message_decode(buf, 25, &back), -EINVAL);
}

static bool taken(struct tickle_window *v, uint64_t start, uint64_t sequence, uint64_t now_us)
{
	struct tickle_message m = {.start = start, .sequence = sequence};

	return tickle_window_take(v, &m, now_us);
}

static void test_what_is_repeated_is_refused(void **state)
{
	struct tickle_window v = {0};

	(void)state;
	assert_true(taken(&v, 10, 1, 0));
	assert_false(taken(&v, 10, 1, 0));
	assert_true(taken(&v, 10, 70, 0));
	assert_true(taken(&v, 10, 69, 0));
	assert_false(taken(&v, 10, 69, 0));
	assert_false(taken(&v, 10, 6, 0));
	assert_true(taken(&v, 10, 7, 0));
	assert_true(taken(&v, 11, 1, SECOND));
	assert_false(taken(&v, 10, 99, 10 * SECOND));
	/* The sender's clock was set back: heard again when the later start has been silent. */
	assert_true(taken(&v, 10, 99, 11 * SECOND));
	assert_true(taken(&v, 10, 100, 11 * SECOND));
}

static uint32_t sum16(const uint8_t *p, size_t size, uint32_t sum)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (size % 2)
		sum += (uint32_t)p[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void test_segment(void **state)
{
	static const uint8_t want[] = {10, 0, 0, 100, 192, 168, 1, 2, 443 >> 8, 443 & 0xff, 50000 >> 8, 50000 & 0xff, 0,
	    0, 0, 0, 0, 0, 0, 0, 0x50, 16};
	struct tickle_key key = {ip_of_v4(0xc0a80102), 50000, 443};
	struct ip vip = ip_of_v4(0x0a000064);
	uint8_t buf[TICKLE_SEGMENT_BYTES_MAX];

	(void)state;
	for (int probe = 0; probe < 2; probe++) {
		size_t n = tickle_segment(&vip, &key, probe, buf);

		assert_int_equal(n, probe ? 53 : 40);
		assert_int_equal(buf[0], 0x45);
		assert_int_equal(buf[3], n);
		assert_int_equal(sum16(buf, 20, 0), 0xffff);
		assert_int_equal(sum16(buf + 12, n - 12, 6 + (uint32_t)n - 20), 0xffff);
		assert_memory_equal(buf + 12, want, 20);
		assert_int_equal(buf[32], probe ? 0x80 : 0x50);
		assert_int_equal(buf[33], probe ? 24 : 16);
	}
}

/* Its checksum covers both addresses, the length and the number of TCP, as RFC 8200, 8.1 has them. */
static void test_segment_of_ipv6(void **state)
{
	static const struct ip vip = {{0x20, 1, 0xd, 0xb8, [15] = 1}};
	struct tickle_key key = client_v6(3);
	uint8_t buf[TICKLE_SEGMENT_BYTES_MAX];

	(void)state;
	for (int probe = 0; probe < 2; probe++) {
		size_t n = tickle_segment(&vip, &key, probe, buf);

		assert_int_equal(n, probe ? 73 : 60);
		assert_memory_equal(buf, "\x60\0\0\0\0", 5);
		assert_int_equal(buf[5], n - 40);
		assert_int_equal(buf[6], 6);
		assert_int_equal(buf[7], 64);
		assert_memory_equal(buf + 8, vip.byte, 16);
		assert_memory_equal(buf + 24, key.client.byte, 16);
		assert_int_equal(sum16(buf + 8, n - 8, 6 + (uint32_t)n - 40), 0xffff);
		assert_memory_equal(buf + 40, "\x01\xbb\x4e\x23\0\0\0\0\0\0\0\0", 12);
		assert_int_equal(buf[52], probe ? 0x80 : 0x50);
		assert_int_equal(buf[53], probe ? 24 : 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_message_comes_back),
	    cmocka_unit_test(test_pinned_bytes),
	    cmocka_unit_test(test_pinned_bytes_of_ipv6),
	    cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_refused),
	    cmocka_unit_test(test_message_out_of_range_is_refused),
	    cmocka_unit_test(test_what_is_repeated_is_refused),
	    cmocka_unit_test(test_segment),
	    cmocka_unit_test(test_segment_of_ipv6),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
