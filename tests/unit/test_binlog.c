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
#include "replication/crc32.h"
#include "tests/unit/make_log.h"

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
	log_in_words(t->bytes, t->size, t->text, sizeof(t->text));
	return t->text;
}

static struct binlog_cut cut_into(struct taken *t, uint64_t above)
{
	*t = (struct taken){.room = sizeof(t->bytes)};
	return (struct binlog_cut){.above_seq = above, .take = take, .userdata = t};
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
	struct log l = log_begin(0);

	log_put_list(&l, 4);
	log_put_event(&l, CHECKPOINT, "binlog.1", 8, 0);
	log_put_transaction(&l, 5);
	log_put_gtid(&l, 6, 1);
	log_put_query(&l, "CREATE TABLE t(a INT)");
	log_put_gtid(&l, 7, 0);
	log_put_query(&l, "INSERT INTO t VALUES ('COMMIT')");
	log_put_query(&l, "COMMIT");
	log_put_gtid(&l, 8, 0);
	log_put_rows(&l);
	log_put_query(&l, "ROLLBACK");
	log_put_gtid(&l, 9, 0);
	log_put_rows(&l);
	log_put_event(&l, XA_PREPARE, "prepare", 7, 0);
	log_put_transaction(&l, 300);
	log_put_event(&l, ROTATE, "12345678binlog.3", 16, 0);
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
	static const char *const words[] = {
	    "", "F", "F5rx", "F5rx6q", "F5rx6q7qq", "F5rx6q7qq8rq", "F5rx6q7qq8rq9rp", "F5rx6q7qq8rq9rp300rx"};
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
	struct log l = log_begin(RELAY);
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	log_put_transaction(&l, 5);
	log_put_gtid(&l, 6, 0);
	log_put_rows(&l);
	log_put_event(&l, FDE, "format", 6, 0);
	log_put_transaction(&l, 6);
	log_put_gtid(&l, 7, 0);
	log_put_rows(&l);
	log_put_transaction(&l, 7);
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), 0);
	assert_string_equal(in_words(&t), "F5rxF6rx7rx");
	assert_int_equal(c.stumps, 2);
	/* The active restarted, and has something else now. */
	l.size = 0;
	l = log_begin(RELAY);
	log_put_gtid(&l, 6, 0);
	log_put_rows(&l);
	log_put_event(&l, FDE, "format", 6, 0);
	log_put_event(&l, XID, "12345678", 8, 0);
	log_put_transaction(&l, 7);
	check_cut(&l, 1, 0, "FF7rx");
}

static void test_each_group_once_and_in_rising_order(void **state)
{
	struct log l[2] = {log_begin(0), log_begin(0)};

	(void)state;
	log_put_transaction(&l[0], 5);
	log_put_transaction(&l[0], 7);
	log_put_transaction(&l[0], 6);
	log_put_transaction(&l[0], 7);
	log_put_transaction(&l[1], 5);
	log_put_transaction(&l[1], 8);
	check_cut(l, 1, 0, "F5rx7rx");
	check_cut(l, 2, 0, "F5rx7rxF8rx");
	check_cut(l, 2, 7, "FF8rx");
}

/* A relay log is rotated where it is full, and at a new connection: in the middle of a group, too. */
static void test_a_group_goes_on_in_the_next_file(void **state)
{
	struct log l[3] = {log_begin(RELAY), log_begin(RELAY), log_begin(RELAY)};

	(void)state;
	log_put_transaction(&l[0], 5);
	log_put_gtid(&l[0], 6, 0);
	log_put_rows(&l[0]);
	log_put_event(&l[0], ROTATE, "12345678relay.2", 15, 0);
	log_put_event(&l[1], FDE, "format", 6, 0);
	log_put_rows(&l[1]);
	log_put_event(&l[1], ROTATE, "12345678relay.3", 15, 0);
	log_put_event(&l[2], FDE, "format", 6, 0);
	check_cut(l, 3, 0, "F5rxFFFF");
	log_put_event(&l[2], XID, "12345678", 8, 0);
	log_put_transaction(&l[2], 7);
	check_cut(l, 3, 0, "F5rxFFFF6rrx7rx");
	check_cut(l, 3, 6, "FFFFF7rx");
	/* The file with its beginning has been applied and purged. */
	check_cut(&l[2], 1, 6, "FF7rx");
	/* Every end at which it was not rotated: power was cut. */
	for (size_t n = l[0].size - 1; n > l[0].size - 19 - 15 - LOG_CHECKSUM_BYTES; n--) {
		struct log torn[2] = {l[0], l[2]};

		torn[0].size = n;
		check_cut(torn, 2, 0, "F5rxFF7rx");
	}
}

