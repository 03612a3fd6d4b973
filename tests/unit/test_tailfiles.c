/* Which of the exports that lie there is the one that was just made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/tailfiles.h"

static char directory[] = "/tmp/test_tailfiles.XXXXXX";

static const char *in(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void lay(const char *name, const char *text)
{
	FILE *f = fopen(in(name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool has(const char *name, const char *found)
{
	char path[128] = "";
	bool ret;

	ret = tailfiles_has(in(name), path, sizeof(path));
	if (ret)
		assert_string_equal(path, in(found));
	return ret;
}

static void test_the_same_one_is_found(void **state)
{
	static const char *const names[] = {"epoch-7-20261123T090000Z", "epoch-7-20261123T090000Z.summary",
	    "epoch-7-20261123T090500Z", "epoch-77-20261123T090500Z", "epoch-7-20261123T090500Z-received",
	    "epoch-7-20261123T090600Z-received.summary", "epoch-7-20261123T090600Z-received",
	    "epoch-7-20261123T080000Z"};

	(void)state;
	lay("epoch-7-20261123T090500Z", "the same");
	assert_false(has("epoch-7-20261123T090500Z", "")); /* itself */
	lay("epoch-7-20261123T080000Z", "the same");
	assert_false(has("epoch-7-20261123T090500Z", "")); /* not whole: it has no summary */
	lay("epoch-7-20261123T090000Z", "the same");
	lay("epoch-7-20261123T090000Z.summary", "");
	assert_true(has("epoch-7-20261123T090500Z", "epoch-7-20261123T090000Z"));
	lay("epoch-7-20261123T090500Z", "the same, and more");
	assert_false(has("epoch-7-20261123T090500Z", ""));
	lay("epoch-77-20261123T090500Z", "the same");
	assert_false(has("epoch-77-20261123T090500Z", "")); /* of another epoch */
	lay("epoch-7-20261123T090500Z-received", "the same");
	assert_false(has("epoch-7-20261123T090500Z-received", "")); /* of the other logs */
	lay("epoch-7-20261123T090600Z-received", "the same");
	lay("epoch-7-20261123T090600Z-received.summary", "");
	assert_true(has("epoch-7-20261123T090500Z-received", "epoch-7-20261123T090600Z-received"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(unlink(in(names[i])), 0);
	assert_false(has("epoch-7-20261123T090500Z", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_same_one_is_found)};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(directory) || failed;
}
