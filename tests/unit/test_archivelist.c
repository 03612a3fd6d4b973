/* What an archive of logs has by the names of its files, and whether all of it is of one history. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/archivelist.h"
#include "replication/copydir.h"

#define CLUSTER "0123456789abcdef"

static char dir[] = "/tmp/holdfast-archive.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return copydir_remove(dir, NULL);
}

static void touch(const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, "12345", 5) == 5);
	close(fd);
}

static void add(uint64_t epoch, uint64_t first, uint64_t last)
{
	char path[ARCHIVELIST_PATH_BYTES];

	archivelist_path(path, dir, CLUSTER, &(struct archive_file){.epoch = epoch, .first = first, .last = last});
	touch(path + strlen(dir) + 1);
}

static struct archivelist read_all(void)
{
	struct archivelist all;

	assert_int_equal(archivelist_read(dir, CLUSTER, &all, NULL), 0);
	return all;
}

static void test_names(void **state)
{
	struct archivelist all;

	(void)state;
	add(10, 501, 600);
	add(9, 1, 400);
	add(9, 300, 500);
	touch("unfinished.binlog");
	touch(CLUSTER "-00000000000000000001-00000000000000000001-00000000000000000002.binlog.gz");
	touch(CLUSTER "-00000000000000000001-00000000000000000003-00000000000000000002.binlog");
	touch(CLUSTER "-00000000000000000001-00000000000000000000-00000000000000000002.binlog");
	touch(CLUSTER "-00000000000000000001-0000000000000000000x-00000000000000000002.binlog");
	touch(CLUSTER "-00000000000000000001-00000000000000000001-18446744073709551616.binlog");
	touch("1123456789abcdef-00000000000000000001-00000000000000000001-00000000000000000002.binlog");
	all = read_all();
	assert_int_equal(all.count, 3);
	assert_int_equal(all.file[1].first, 300);
	assert_int_equal(all.file[2].epoch, 10);
	assert_int_equal(all.file[2].bytes, 5);
	assert_int_equal(archivelist_check(&all, NULL, dir, NULL), 0);
	assert_int_equal(archivelist_end(&all).last, 600);
	assert_int_equal(archivelist_end(&all).epoch, 10);
	archivelist_free(&all);
	assert_int_equal(archivelist_read("/nowhere", CLUSTER, &all, NULL), -ENOENT);
	archivelist_free(&all);
}

static void test_no_plain_file(void **state)
{
	struct archivelist all;
	char path[ARCHIVELIST_PATH_BYTES];

	(void)state;
	archivelist_path(path, dir, CLUSTER, &(struct archive_file){.epoch = 1, .first = 1, .last = 2});
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(archivelist_read(dir, CLUSTER, &all, NULL), -EINVAL);
	archivelist_free(&all);
}

static int check_from(uint64_t epoch, uint64_t seq)
{
	struct archivelist all = read_all();
	const struct archive_file begin = {.epoch = epoch, .first = seq, .last = seq};
	int code = archivelist_check(&all, epoch ? &begin : NULL, dir, NULL);

	archivelist_free(&all);
	return code;
}

/* Number 451 came twice: in epoch 3, and in epoch 5, which somebody forced. */
static void test_two_histories(void **state)
{
	(void)state;
	add(3, 1, 450);
	add(5, 451, 600);
	assert_int_equal(check_from(0, 0), 0);
	assert_int_equal(check_from(3, 450), 0);
	assert_int_equal(check_from(3, 451), -ESTALE); /* a backup that has the other 451 */
	assert_int_equal(check_from(4, 450), 0);
	assert_int_equal(check_from(4, 449), -ESTALE); /* 450 is of epoch 3 here */
	assert_int_equal(check_from(5, 500), 0);
	assert_int_equal(check_from(7, 700), 0);
	add(3, 440, 500);
	assert_int_equal(check_from(0, 0), -ESTALE);
	assert_int_equal(check_from(3, 400), -ESTALE);
	assert_int_equal(check_from(5, 460), -ESTALE);
	assert_int_equal(check_from(5, 520), 0); /* what was before the backup is of no importance */
}

static void test_empty(void **state)
{
	struct archivelist all = read_all();

	(void)state;
	assert_int_equal(archivelist_check(&all, NULL, dir, NULL), 0);
	assert_int_equal(archivelist_end(&all).last, 0);
	archivelist_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_plain_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_two_histories, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("archivelist", tests, NULL, NULL);
}