static void test_a_group_is_not_continued_by_another(void **state)
{
	struct log l[2] = {log_begin(RELAY), log_begin(RELAY)};
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	log_put_gtid(&l[0], 6, 0);
	log_put_rows(&l[0]);
	log_put_event(&l[0], ROTATE, "12345678relay.2", 15, 0);
	log_put_event(&l[1], ROTATE, "12345678binlog.1", 16, 0);
	log_put_event(&l[1], FDE, "format", 6, 0);
	log_put_list(&l[1], 5);
	log_put_transaction(&l[1], 6);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(binlog_cut(&c, l[i].bytes, l[i].size), 0);
	assert_string_equal(in_words(&t), "FFF6rx");
	assert_int_equal(c.stumps, 1);
}

static void test_a_group_in_too_many_files_is_refused(void **state)
{
	struct log first = log_begin(RELAY), next = log_begin(RELAY);
	struct log *copies = calloc(BINLOG_PARTS_MAX + 1, sizeof(*copies));
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	assert_non_null(copies);
	log_put_gtid(&first, 6, 0);
	log_put_rows(&next);
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
	struct log l = log_begin(0), other = all_kinds();
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	log_put_event(&l, START_ENCRYPTION, "key", 3, 0);
	log_put_transaction(&l, 5);
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), BINLOG_NO_LOG);
	assert_string_equal(in_words(&t), "F");
	for (unsigned i = 0; i < 4; i++) {
		other.bytes[i] ^= 1;
		assert_int_equal(binlog_cut(&c, other.bytes, other.size), BINLOG_NO_LOG);
		assert_int_equal(binlog_first_seq(other.bytes, other.size), UINT64_MAX);
		other.bytes[i] ^= 1;
	}
	l = log_begin(0);
	log_put_event(&l, GTID, "short", 5, 0);
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), BINLOG_NO_LOG);
}

/* Under a sanitizer: nothing outside is read, whatever the bytes say. */
static void test_garbage_is_survived(void **state)
{
	static const uint8_t garbage[] = {0x00, 0x01, 0x12, 0x13, 0x7f, 0x80, 0xff, GTID, FDE, XID};
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
	struct log own = log_begin(0), first = log_begin(0), relay = log_begin(RELAY), none = log_begin(0);

	(void)state;
	log_put_list(&own, 41);
	log_put_list(&first, 0);
	log_put_list(&relay, 41);
	log_put_transaction(&none, 5);
	assert_int_equal(binlog_first_seq(own.bytes, own.size), 41);
	assert_int_equal(binlog_first_seq(first.bytes, first.size), 0);
	/* The active's list of its own files, which a relay log repeats at each connection, is not about relay logs. */
	assert_int_equal(binlog_first_seq(relay.bytes, relay.size), UINT64_MAX);
	relay = log_begin(0);
	log_put_event(&relay, ROTATE, "12345678binlog.1", 16, 0);
	log_put_event(&relay, FDE, "format", 6, 0);
	log_put_list(&relay, 41);
	assert_int_equal(binlog_first_seq(relay.bytes, relay.size), UINT64_MAX);
	assert_int_equal(binlog_first_seq(none.bytes, none.size), UINT64_MAX);
	assert_int_equal(binlog_first_seq(none.bytes, 4), UINT64_MAX);
}

struct openings {
	struct taken taken;
	char text[64];
};

static bool take_too(void *userdata, const uint8_t *bytes, size_t size)
{
	return take(&((struct openings *)userdata)->taken, bytes, size);
}

static void note_opening(void *userdata, uint64_t seq, uint64_t epoch)
{
	char *text = ((struct openings *)userdata)->text;

	(void)snprintf(text + strlen(text), 64 - strlen(text), "%d:%d ", (int)seq, (int)epoch);
}

#define EPOCH_MAP "\1\2\3\4\5\6\0\0\10holdfast\0\15cluster_epoch\0\4"
#define EPOCH_ROW "\1\2\3\4\5\6\1\0\4\17\0\7\0\0\0\0\0\0\0\1b"

static void put_opening(struct log *l, uint64_t seq, const char *map, size_t map_size, const char *row, size_t row_size)
{
	log_put_gtid(l, seq, 0);
	log_put_event(l, TABLE_MAP, map, map_size, 0);
	log_put_event(l, 23, row, row_size, 0);
	log_put_event(l, XID, "12345678", 8, 0);
}

static void check_openings(const struct log *l, uint64_t above, uint64_t until, const char *expected)
{
	struct openings o = {.taken = {.room = sizeof(o.taken.bytes)}};
	struct binlog_cut c = {
	    .above_seq = above, .until_seq = until, .take = take_too, .opened = note_opening, .userdata = &o};

	assert_int_equal(binlog_cut(&c, l->bytes, l->size), 0);
	assert_string_equal(o.text, expected);
}

