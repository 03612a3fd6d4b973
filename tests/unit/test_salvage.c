/* What is taken out of the logs in a data directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/salvage.h"
#include "tests/unit/make_log.h"

#define PATH_BYTES 128

static char dir[] = "/tmp/holdfast-salvage-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	FILE *f = fopen(path_of(name), "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

static void write_log(const char *name, const struct log *l)
{
	write_file(name, l->bytes, l->size);
}

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"relay.index", "relay.000001", "relay.000002", "relay.000003",
	    "binlog.index", "binlog.000001", "binlog.000002", "out"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	return rmdir(dir);
}

static int cut(const char *index, uint64_t above, struct salvage_result *ret, char words[static 256])
{
	static uint8_t bytes[4 * LOG_BYTES];
	char target[PATH_BYTES];
	struct errbuf e = {""};
	size_t size = 0;
	FILE *f;
	int code;

	memcpy(target, path_of("out"), PATH_BYTES);
	code = salvage_cut(dir, index, (struct gtid){0, 1, above}, target, ret, &e);
	assert_int_equal(code != 0, e.text[0] != '\0');
	f = fopen(target, "re");
	if (f) {
		size = fread(bytes, 1, sizeof(bytes), f);
		(void)fclose(f);
	}
	/* No groups: no file. */
	assert_int_equal(f != NULL, code == 0 && ret->groups > 0);
	log_in_words(bytes, size, words, 256);
	return code;
}

static void check_cut(const char *index, uint64_t above, uint64_t groups, uint64_t last, const char *expected)
{
	struct salvage_result r;
	char words[256];

	assert_int_equal(cut(index, above, &r, words), 0);
	assert_string_equal(words, expected);
	assert_int_equal(r.groups, groups);
	assert_int_equal(r.last.seq, last);
}

/* After a reconnect: the second file begins with the list of the active's own log, which began long ago. */
static void test_relay_logs_before_a_reconnect_are_read(void **state)
{
	struct log one = log_begin(RELAY), two = log_begin(RELAY);

	(void)state;
	log_put_transaction(&one, 5);
	log_put_transaction(&one, 6);
	log_put_event(&two, ROTATE, "12345678binlog.1", 16, 0);
	log_put_event(&two, FDE, "format", 6, 0);
	log_put_list(&two, 3);
	log_put_list(&two, 6);
	log_put_transaction(&two, 7);
	write_log("relay.000001", &one);
	write_log("relay.000002", &two);
	write_text("relay.index", "./relay.000001\n./relay.000002\n");
	check_cut("relay.index", 4, 3, 7, "F5rx6rxFF7rx");
	check_cut("relay.index", 6, 1, 7, "FFF7rx");
	check_cut("relay.index", 7, 0, 7, "");
}

static void test_a_group_over_two_files(void **state)
{
	struct log one = log_begin(RELAY), two = log_begin(RELAY);

	(void)state;
	log_put_gtid(&one, 5, 0);
	log_put_rows(&one);
	log_put_event(&one, ROTATE, "12345678relay.2", 15, 0);
	log_put_event(&two, XID, "12345678", 8, 0);
	log_put_gtid(&two, 6, 0);
	log_put_rows(&two);
	write_log("relay.000001", &one);
	write_log("relay.000002", &two);
	/* A file that was created and never written; an empty line; a whole path. */
	write_text("relay.000003", "");
	write_text("relay.index", "relay.000001\n\n");
	check_cut("relay.index", 4, 0, 0, "");
	{
		char index[3 * PATH_BYTES];

		(void)snprintf(index, sizeof(index), "relay.000001\n\n%s/relay.000002\n./relay.000003", dir);
		write_text("relay.index", index);
	}
	check_cut("relay.index", 4, 1, 5, "FF5rx");
}

static void test_own_logs_that_are_older_are_not_read(void **state)
{
	struct log two = log_begin(0);

	(void)state;
	log_put_list(&two, 6);
	log_put_transaction(&two, 7);
	log_put_transaction(&two, 8);
	write_text("binlog.000001", "no log");
	write_log("binlog.000002", &two);
	write_text("binlog.index", "./binlog.000001\n./binlog.000002\n");
	check_cut("binlog.index", 6, 2, 8, "F7rx8rx");
	check_cut("binlog.index", 7, 1, 8, "F8rx");
	{
		struct salvage_result r;
		char words[256];

		assert_int_equal(cut("binlog.index", 5, &r, words), -EINVAL);
		assert_int_equal(r.groups, 0);
	}
}

static void test_nothing_there_and_something_missing(void **state)
{
	struct salvage_result r;
	char words[256], index[2 * PATH_BYTES + 64];
	struct log one = log_begin(RELAY);
	struct errbuf e;

	(void)state;
	check_cut("relay.index", 0, 0, 0, "");
	log_put_transaction(&one, 5);
	write_log("relay.000001", &one);
	write_text("relay.index", "./relay.000001\n./relay.000002\n");
	assert_int_equal(cut("relay.index", 0, &r, words), -ENOENT);
	assert_int_equal(r.groups, 0);
	write_text("relay.000002", "no log");
	assert_int_equal(cut("relay.index", 0, &r, words), -EINVAL);
	assert_int_equal(salvage_cut(dir, "relay.index", (struct gtid){0}, "/nowhere/out", &r, &e), -ENOENT);
	memset(index, 'x', sizeof(index) - 1);
	index[sizeof(index) - 1] = '\0';
	write_text("relay.index", index);
	assert_true(cut("relay.index", 0, &r, words) < 0);
}

static void test_sync(void **state)
{
	struct errbuf e;

	(void)state;
	assert_int_equal(salvage_sync(dir, "relay.index", &e), 0);
	write_text("relay.000002", "anything");
	write_text("relay.index", "./relay.000001\n./relay.000002\n");
	assert_int_equal(salvage_sync(dir, "relay.index", &e), 0);
	write_text("relay.index", "/proc/self/mem/relay.000002\n");
	assert_int_equal(salvage_sync(dir, "relay.index", &e), -ENOTDIR);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(test_relay_logs_before_a_reconnect_are_read),
	    IN_DIR(test_a_group_over_two_files),
	    IN_DIR(test_own_logs_that_are_older_are_not_read),
	    IN_DIR(test_nothing_there_and_something_missing),
	    IN_DIR(test_sync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
