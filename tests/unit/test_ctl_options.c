/* What may stand behind holdfastctl: which command it is, and its options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_options.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS_MAX 16

static const struct ctl_command a_command = {
    "try",
    "TOKEN --name N",
    "",
    CTL_TOKEN | CTL_NAME | CTL_ADDRESS | CTL_VIP | CTL_INTERFACE | CTL_WITNESS | CTL_YES,
    CTL_TOKEN | CTL_NAME,
    NULL,
    false,
};

/* Parses words separated by blanks; *e says why not. */
static int parse(const char *words, struct ctl_options *ret, struct errbuf *e)
{
	static char text[256];
	static char *argv[WORDS_MAX + 1];
	char *save = NULL;
	size_t n = 0;

	(void)snprintf(text, sizeof(text), "%s", words);
	for (char *w = strtok_r(text, " ", &save); w && n < WORDS_MAX; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	argv[n] = NULL;
	e->text[0] = '\0';
	return ctl_options_parse(&a_command, argv, ret, e);
}

static void test_options_are_taken_in_any_order_and_form(void **state)
{
	struct ctl_options o;
	struct errbuf e;

	(void)state;
	assert_int_equal(parse("--name=b --yes hf1-x --address 10.0.0.2 --witness", &o, &e), 0);
	assert_string_equal(o.name, "b");
	assert_string_equal(o.token, "hf1-x");
	assert_string_equal(o.address, "10.0.0.2");
	assert_true(o.yes && o.witness && !o.json);
	assert_null(o.vip);
}

static void test_options_that_are_wrong_are_named(void **state)
{
	static const struct {
		const char *words, *said;
	} cases[] = {
	    {"t", "--name is missing: want 1 to 15"},
	    {"--name b", "the token is missing"},
	    {"t --name", "--name wants a value"},
	    {"t --name B", "--name is 'B', want 1 to 15"},
	    {"t --name 1b", "--name is '1b'"},
	    {"t --name sixteen-letters-x", "--name is"},
	    {"t --name b --name c", "--name is there twice"},
	    {"t --name b --json", "'--json' is not for this command"},
	    {"t --name b more", "'more' is not for this command"},
	    {"t --nam b", "'--nam' is not for this command"},
	    {"t --name b --yes=1", "--yes takes no value"},
	    {"t --name b --address host", "--address is 'host', want an IPv4 or IPv6 address of the machine"},
	    {"t --name b --address 10.0.0.1/24", "--address is '10.0.0.1/24'"},
	    {"t --name b --vip 10.0.0.100", "--vip is '10.0.0.100', want an IPv4 or IPv6 address with prefix"},
	    {"t --name b --vip 2001:db8::100", "--vip is '2001:db8::100', want an IPv4 or IPv6 address with prefix"},
	    {"t --name b --vip 2001:db8::100/129", "--vip is"},
	    {"t --name b --vip 2001:db8::/100/64", "--vip is"},
	    {"t --name b --vip ::ffff:10.0.0.100/120", "--vip is"},
	    {"t --name b --vip fe80::1%eth0/64", "--vip is"},
	    {"t --name b --address 0.0.0.0", "--address is '0.0.0.0'"},
	    {"t --name b --address 239.1.2.3", "--address is '239.1.2.3'"},
	    {"t --name b --address ::", "--address is '::'"},
	    {"t --name b --address 2001:db8::1/64", "--address is '2001:db8::1/64'"},
	    {"t --name b --address [2001:db8::1]", "--address is '[2001:db8::1]'"},
	    {"t --name b --address fe80::1", "and not of one link only (fe80::) or of a group"},
	    {"t --name b --address fe80::1%eth0", "and not of one link only (fe80::) or of a group"},
	    {"t --name b --address ff02::1", "and not of one link only (fe80::) or of a group"},
	    {"t --name b --address ::ffff:10.0.0.1", "--address is '::ffff:10.0.0.1'"},
	    {"t --name b --vip 10.0.0.100/33", "--vip is"},
	    {"t --name b --vip 10.0.0.100/0", "--vip is"},
	    {"t --name b --vip 10.0.0.100/2x", "--vip is"},
	    {"t --name b --vip 10.0.0/24", "--vip is"},
	    {"t --name b --interface a/b", "--interface is"},
	    {"t --name b --interface sixteen-letters-", "--interface is"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ctl_options o;
		struct errbuf e;

		assert_int_equal(parse(cases[i].words, &o, &e), -EINVAL);
		if (!strstr(e.text, cases[i].said))
			fail_msg("'%s' is answered with '%s'", cases[i].words, e.text);
		assert_null(strchr(e.text, '\n'));
	}
}

/* The words of a line, as main has them. */
static const struct ctl_command *find_in(const char *line, size_t *used, struct errbuf *e)
{
	static const struct ctl_command table[] = {
	    {"key rotate", "[--yes]", "", CTL_YES, 0, NULL, false},
	    {"key status", "", "", 0, 0, NULL, false},
	    {"keyed", "NODE", "", CTL_NODE, CTL_NODE, NULL, false},
	};
	static char text[64];
	char *argv[4] = {NULL}, *save = NULL;

	(void)snprintf(text, sizeof(text), "%s", line);
	argv[0] = strtok_r(text, " ", &save);
	for (size_t n = 1; n < 3 && argv[n - 1]; n++)
		argv[n] = strtok_r(NULL, " ", &save);
	return ctl_command_find(table, COUNT(table), argv, used, e);
}

static void test_a_command_has_one_word_or_two(void **state)
{
	static const struct {
		const char *line, *word, *said;
		size_t used;
	} cases[] = {
	    {"key rotate --yes", "key rotate", "", 2},
	    {"key status", "key status", "", 2},
	    {"keyed a", "keyed", "", 1},
	    {"key", NULL, "key: want: 'key rotate [--yes]' or 'key status'", 2},
	    {"key --yes", NULL, "key: there is no 'key --yes', want: 'key rotate [--yes]' or 'key status'", 2},
	    {"ke", NULL, "'ke' is no command; see 'holdfastctl help'", 0},
	    {"rotate", NULL, "'rotate' is no command; see 'holdfastctl help'", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {""};
		size_t used = 0;
		const struct ctl_command *c = find_in(cases[i].line, &used, &e);

		assert_int_equal(!c, !cases[i].word);
		if (c)
			assert_string_equal(c->word, cases[i].word);
		else
			assert_string_equal(e.text, cases[i].said);
		assert_int_equal(used, cases[i].used);
	}
}

static void test_a_node_is_taken_once_and_has_a_name(void **state)
{
	static const struct ctl_command c = {
	    "try", "NODE --accept-loss", "", CTL_NODE | CTL_ACCEPT_LOSS, CTL_NODE | CTL_ACCEPT_LOSS, NULL, false};
	static char loss[] = "--accept-loss", a[] = "a", b[] = "b", bad[] = "B", none[] = "";
	static const struct {
		char *argv[4];
		const char *said;
	} cases[] = {
	    {{loss, a}, ""},
	    {{a, loss}, ""},
	    {{loss}, "NODE is missing: want the name of a node: 1 to 15 of a-z 0-9 -, beginning with a letter"},
	    {{a}, "--accept-loss is missing: want it from whoever gives up for good what that gateway lacks"},
	    {{a, b, loss}, "'b' is not for this command: holdfastctl try NODE --accept-loss"},
	    {{bad, loss}, "'B' is not the name of a node: 1 to 15 of a-z 0-9 -, beginning with a letter"},
	    {{none, loss}, "'' is not the name of a node: 1 to 15 of a-z 0-9 -, beginning with a letter"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *argv[4];
		struct ctl_options o;
		struct errbuf e = {""};

		memcpy(argv, cases[i].argv, sizeof(argv));
		assert_int_equal(ctl_options_parse(&c, argv, &o, &e), cases[i].said[0] ? -EINVAL : 0);
		assert_string_equal(e.text, cases[i].said);
		if (!cases[i].said[0])
			assert_string_equal(o.node, "a");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options_are_taken_in_any_order_and_form),
	    cmocka_unit_test(test_options_that_are_wrong_are_named),
	    cmocka_unit_test(test_a_command_has_one_word_or_two),
	    cmocka_unit_test(test_a_node_is_taken_once_and_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