static void test_where_an_epoch_begins(void **state)
{
	static const char other_table[] = "\1\2\3\4\5\6\0\0\10holdfast\0\15cluster_epocs\0\4";
	static const char other_number[] = "\2\2\3\4\5\6\1\0\4\17\0\7\0\0\0\0\0\0\0\1b";
	static const char null_epoch[] = "\1\2\3\4\5\6\1\0\4\17\1\7\0\0\0\0\0\0\0\1b";
	static const char no_epoch[] = "\1\2\3\4\5\6\1\0\4\16\0\7\0\0\0\0\0\0\0\1b";
	struct log l = log_begin(0);

	(void)state;
	log_put_transaction(&l, 4);
	put_opening(&l, 5, EPOCH_MAP, sizeof(EPOCH_MAP), EPOCH_ROW, sizeof(EPOCH_ROW));
	log_put_transaction(&l, 6);
	put_opening(&l, 7, other_table, sizeof(other_table), EPOCH_ROW, sizeof(EPOCH_ROW));
	put_opening(&l, 8, EPOCH_MAP, sizeof(EPOCH_MAP), other_number, sizeof(other_number));
	put_opening(&l, 9, EPOCH_MAP, sizeof(EPOCH_MAP), null_epoch, sizeof(null_epoch));
	put_opening(&l, 10, EPOCH_MAP, sizeof(EPOCH_MAP), no_epoch, sizeof(no_epoch));
	put_opening(&l, 11, EPOCH_MAP, sizeof(EPOCH_MAP), EPOCH_ROW, sizeof(EPOCH_ROW));
	check_openings(&l, 0, 0, "5:7 11:7 ");
	check_openings(&l, 5, 0, "11:7 ");
	check_openings(&l, 0, 10, "5:7 ");
	check_openings(&l, 5, 10, "");
	/* Cut off anywhere, it says nothing. */
	for (size_t n = 0; n < 33; n++) {
		l = log_begin(0);
		put_opening(&l, 1, EPOCH_MAP, n, EPOCH_ROW, sizeof(EPOCH_ROW));
		if (n < 15)
			put_opening(&l, 2, EPOCH_MAP, sizeof(EPOCH_MAP), EPOCH_ROW, n);
		check_openings(&l, 0, 0, "");
	}
}

static void test_up_to(void **state)
{
	struct log l = all_kinds();
	struct taken t;
	struct binlog_cut c = cut_into(&t, 5);

	(void)state;
	c.until_seq = 7;
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), 0);
	assert_string_equal(in_words(&t), "F6q7qq");
	assert_int_equal(c.groups, 2);
	assert_int_equal(c.taken.seq, 7);
	assert_int_equal(c.last.seq, 300);
}

/* With sums, as a server writes them: the header says so, its last byte before its own. */
static void sum_event(struct log *l, size_t at)
{
	uint8_t *event = l->bytes + at;
	size_t size = (size_t)event[9] + 256u * event[10];
	uint8_t flags = event[17];
	uint32_t crc;

	if (event[4] == FDE)
		event[17] = 0;
	crc = crc32_add(0, event, size - LOG_CHECKSUM_BYTES);
	event[17] = flags;
	for (unsigned i = 0; i < LOG_CHECKSUM_BYTES; i++)
		event[size - LOG_CHECKSUM_BYTES + i] = (uint8_t)(crc >> 8 * i);
}

static struct log summed(void)
{
	struct log l = {.bytes = {0xfe, 'b', 'i', 'n'}, .size = 4};

	log_put_event(&l, FDE, "format\1", 7, 1);
	log_put_transaction(&l, 5);
	log_put_transaction(&l, 6);
	for (size_t at = 4; at < l.size; at += (size_t)l.bytes[at + 9] + 256u * l.bytes[at + 10])
		sum_event(&l, at);
	return l;
}

static void test_sums(void **state)
{
	static const uint8_t digits[] = "123456789";
	struct log l = summed();
	struct taken t;
	struct binlog_cut c = cut_into(&t, 0);

	(void)state;
	assert_int_equal(crc32_add(crc32_add(0, digits, 4), digits + 4, 5), 0xcbf43926);
	c.verify = true;
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), 0);
	assert_int_equal(c.groups, 2);
	/* Every byte, but those of the magic number, and the kind of the sums when it says that there are none. */
	for (size_t i = 4; i < l.size; i++) {
		struct log bad = l;

		bad.bytes[i] ^= 0x20;
		c = cut_into(&t, 0);
		c.verify = true;
		/* Either it is noticed, or nothing is taken from there on: a length that leads beyond the end. */
		assert_true(binlog_cut(&c, bad.bytes, bad.size) != 0 || c.groups < 2 || i == 4 + 19 + 6);
	}
	/* A log without sums has none to check. */
	l = all_kinds();
	c = cut_into(&t, 0);
	c.verify = true;
	assert_int_equal(binlog_cut(&c, l.bytes, l.size), 0);
	assert_int_equal(c.groups, 6);
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
	    cmocka_unit_test(test_where_an_epoch_begins),
	    cmocka_unit_test(test_up_to),
	    cmocka_unit_test(test_sums),
	    cmocka_unit_test(test_what_the_logs_before_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
