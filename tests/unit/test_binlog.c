/* Whole transactions out of logs that were made here: torn, reconnected, rotated, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/binlog.h"

#define LOG_BYTES 4096
#define CHECKSUM_BYTES 4
#define RELAY 0x40

enum { QUERY = 2, ROTATE = 4, FDE = 15, XID = 16, TABLE_MAP = 19, XA_PREPARE = 38, ANNOTATE = 160, CHECKPOINT = 161, GTID = 162,
	GTID_LIST = 163, START_ENCRYPTION = 164, WRITE_ROWS = 166 };

struct log {
	uint8_t bytes[LOG_BYTES];
	size_t size;
};

static void put(struct log *l, uint64_t value, unsigned bytes)
{
	assert_true(l->size + bytes <= LOG_BYTES);
	for (; bytes--; value >>= 8)
		l->bytes[l->size++] = (uint8_t)value;
}

static void put_event(struct log *l, unsigned type, const void *body, size_t length, unsigned flags)
{
	put(l, 0, 4);
	put(l, type, 1);
	put(l, 1, 4);
	put(l, 19 + length + CHECKSUM_BYTES, 4);
	put(l, 0, 4);
	put(l, flags, 2);
	assert_true(l->size + length <= LOG_BYTES);
	if (length)
		memcpy(l->bytes + l->size, body, length);
	l->size += length;
	put(l, 0xdddddddd, CHECKSUM_BYTES);
}

static struct log begin(unsigned flags)
{
	struct log l = { .bytes = { 0xfe, 'b', 'i', 'n' }, .size = 4 };

	put_event(&l, FDE, "format", 6, flags);
	return l;
}

static void put_gtid(struct log *l, uint64_t seq, unsigned flags)
{
	struct log body = { .size = 0 };

	put(&body, seq, 8);
	put(&body, 0, 4);
	put(&body, flags, 1);
	put(&body, 0, 6);
	put_event(l, GTID, body.bytes, body.size, 0);
}

static void put_query(struct log *l, const char *text)
{
	struct log body = { .size = 0 };

	put(&body, 0, 8);
	put(&body, 1, 1); /* length of the database's name */
	put(&body, 0, 2);
	put(&body, 3, 2); /* status variables */
	put(&body, 0, 3);
	put(&body, 'd', 2);
	memcpy(body.bytes + body.size, text, strlen(text));
	put_event(l, QUERY, body.bytes, body.size + strlen(text), 0);
}

static void put_rows(struct log *l)
{
	put_event(l, ANNOTATE, "INSERT", 6, 0);
	put_event(l, TABLE_MAP, "table", 5, 0);
	put_event(l, WRITE_ROWS, "rows", 4, 0);
}

static void put_transaction(struct log *l, uint64_t seq)
{
	put_gtid(l, seq, 0);
	put_rows(l);
	put_event(l, XID, "12345678", 8, 0);
}

static void put_list(struct log *l, uint64_t seq)
{
	struct log body = { .size = 0 };

	put(&body, seq ? 2 : 0, 4);
	for (unsigned i = 0; seq && i < 2; i++) {
		put(&body, 0, 4);
		put(&body, i, 4);
		put(&body, i ? seq : 1, 8);
	}
	put_event(l, GTID_LIST, body.bytes, body.size, 0);
}

/* What was taken, in words: F a header, a number a GTID, x an XID, q a query, p a prepare, r rows, ? anything else. */
struct taken {
	uint8_t bytes[2 * LOG_BYTES];
	size_t size, room;
	char text[1024];
};

static bool take(void *userdata, const uint8_t *bytes, size_t size)
{
	struct taken *t = userdata;

	if (t->size + size > t->room)
		return false;
	memcpy(t->bytes + t->size, bytes, size);
	t->size += size;
	return true;
}

