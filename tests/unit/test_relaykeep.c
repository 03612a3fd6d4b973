/* The relay log's files are kept, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/relaykeep.h"

static char base[] = "/tmp/relaykeep.XXXXXX";

static const char *path(const char *name)
{
	static char text[2][256];
	static unsigned turn;

	turn = !turn;
	(void)snprintf(text[turn], sizeof(text[turn]), "%s/%s", base, name);
	return text[turn];
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path(name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void is(const char *name, const char *want)
{
	char text[64] = "";
	FILE *f = fopen(path(name), "re");

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text, want);
}

static unsigned count(const char *name)
{
	const struct dirent *d;
	DIR *dir = opendir(path(name));
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.';
	assert_int_equal(closedir(dir), 0);
	return n;
}

static void test_the_logs_are_kept(void **state)
{
	struct errbuf e = {""};
	char prefix[256];

	(void)state;
	assert_int_equal(mkdir(path("data"), 0700), 0);
	assert_int_equal(mkdir(path("kept"), 0700), 0);
	(void)snprintf(prefix, sizeof(prefix), "%s", path("kept/x"));
	assert_int_equal(relay_keep(path("data"), prefix, &e), 0);
	assert_int_equal(count("kept"), 0);
	put("data/relay.000001", "one");
	put("data/relay.000002", "two");
	put("data/relay.index", "./relay.000001");
	put("data/relay.", "?");
	put("data/binlog.000001", "own");
	assert_int_equal(relay_keep(path("data"), prefix, &e), 0);
	assert_int_equal(count("kept"), 2);
	/* RESET SLAVE ALL takes them away, and a later call has nothing to add. */
	assert_int_equal(unlink(path("data/relay.000001")), 0);
	is("kept/x.relay.000001", "one");
	is("kept/x.relay.000002", "two");
	assert_int_equal(relay_keep(path("data"), prefix, &e), 0);
	assert_int_equal(count("kept"), 2);
}

static void test_what_cannot_be_kept_is_told(void **state)
{
	struct errbuf e = {""};
	char prefix[256], longest[600];

	(void)state;
	assert_int_equal(relay_keep(path("nothing"), "x", &e), -ENOENT);
	assert_non_null(strstr(e.text, "nothing"));
	(void)snprintf(prefix, sizeof(prefix), "%s", path("no-such-directory/x"));
	assert_int_equal(relay_keep(path("data"), prefix, &e), -ENOENT);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(relay_keep(path("data"), longest, &e), -ENAMETOOLONG);
}

/* Another file system: /dev/shm, where there is one. */
static void test_on_another_file_system_it_is_copied(void **state)
{
	char there[] = "/dev/shm/relaykeep.XXXXXX", prefix[64], kept[80], text[16] = "";
	struct errbuf e = {""};
	struct stat here, other;
	FILE *f;

	(void)state;
	if (!mkdtemp(there) || stat(base, &here) || stat(there, &other) || here.st_dev == other.st_dev)
		skip();
	(void)snprintf(prefix, sizeof(prefix), "%s/x", there);
	(void)snprintf(kept, sizeof(kept), "%s.relay.000002", prefix);
	assert_int_equal(relay_keep(path("data"), prefix, &e), 0);
	f = fopen(kept, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text, "two");
	assert_int_equal(unlink(kept), 0);
	assert_int_equal(rmdir(there), 0);
}

static int make_base(void **state)
{
	(void)state;
	return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **state)
{
	static const char *const made[] = {"kept/x.relay.000001", "kept/x.relay.000002", "data/relay.000002",
	    "data/relay.index", "data/relay.", "data/binlog.000001", "kept", "data", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (remove(path(made[i])))
			return -1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_logs_are_kept),
	    cmocka_unit_test(test_what_cannot_be_kept_is_told),
	    cmocka_unit_test(test_on_another_file_system_it_is_copied),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
