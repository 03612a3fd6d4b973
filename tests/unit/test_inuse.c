/* The mark of a binary log that is in use: which file gets it, and which does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/inuse.h"

#define FLAGS_AT 21

static char dir[64];

/* As mariadbd 10.11 begins one and has closed it. */
static const uint8_t closed[40] = {
    0xfe, 'b', 'i', 'n', 0xfb, 0x66, 0x03, 0x6b, 15, 1, 0, 0, 0, 0xfc, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, '1', '0'};

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_inuse.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"binlog.000001", "binlog.000002", "binlog.000003", "binlog.index"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(in_dir(names[i]));
	return rmdir(dir);
}

static void put(const char *name, const void *bytes, size_t size)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

/* Is it as it was, but for the mark? */
static bool is_marked(const char *name)
{
	uint8_t bytes[sizeof(closed)];
	FILE *f = fopen(in_dir(name), "r");
	bool ret;

	assert_non_null(f);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	assert_int_equal(fgetc(f), EOF);
	(void)fclose(f);
	ret = bytes[FLAGS_AT] & 1;
	bytes[FLAGS_AT] = 0;
	assert_memory_equal(bytes, closed, sizeof(closed));
	return ret;
}

static int look(void)
{
	struct errbuf e = {""};

	return inuse_mark(dir, &e);
}

static void test_the_last_log_is_marked_once(void **state)
{
	(void)state;
	put("binlog.000001", closed, sizeof(closed));
	put("binlog.000002", closed, sizeof(closed));
	put("binlog.000003", closed, sizeof(closed));
	put("binlog.index", "./binlog.000001\n./binlog.000002\n", 32);
	assert_int_equal(look(), 1);
	assert_true(is_marked("binlog.000002"));
	assert_false(is_marked("binlog.000001"));
	assert_false(is_marked("binlog.000003"));
	assert_int_equal(look(), 0);
	assert_true(is_marked("binlog.000002"));
}

static void test_where_there_is_no_log_nothing_is_done(void **state)
{
	(void)state;
	assert_int_equal(look(), 0);
	put("binlog.index", "", 0);
	assert_int_equal(look(), 0);
	put("binlog.index", "./binlog.000001\n", 16);
	assert_int_equal(look(), 0);
	assert_int_equal(access(in_dir("binlog.000001"), F_OK), -1);
}

static void test_what_is_no_log_stays_as_it_is(void **state)
{
	uint8_t other[sizeof(closed)];
	char path[128];

	(void)state;
	put("binlog.index", "./binlog.000001\n", 16);
	put("binlog.000001", closed, 20);
	assert_int_equal(look(), 0);
	memcpy(other, closed, sizeof(other));
	other[8] = 2;
	put("binlog.000001", other, sizeof(other));
	assert_int_equal(look(), 0);
	/* What somebody else has by another name. */
	put("other", closed, sizeof(closed));
	(void)snprintf(path, sizeof(path), "%s", in_dir("other"));
	assert_int_equal(unlink(in_dir("binlog.000001")), 0);
	assert_int_equal(symlink("other", in_dir("binlog.000001")), 0);
	assert_int_equal(look(), 0);
	assert_int_equal(unlink(in_dir("binlog.000001")), 0);
	assert_int_equal(link(path, in_dir("binlog.000001")), 0);
	assert_int_equal(look(), 0);
	assert_false(is_marked("other"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(look(), 1);
	/* Nor one before the last line, whatever that names. */
	put("binlog.000001", closed, sizeof(closed));
	put("binlog.index", "./binlog.000001\n/etc/binlog.000002\n", 35);
	assert_int_equal(look(), 0);
	put("binlog.index", "./binlog.000001\n../binlog.000002\n\n", 35);
	assert_int_equal(look(), 0);
	assert_false(is_marked("binlog.000001"));
	assert_int_equal(unlink(in_dir("binlog.index")), 0);
	assert_int_equal(symlink("binlog.000001", in_dir("binlog.index")), 0);
	assert_int_equal(look(), 0);
}

static void test_what_cannot_be_read_is_said(void **state)
{
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(mkdir(in_dir("binlog.000001"), 0700), 0);
	put("binlog.index", "./binlog.000001\n", 16);
	assert_true(inuse_mark(dir, &e) < 0);
	assert_non_null(strstr(e.text, "binlog.000001"));
	assert_int_equal(unlink(in_dir("binlog.index")), 0);
	assert_int_equal(mkfifo(in_dir("binlog.index"), 0600), 0);
	assert_int_equal(inuse_mark(dir, &e), -EINVAL); /* and does not wait for a writer */
	assert_non_null(strstr(e.text, "binlog.index"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_the_last_log_is_marked_once, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(test_where_there_is_no_log_nothing_is_done, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(test_what_is_no_log_stays_as_it_is, make_dir, remove_dir),
	    cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_said, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