static const char *in_words(struct taken *t)
{
	size_t at = 4, n = 0;

	t->text[0] = '\0';
	if (!t->size)
		return t->text;
	assert_memory_equal(t->bytes, "\xfe" "bin", 4);
	while (at + 19 <= t->size) {
		const uint8_t *e = t->bytes + at;
		const char *word = e[4] == FDE ? "F" : e[4] == XID ? "x" : e[4] == QUERY ? "q" : e[4] == XA_PREPARE ? "p" : "?";

		if (e[4] == GTID)
			n += (size_t)snprintf(t->text + n, sizeof(t->text) - n, "%u", e[19] + e[20] * 256u);
		else
			n += (size_t)snprintf(t->text + n, sizeof(t->text) - n, "%s",
			    e[4] == WRITE_ROWS ? "r" : e[4] == ANNOTATE || e[4] == TABLE_MAP ? "" : word);
		at += e[9] + e[10] * 256u;
	}
	assert_int_equal(at, t->size);
	return t->text;
}

static struct binlog_cut cut_into(struct taken *t, uint64_t above)
{
	*t = (struct taken){ .room = sizeof(t->bytes) };
	return (struct binlog_cut){ .above_seq = above, .take = take, .userdata = t };
}

static void check_cut(const struct log *logs, unsigned count, uint64_t above, const char *expected)
{
	struct taken t;
	struct binlog_cut c = cut_into(&t, above);

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(binlog_cut(&c, logs[i].bytes, logs[i].size), 0);
	assert_string_equal(in_words(&t), expected);
}

static struct log all_kinds(void)
{
	struct log l = begin(0);

	put_list(&l, 4);
	put_event(&l, CHECKPOINT, "binlog.1", 8, 0);
	put_transaction(&l, 5);
	put_gtid(&l, 6, 1);
	put_query(&l, "CREATE TABLE t(a INT)");
	put_gtid(&l, 7, 0);
	put_query(&l, "INSERT INTO t VALUES ('COMMIT')");
	put_query(&l, "COMMIT");
	put_gtid(&l, 8, 0);
	put_rows(&l);
	put_query(&l, "ROLLBACK");
	put_gtid(&l, 9, 0);
	put_rows(&l);
	put_event(&l, XA_PREPARE, "prepare", 7, 0);
	put_transaction(&l, 300);
	put_event(&l, ROTATE, "12345678binlog.3", 16, 0);
	return l;
}

static void test_whole_groups_of_every_kind(void **state)
{
	struct log l = all_kinds();
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), 0);
	assert_string_equal(in_words(&t), "F5rx6q7qq8rq9rp300rx");
	assert_int_equal(c.groups, 6);
	assert_int_equal(c.stumps, 0);
	assert_int_equal(c.last.seq, 300);
	assert_int_equal(c.taken.seq, 300);
	assert_int_equal(c.taken.server, 1);
	check_cut(&l, 1, 4, "F5rx6q7qq8rq9rp300rx");
	check_cut(&l, 1, 7, "F8rq9rp300rx");
	check_cut(&l, 1, 299, "F300rx");
	check_cut(&l, 1, 300, "F");
}

static void test_every_torn_end_yields_whole_groups(void **state)
{
	static const char *const words[] = { "", "F", "F5rx", "F5rx6q", "F5rx6q7qq", "F5rx6q7qq8rq", "F5rx6q7qq8rq9rp",
		"F5rx6q7qq8rq9rp300rx" };
	struct log l = all_kinds();
	unsigned reached = 0;

	(void)state;
	for (size_t n = 0; n <= l.size; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		struct taken t;
		struct binlog_cut c = cut_into(&t, 0);

		assert_non_null(exact);
		memcpy(exact, l.bytes, n);
		assert_int_equal(binlog_cut(&c, exact, n), n < 4 ? BINLOG_NO_LOG : 0);
		if (reached < 7 && strcmp(in_words(&t), words[reached]) != 0)
			reached++;
		assert_string_equal(in_words(&t), words[reached]);
		assert_int_equal(c.groups, reached < 2 ? 0 : reached - 1);
		(void)binlog_first_seq(exact, n);
		free(exact);
	}
	assert_int_equal(reached, 7);
}

