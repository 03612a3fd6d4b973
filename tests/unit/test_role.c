/* The role machine: its table has a rule for each cell, each state can be reached and, when all is well, left; the diagram in
 * doc/protocol.md is the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/ctl_fsm.h"
#include "heartbeat/role.h"

#define BIT(i) (1u << (i))
#define DOCUMENT "doc/protocol.md"
#define MARK "<!-- holdfastctl fsm --format mermaid -->\n```mermaid\n"

/* What comes about when all three members are up and connected, all daemons work and no data is damaged: a node comes up, claims
 * or follows, takes a fresh copy if it must, and serves or stands by. */
static const unsigned healthy = BIT(HB_SIT_UNKNOWN) | BIT(HB_SIT_MINE_STALE) | BIT(HB_SIT_MINE_CLAIMED) |
				BIT(HB_SIT_MINE_OPEN) | BIT(HB_SIT_MINE_SERVING) | BIT(HB_SIT_OTHER_CLAIMED) |
				BIT(HB_SIT_OUT_SEEDING) | BIT(HB_SIT_OUT) | BIT(HB_SIT_IN_LAGGING) |
				BIT(HB_SIT_IN_FOLLOWING);

static void test_each_cell_has_one_rule(void **state)
{
	(void)state;
	for (unsigned s = 0; s < HB_STATE_COUNT; s++)
		for (unsigned x = 0; x < HB_SITUATION_COUNT; x++) {
			unsigned rules = 0;

			for (size_t i = 0; i < hb_rules_count; i++)
				rules += hb_rules[i].on == x && (hb_rules[i].from >> s & 1);
			if (rules != 1)
				print_message("%s in %s: %u rules\n", hb_situation_text(x), hb_state_text(s), rules);
			assert_int_equal(rules, 1);
			assert_true(hb_role_rule(s, x)->to < HB_STATE_COUNT);
			assert_true(hb_role_rule(s, x)->why[0]);
		}
}

/* The states that can be reached from those of `from` by these situations. */
static unsigned reach(unsigned from, unsigned situations)
{
	for (unsigned before = 0; before != from;) {
		before = from;
		for (unsigned s = 0; s < HB_STATE_COUNT; s++)
			for (unsigned x = 0; x < HB_SITUATION_COUNT; x++)
				if (from >> s & 1 && situations >> x & 1)
					from |= BIT(hb_role_rule(s, x)->to);
	}
	return from;
}

static void test_each_state_can_be_reached(void **state)
{
	(void)state;
	assert_int_equal(reach(BIT(HB_BOOT) | BIT(HB_WITNESS), BIT(HB_SITUATION_COUNT) - 1), BIT(HB_STATE_COUNT) - 1);
}

static void test_each_state_has_a_way_out_when_all_is_well(void **state)
{
	(void)state;
	for (unsigned s = 0; s < HB_STATE_COUNT; s++) {
		unsigned seen = reach(BIT(s), healthy);

		if (s == HB_WITNESS) {
			assert_int_equal(seen, BIT(HB_WITNESS));
			continue;
		}
		if (!(seen >> HB_ACTIVE & 1) || !(seen >> HB_STANDBY & 1))
			print_message("%s leads to %x\n", hb_state_text(s), seen);
		assert_true(seen >> HB_ACTIVE & 1);
		assert_true(seen >> HB_STANDBY & 1);
	}
}

static char *print(const char *format)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	ctl_fsm_print(f, format);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void test_each_format_names_each_state_and_situation(void **state)
{
	static const char *const formats[] = {"text", "dot", "mermaid"};

	(void)state;
	assert_false(ctl_fsm_is_format("png"));
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *text;

		assert_true(ctl_fsm_is_format(formats[i]));
		text = print(formats[i]);
		for (unsigned s = 0; s < HB_STATE_COUNT; s++)
			assert_non_null(strstr(text, hb_state_text(s)));
		for (unsigned x = 0; x < HB_SITUATION_COUNT; x++)
			assert_non_null(strstr(text, hb_situation_text(x)));
		free(text);
	}
}

static void test_the_documented_diagram_is_the_table(void **state)
{
	static char document[256 * 1024];
	const char *srcdir = getenv("srcdir");
	char path[512], *diagram = print("mermaid"), *at;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/%s", srcdir ? srcdir : ".", DOCUMENT);
	f = fopen(path, "re");
	assert_non_null(f);
	document[fread(document, 1, sizeof(document) - 1, f)] = '\0';
	assert_int_equal(fclose(f), 0);
	at = strstr(document, MARK);
	if (!at || strncmp(at + strlen(MARK), diagram, strlen(diagram)) != 0 ||
	    strncmp(at + strlen(MARK) + strlen(diagram), "```", 3) != 0) {
		print_message("the diagram in %s is not the table of heartbeat/role.c; put this between its marks:\n"
			      "holdfastctl fsm --format mermaid\n%s",
		    DOCUMENT, diagram);
		fail();
	}
	free(diagram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_cell_has_one_rule),
	    cmocka_unit_test(test_each_state_can_be_reached),
	    cmocka_unit_test(test_each_state_has_a_way_out_when_all_is_well),
	    cmocka_unit_test(test_each_format_names_each_state_and_situation),
	    cmocka_unit_test(test_the_documented_diagram_is_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
