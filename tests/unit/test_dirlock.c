/* One process of a kind at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heartbeat/dirlock.h"

/* The exit status of another process that tries it: 0 when it got it. */
static int try_elsewhere(const char *path)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct errbuf e = {""};
		int fd = dirlock_take(path, &e);

		_exit(fd >= 0 ? 0 : fd == -EBUSY && strstr(e.text, path) ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_the_second_one_is_refused(void **state)
{
	char path[] = "/tmp/holdfast-dirlock-XXXXXX";
	struct errbuf e = {""};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(try_elsewhere(path), 0); /* and its end lets it go */
	fd = dirlock_take(path, &e);
	assert_true(fd >= 0);
	assert_int_equal(try_elsewhere(path), 1);
	assert_int_equal(dirlock_take(path, &e), -EBUSY);
	(void)close(fd);
	assert_int_equal(try_elsewhere(path), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(dirlock_take(path, &e), -ENOENT);
	assert_non_null(strstr(e.text, "No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_second_one_is_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