/* The IO thread was cut off in the middle of 6 and got it again from its beginning. */
static void test_stump_in_the_middle_is_not_committed_by_what_follows(void **state)
{
	struct log l = begin(RELAY);
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	put_transaction(&l, 5);
	put_gtid(&l, 6, 0);
	put_rows(&l);
	put_event(&l, FDE, "format", 6, 0);
	put_transaction(&l, 6);
	put_gtid(&l, 7, 0);
	put_rows(&l);
	put_transaction(&l, 7);
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), 0);
	assert_string_equal(in_words(&t), "F5rxF6rx7rx");
	assert_int_equal(c.stumps, 2);
	/* The active restarted, and has something else now. */
	l.size = 0;
	l = begin(RELAY);
	put_gtid(&l, 6, 0);
	put_rows(&l);
	put_event(&l, FDE, "format", 6, 0);
	put_event(&l, XID, "12345678", 8, 0);
	put_transaction(&l, 7);
	check_cut(&l, 1, 0, "FF7rx");
}

static void test_each_group_once_and_in_rising_order(void **state)
{
	struct log l[2] = { begin(0), begin(0) };

	(void)state;
	put_transaction(&l[0], 5);
	put_transaction(&l[0], 7);
	put_transaction(&l[0], 6);
	put_transaction(&l[0], 7);
	put_transaction(&l[1], 5);
	put_transaction(&l[1], 8);
	check_cut(l, 1, 0, "F5rx7rx");
	check_cut(l, 2, 0, "F5rx7rxF8rx");
	check_cut(l, 2, 7, "FF8rx");
}

/* A relay log is rotated where it is full, and at a new connection: in the middle of a group, too. */
static void test_a_group_goes_on_in_the_next_file(void **state)
{
	struct log l[3] = { begin(RELAY), begin(RELAY), begin(RELAY) };

	(void)state;
	put_transaction(&l[0], 5);
	put_gtid(&l[0], 6, 0);
	put_rows(&l[0]);
	put_event(&l[0], ROTATE, "12345678relay.2", 15, 0);
	put_event(&l[1], FDE, "format", 6, 0);
	put_rows(&l[1]);
	put_event(&l[1], ROTATE, "12345678relay.3", 15, 0);
	put_event(&l[2], FDE, "format", 6, 0);
	check_cut(l, 3, 0, "F5rxFFFF");
	put_event(&l[2], XID, "12345678", 8, 0);
	put_transaction(&l[2], 7);
	check_cut(l, 3, 0, "F5rxFFFF6rrx7rx");
	check_cut(l, 3, 6, "FFFFF7rx");
	/* The file with its beginning has been applied and purged. */
	check_cut(&l[2], 1, 6, "FF7rx");
	/* Every end at which it was not rotated: power was cut. */
	for (size_t n = l[0].size - 1; n > l[0].size - 19 - 15 - CHECKSUM_BYTES; n--) {
		struct log torn[2] = { l[0], l[2] };

		torn[0].size = n;
		check_cut(torn, 2, 0, "F5rxFF7rx");
	}
}

static void test_a_group_is_not_continued_by_another(void **state)
{
	struct log l[2] = { begin(RELAY), begin(RELAY) };
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	put_gtid(&l[0], 6, 0);
	put_rows(&l[0]);
	put_event(&l[0], ROTATE, "12345678relay.2", 15, 0);
	put_event(&l[1], ROTATE, "12345678binlog.1", 16, 0);
	put_event(&l[1], FDE, "format", 6, 0);
	put_list(&l[1], 5);
	put_transaction(&l[1], 6);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(binlog_cut(&c, l[i].bytes, l[i].size), 0);
	assert_string_equal(in_words(&t), "FFF6rx");
	assert_int_equal(c.stumps, 1);
}

static void test_a_group_in_too_many_files_is_refused(void **state)
{
	struct log first = begin(RELAY), next = begin(RELAY);
	struct log *copies = calloc(BINLOG_PARTS_MAX + 1, sizeof(*copies));
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	assert_non_null(copies);
	put_gtid(&first, 6, 0);
	put_rows(&next);
	copies[0] = first;
	for (unsigned i = 1; i <= BINLOG_PARTS_MAX; i++)
		copies[i] = next;
	for (unsigned i = 0; i < BINLOG_PARTS_MAX; i++)
		assert_int_equal(binlog_cut(&c, copies[i].bytes, copies[i].size), 0);
	assert_int_equal(binlog_cut(&c, copies[BINLOG_PARTS_MAX].bytes, copies[BINLOG_PARTS_MAX].size), BINLOG_NO_LOG);
	free(copies);
}

