/* mariadb-upgrade is asked for when the series is another, and only then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "replication/dataversion.h"

static void test_series_are_compared_as_numbers(void **state)
{
	static const struct {
		const char *data, *server;
		enum dataversion is;
	} cases[] = {
	    {"10.11.6-MariaDB", "10.11.19-MariaDB-0+deb12u1-log", DATAVERSION_SAME},
	    {"10.11.19-MariaDB\n", "10.11.6-MariaDB", DATAVERSION_SAME},
	    {"10.6.18-MariaDB", "10.11.19-MariaDB", DATAVERSION_OLDER},
	    {"10.11.19-MariaDB", "11.4.2-MariaDB", DATAVERSION_OLDER},
	    {"11.4.2-MariaDB", "11.8.1-MariaDB", DATAVERSION_OLDER},
	    {"11.4.2-MariaDB", "10.11.19-MariaDB", DATAVERSION_NEWER},
	    {"10.11.2-MariaDB", "10.6.22-MariaDB", DATAVERSION_NEWER},
	    {"", "10.11.19-MariaDB", DATAVERSION_UNKNOWN},
	    {"10.11.19-MariaDB", "", DATAVERSION_UNKNOWN},
	    {"garbage", "10.11.19-MariaDB", DATAVERSION_UNKNOWN},
	    {"10", "10.11.19-MariaDB", DATAVERSION_UNKNOWN},
	    {"-1.-1.", "10.11.19-MariaDB", DATAVERSION_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[LOCAL_REASON_BYTES] = "before";

		assert_int_equal(dataversion_compare(cases[i].data, cases[i].server), cases[i].is);
		assert_int_equal(dataversion_notice(cases[i].data, cases[i].server, text), cases[i].is);
		assert_int_equal(
		    strlen(text) > 0, cases[i].is == DATAVERSION_OLDER || cases[i].is == DATAVERSION_NEWER);
		assert_int_equal(strstr(text, "mariadb-upgrade") != NULL, cases[i].is == DATAVERSION_OLDER);
	}
}

static void test_what_is_told(void **state)
{
	char text[LOCAL_REASON_BYTES];

	(void)state;
	(void)dataversion_notice("10.6.18-MariaDB", "10.11.19-MariaDB-0+deb12u1-log", text);
	assert_string_equal(
	    text, "MariaDB 10.11.19 runs on data of 10.6.18: as soon as it is a standby, run mariadb-upgrade on it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_series_are_compared_as_numbers),
	    cmocka_unit_test(test_what_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
