/* The files of etc/schema: names, statements, and what of them a database has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "replication/schema.h"

static void test_names(void **state)
{
	static const char *const bad[] = {"1-a.sql", "000-a.sql", "001-.sql", "001a.sql", "001-a.SQL", "001-A.sql",
	    "001-a b.sql", "0010-a.sql", "001_a.sql", ".sql", "",
	    "001-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.sql"};
	char name[SCHEMA_NAME_BYTES];
	unsigned number = 0;

	(void)state;
	assert_true(schema_name("012-users-2.sql", &number, name));
	assert_int_equal(number, 12);
	assert_string_equal(name, "012-users-2");
	assert_true(schema_name("999-x.sql", &number, name));
	assert_int_equal(number, 999);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (schema_name(bad[i], &number, name))
			fail_msg("'%s' is taken for a name", bad[i]);
}

/* Takes a text; its statements with "|" behind each, or the error. */
static const char *take(struct schema_file *f, char *text)
{
	static char said[512];
	const char *statement;
	struct errbuf e = {""};
	size_t at = 0;

	(void)snprintf(f->name, sizeof(f->name), "001-x");
	f->statements = text;
	f->bytes = strlen(text);
	said[0] = '\0';
	if (schema_take_text(f, &e)) {
		(void)snprintf(said, sizeof(said), "%s", e.text);
		return said;
	}
	while ((statement = schema_next_statement(f, &at)))
		(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s|", statement);
	return said;
}

static void test_statements(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
	    {"SELECT 1;\n", "SELECT 1|"},
	    {"SELECT 1;", "SELECT 1|"},
	    {"-- a comment; \nSELECT 1,\n\n\t2;  \n -- more;\nDO 0;\n", "SELECT 1,\n\t2|DO 0|"},
	    {"SELECT ';' AS a,\n 1;\r\n", "SELECT ';' AS a,\n 1|"},
	    {"SELECT 1;\nDO 0\n", "001-x.sql: the last statement has no \";\" at the end of a line"},
	    {"SELECT 1; DO 0\n", "001-x.sql: the last statement has no \";\" at the end of a line"},
	    {"", "001-x.sql: no statement"},
	    {"-- only this\n\n", "001-x.sql: no statement"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schema_file f = {0};
		char text[256];

		(void)snprintf(text, sizeof(text), "%s", cases[i].text);
		assert_string_equal(take(&f, text), cases[i].says);
	}
}

static void test_a_comment_may_be_mended(void **state)
{
	char one[] = "-- a\nDO 0;\n", two[] = "-- something else\n\nDO 0;\n", three[] = "DO 1;\n";
	struct schema_file f[3] = {{0}};

	(void)state;
	(void)take(&f[0], one);
	(void)take(&f[1], two);
	(void)take(&f[2], three);
	assert_int_equal(strlen(f[0].checksum), SCHEMA_CHECKSUM_BYTES - 1);
	assert_string_equal(f[0].checksum, f[1].checksum);
	assert_string_not_equal(f[0].checksum, f[2].checksum);
}

static void test_compare(void **state)
{
	static const struct {
		const char *applied;
		size_t next;
		unsigned version, unknown, differs;
	} cases[] = {
	    {"", 0, 0, 0, 0},
	    {"1:aa", 1, 1, 0, 0},
	    {"1:aa 2:bb", 2, 2, 0, 0},
	    {"1:aa 2:bb 4:dd", 3, 4, 0, 0},
	    {"1:aa 2:bb 4:dd 5:ee 65535:ff", 3, 65535, 65535, 0},
	    {"1:aa 4:dd", 1, 4, 0, 0},
	    {"1:ab 2:bc 4:dd", 3, 4, 0, 1},
	    {"3:cc", 0, 3, 3, 0},
	};
	static struct schema s = {.count = 3,
	    .file = {
		{.number = 1, .checksum = "aa"}, {.number = 2, .checksum = "bb"}, {.number = 4, .checksum = "dd"}}};
	static const char *const bad[] = {"1", "x:aa", ":aa", "123456:aa", "1:000000000000000000000000000000000"};
	struct schema_state is;
	struct errbuf e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(schema_compare(&s, cases[i].applied, &is, &e), 0);
		assert_int_equal(is.next, cases[i].next);
		assert_int_equal(is.version, cases[i].version);
		assert_int_equal(is.unknown, cases[i].unknown);
		assert_int_equal(is.differs, cases[i].differs);
	}
	assert_int_equal(schema_next_file(&s, "1:aa 4:dd", 2), 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(schema_compare(&s, bad[i], &is, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_statements),
	    cmocka_unit_test(test_a_comment_may_be_mended),
	    cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