static void test_other_files_are_refused(void **state)
{
	struct log l = begin(0), other = all_kinds();
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	put_event(&l, START_ENCRYPTION, "key", 3, 0);
	put_transaction(&l, 5);
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), BINLOG_NO_LOG);
	assert_string_equal(in_words(&t), "F");
	for (unsigned i = 0; i < 4; i++) {
		other.bytes[i] ^= 1;
		assert_int_equal(binlog_cut(&c, other.bytes, other.size), BINLOG_NO_LOG);
		assert_int_equal(binlog_first_seq(other.bytes, other.size), UINT64_MAX);
		other.bytes[i] ^= 1;
	}
	l = begin(0);
	put_event(&l, GTID, "short", 5, 0);
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), BINLOG_NO_LOG);
}

/* Under a sanitizer: nothing outside is read, whatever the bytes say. */
static void test_garbage_is_survived(void **state)
{
	static const uint8_t garbage[] = { 0x00, 0x01, 0x12, 0x13, 0x7f, 0x80, 0xff, GTID, FDE, XID };
	struct log l = all_kinds();
	uint8_t *exact = malloc(l.size);

	(void)state;
	assert_non_null(exact);
	for (size_t n = 0; n < l.size; n++) {
		for (size_t i = 0; i < sizeof(garbage); i++) {
			struct taken t;
			struct binlog_cut c = cut_into(&t, 0);
			int code;

			memcpy(exact, l.bytes, l.size);
			exact[n] = garbage[i];
			if (n + 1 < l.size && i % 2)
				exact[n + 1] = garbage[i];
			code = binlog_cut(&c, exact, l.size);
			assert_true(code == 0 || code == BINLOG_NO_LOG);
			(void)binlog_first_seq(exact, l.size);
		}
	}
	free(exact);
}

static void test_what_cannot_be_written_stops(void **state)
{
	struct log l = all_kinds();
	struct taken t;
	struct binlog_cut whole = cut_into(&t, 0);
	size_t size;

	(void)state;
	assert_int_equal(binlog_cut(&whole, l.bytes, l.size), 0);
	size = t.size;
	for (size_t room = 0; room < size; room++) {
		struct binlog_cut c = cut_into(&t, 0);

		t.room = room;
		assert_int_equal(binlog_cut(&c, l.bytes, l.size), BINLOG_STOPPED);
		assert_true(c.groups < 6);
	}
}

static void test_what_the_logs_before_held(void **state)
{
	struct log own = begin(0), first = begin(0), relay = begin(RELAY), none = begin(0);

	(void)state;
	put_list(&own, 41);
	put_list(&first, 0);
	put_list(&relay, 41);
	put_transaction(&none, 5);
	assert_int_equal(binlog_first_seq(own.bytes, own.size), 41);
	assert_int_equal(binlog_first_seq(first.bytes, first.size), 0);
	/* The active's list of its own files, which a relay log repeats at each connection, is not about relay logs. */
	assert_int_equal(binlog_first_seq(relay.bytes, relay.size), UINT64_MAX);
	relay = begin(0);
	put_event(&relay, ROTATE, "12345678binlog.1", 16, 0);
	put_event(&relay, FDE, "format", 6, 0);
	put_list(&relay, 41);
	assert_int_equal(binlog_first_seq(relay.bytes, relay.size), UINT64_MAX);
	assert_int_equal(binlog_first_seq(none.bytes, none.size), UINT64_MAX);
	assert_int_equal(binlog_first_seq(none.bytes, 4), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_groups_of_every_kind),
		cmocka_unit_test(test_every_torn_end_yields_whole_groups),
		cmocka_unit_test(test_stump_in_the_middle_is_not_committed_by_what_follows),
		cmocka_unit_test(test_each_group_once_and_in_rising_order),
		cmocka_unit_test(test_a_group_goes_on_in_the_next_file),
		cmocka_unit_test(test_a_group_is_not_continued_by_another),
		cmocka_unit_test(test_a_group_in_too_many_files_is_refused),
		cmocka_unit_test(test_other_files_are_refused),
		cmocka_unit_test(test_garbage_is_survived),
		cmocka_unit_test(test_what_cannot_be_written_stops),
		cmocka_unit_test(test_what_the_logs_before_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
