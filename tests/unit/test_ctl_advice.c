/* What holdfastctl says of a status that is not as it should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/ctl_status.h"
#include "tests/unit/status_text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Prints the status with some of its members replaced, and tells what `status` exits with. */
static int print_with(const char *changes, char *ret, size_t size)
{
	json_t *status = json_loads(status_text, 0, NULL), *with = json_loads(changes, 0, NULL);
	FILE *f = fmemopen(ret, size, "w");
	int code;

	assert_non_null(with);
	assert_int_equal(json_object_update(status, with), 0);
	ctl_status_print(f, status);
	(void)fclose(f);
	code = ctl_status_exit(status);
	json_decref(status);
	json_decref(with);
	return code;
}

#define NODE_A_GONE "{\"name\":\"a\",\"state\":\"unreachable\",\"reachable\":false,\"lease_ms\":0}"
#define NODE_B "{\"name\":\"b\",\"state\":\"standby\",\"reachable\":true,\"lease_setting_ms\":150}"
#define NODE_B_GONE "{\"name\":\"b\",\"state\":\"unreachable\",\"reachable\":false}"
#define NODE_W "{\"name\":\"w\",\"state\":\"witness\",\"reachable\":true,\"lease_setting_ms\":150}"
#define NODE_W_GONE "{\"name\":\"w\",\"state\":\"unreachable\",\"reachable\":false}"
#define GATEWAY_A "{\"name\":\"a\",\"kind\":\"gateway\",\"state\":\"active\",\"reachable\":true}"
#define GATEWAY_B_GONE "{\"name\":\"b\",\"kind\":\"gateway\",\"state\":\"unreachable\",\"reachable\":false}"
#define WITNESS_W "{\"name\":\"w\",\"kind\":\"witness\",\"state\":\"witness\",\"reachable\":true}"
#define WITNESS_W_GONE "{\"name\":\"w\",\"kind\":\"witness\",\"state\":\"unreachable\",\"reachable\":false}"
#define NODE_A_HERE "{\"name\":\"a\",\"state\":\"active\",\"reachable\":true,\"lease_ms\":300}"

static const struct {
	const char *changes;
	int code;
	const char *said, *unsaid;
} meanings[] = {
    {"{}", 0, " in sync a ", "the address is"},
    {"{}", 0, "seeding      -              -   ", "behind"},
    {"{}", 0, "mode SOLO", "as seen from"},
    {"{\"in_sync\":[\"a\",\"b\"]}", 0, " in sync a b ", "every acknowledged"},
    {"{\"in_sync\":[]}", 0, " in sync nobody ", "every acknowledged"},
    {"{\"vip\":{\"address\":\"10.0.0.100/24\",\"holder\":null}}", 1,
	"\nthe address is on nobody: systemctl status keepalived haproxy on a\n", "every"},
    {"{\"vip\":{\"address\":\"\",\"holder\":\"b\"}}", 1, "\nthe address is on b, and must not be: its reason says why",
	"every"},
    {"{\"vip\":{\"address\":\"\",\"holder\":\"b\",\"moving\":true}}", 0, "  address on b\n", "the address is"},
    {"{\"vip\":{\"address\":\"\",\"holder\":null,\"moving\":true}}", 1, "\nthe address is on nobody", "every"},
    {"{\"vip\":{\"address\":\"\",\"holder\":\"a\"}}", 0, "  address on a\n", "the address is"},
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_GONE "," NODE_B "," NODE_W "]}", 1,
	"\nonly a has every acknowledged payment: if w too hears nothing of it, bring a back\n", "cut off"},
    /* which of them is cut off, it cannot know */
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_GONE "," NODE_B "," NODE_W_GONE "]}", 1,
	"\nb hears nothing of a, w: it is cut off, or they are dead. Ask them: holdfastctl status there\n",
	"only a has every acknowledged"},
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"vip\":{\"address\":\"10.0.0.100/24\",\"holder\":null},"
     "\"nodes\":[" NODE_A_GONE "," NODE_B "," NODE_W_GONE "]}",
	1, "  address 10.0.0.100/24 on unknown\n", "nobody"},
    {"{\"node\":\"a\",\"mode\":\"STALLED\",\"vip\":{\"address\":\"\",\"holder\":null},"
     "\"nodes\":[" NODE_A_HERE "," NODE_B_GONE "," NODE_W_GONE "]}",
	1, "  address on unknown\n", "nobody"}, /* it was active, and is cut off */
    {"{\"node\":\"w\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_HERE "," NODE_B_GONE "," NODE_W "]}", 1, "mode STALLED",
	"bring"},
    {"{\"node\":\"a\",\"mode\":\"SYNC\",\"waits_for\":\"b\",\"in_sync\":[\"a\",\"b\"],\"nodes\":[" NODE_A_HERE
     "," NODE_B_GONE "," NODE_W "]}",
	1, "\npayments wait for b, for peer-timeout-ms at most; at once: holdfastctl force solo\n", "bring"},
    {"{\"node\":\"w\",\"mode\":\"SYNC\",\"in_sync\":[\"a\",\"b\"],\"nodes\":[" NODE_A_HERE "," NODE_B_GONE "," NODE_W
     "]}",
	0, "mode SYNC", "payments wait"}, /* a may hear it */
    {"{\"node\":\"w\",\"nodes\":[{\"name\":\"a\",\"reachable\":true,\"lease_setting_ms\":300}," NODE_B "," NODE_W "]}",
	0, "\nlease-ms is 300 on a, and 150 on w: make it the same in holdfast.conf of all members\n",
	"lease-ms is 150 on b"},
    {"{\"last_transition\":{\"took_ms\":null,\"from\":\"a\"}}", 0, ", took -, epoch", " 0 ms"},
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_GONE "]}", 1,
	"mode STALLED unobserved as seen from b  epoch 7", "the address is"},
    {"{\"mode\":\"STALLED\",\"nodes\":[" NODE_A_HERE "]}", 1, "mode STALLED", "every acknowledged"},
    {"{\"mode\":\"STALLED\",\"in_sync\":[\"a\",\"b\"],\"nodes\":[" NODE_A_GONE "]}", 1, "as seen from ?",
	"every acknowledged"},
    {"{\"nodes\":[{\"name\":\"b\",\"behind\":3120,\"backlog_ms\":0}]}", 0, " behind 3120  ", " ms  "},
    {"{\"nodes\":[{\"name\":\"b\",\"behind\":12,\"backlog_ms\":40}]}", 0, " behind 12, 40 ms", "ms ms"},
    {"{\"nodes\":[{\"name\":\"b\",\"behind\":12,\"backlog_ms\":null}]}", 0, " behind 12  ", "ms  "},
    {"{\"nodes\":[{\"name\":\"b\",\"behind\":null,\"backlog_ms\":null}]}", 0, " -  ", "behind"},
    {"{\"in_sync\":[7],\"vip\":null,\"nodes\":[8],\"mode\":\"STALLED\"}", 1, "in sync ?", "every"},
    /* What to do is said, in every state that is not as it should be. */
    {"{\"node\":\"a\",\"nodes\":[" GATEWAY_A "," GATEWAY_B_GONE "," WITNESS_W "]}", 0,
	"\nbring b back: nothing is heard from it, and only a has every payment\n", "bring w"},
    {"{\"node\":\"a\",\"nodes\":[" GATEWAY_A "," GATEWAY_B_GONE "," WITNESS_W_GONE "]}", 0,
	"\nbring w back: nothing is heard from it, and the next loss may stop payments\n", "bring a"},
    {"{\"node\":\"b\",\"mode\":\"SYNC\",\"nodes\":[" GATEWAY_A "," NODE_B "," WITNESS_W_GONE "]}", 0,
	"\nbring w back: nothing is heard from it, and the next loss stops payments\n", "bring a"},
    {"{\"node\":\"b\",\"mode\":\"SYNC\",\"nodes\":[{\"name\":\"a\",\"reachable\":true,\"hears\":[\"b\",\"w\"]}," NODE_B
     "," WITNESS_W_GONE "]}",
	0, "\na hears w, or did a moment ago, and b does not: is the way between them cut?\n", "bring"},
    {"{\"node\":\"w\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_GONE "," NODE_B_GONE "," NODE_W "]}", 1,
	"\nif they are dead, bring a back first: only it has every payment, as far as is known here\n", "b back"},
    {"{\"node\":\"a\",\"mode\":\"STALLED\",\"in_sync\":[\"a\",\"b\"],\"nodes\":[" NODE_A_HERE "," NODE_B_GONE
     "," NODE_W_GONE "]}",
	1, "\nif they are dead, bring one of them back: a has every payment, as far as it knows\n", "first"},
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_GONE "," NODE_B
     ",{\"name\":\"w\",\"reachable\":true,\"hears\":[\"a\",\"b\"]}]}",
	1, "\nw hears a, or did a moment ago: it may serve. Ask w: holdfastctl status there, or here again in 3 s\n",
	"bring"},
    {"{\"node\":\"w\",\"mode\":\"STALLED\",\"in_sync\":[\"a\",\"b\"],\"nodes\":[" NODE_A_GONE
     ",{\"name\":\"b\",\"reachable\":true,\"reason\":\"observe-only is set\"}," NODE_W "]}",
	1, "\nb is in sync by the record, and does not take over: observe-only is set\n", "bring"},
    {"{\"node\":\"w\",\"mode\":\"STALLED\",\"active\":\"b\",\"in_sync\":[\"b\"],\"nodes\":[" NODE_A_HERE
     ",{\"name\":\"b\",\"reachable\":true,\"state\":\"fault\",\"reason\":\"no data directory\"}," NODE_W "]}",
	1, "\nonly b has every acknowledged payment, and it cannot open: no data directory\nif its data are gone",
	"bring"},
    {"{\"node\":\"w\",\"nodes\":[{\"name\":\"a\",\"reachable\":true,\"hears\":[\"b\",\"w\"]},"
     "{\"name\":\"b\",\"reachable\":true,\"hears\":[\"w\"]}," NODE_W "]}",
	0, "\nb does not hear a: is the way from a to b cut?\n", "does not hear b"},
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"active\":null}", 2,
	"mode STALLED unobserved as seen from b, which does not know yet who is active  epoch 7", "bring"},
    {"{\"node\":\"w\",\"mode\":\"STALLED\",\"active\":null,\"nodes\":[" NODE_A_GONE "," NODE_B_GONE "," NODE_W "]}", 2,
	"\nif they are dead, bring a back first: only it has", "every acknowledged"},
    {"{\"vip\":{\"address\":\"\",\"holder\":\"b\",\"holders\":[\"a\",\"b\"]}}", 1, "  address on b, a\n", "nobody"},
    /* What was exported on this machine. */
    {"{\"unacknowledged_files\":12,\"unacknowledged_exports\":3}", 0,
	"\n/var/lib/holdfast/unacknowledged has 3 exports of what this machine wrote and gave up: ", "bring"},
    {"{\"unacknowledged_exports\":1}", 0, "\n/var/lib/holdfast/unacknowledged has 1 export of ", "exports"},
    {"{\"unacknowledged_exports\":0}", 0, "mode SOLO", "unacknowledged"},
    {"{\"unacknowledged_exports\":null}", 0, "mode SOLO", "unacknowledged"},
    {"{\"verify\":{\"result\":\"found\",\"at\":\"2026-11-22T04:30:00Z\",\"findings\":3}}", 0,
	"\nthe ledger does not add up: holdfastctl verify found 3 things here at 2026-11-22T04:30:00Z; ", "could not"},
    {"{\"verify\":{\"result\":\"failed\",\"at\":\"2026-11-22T04:30:00Z\",\"error\":\"no database\"}}", 0,
	"\nholdfastctl verify could not look into the ledger here at 2026-11-22T04:30:00Z: no database\n", "add up"},
    {"{\"verify\":{\"result\":\"right\",\"findings\":0}}", 0, "mode SOLO", "verify"},
    {"{\"verify\":null}", 0, "mode SOLO", "verify"},
    {"{\"node\":\"b\",\"mode\":\"STALLED\",\"nodes\":[" NODE_A_GONE "," NODE_B "],\"given_up\":{\"by\":\"r\"}}", 1,
	"\nr has the ledger now, and this machine answers nothing. Its exports are", "bring"},
    {"{\"given_up\":{\"by\":\"r\",\"saved\":true}}", 0, "this machine answers nothing. Its exports are", "leave it on"},
    {"{\"given_up\":{\"by\":\"r\",\"saved\":false}}", 0, "leave it on until that is done\n", "begins"},
    {"{\"node\":\"r\",\"promotion_unfinished\":true}", 0,
	"was cut short: holdfastctl force promote r --accept-loss ends it\n", "given up"},
};

static void test_the_status_tells_what_it_means(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(meanings); i++) {
		char out[2048] = "";

		if (print_with(meanings[i].changes, out, sizeof(out)) != meanings[i].code)
			fail_msg("case %zu exits with something else", i);
		if (!strstr(out, meanings[i].said) || strstr(out, meanings[i].unsaid))
			fail_msg("case %zu shows:\n%s", i, out);
	}
}

/* Names are cut where the room for them ends; the count is not. */
static void test_who_is_silent_and_when_that_is_too_many(void **state)
{
	static const struct {
		const char *status, *silent;
		bool cut;
	} cases[] = {
	    {"{\"node\":\"b\",\"nodes\":[" NODE_A_HERE "," NODE_B "," NODE_W "]}", "", false},
	    {"{\"node\":\"b\",\"nodes\":[" NODE_A_GONE "," NODE_B "," NODE_W "]}", "a", false},
	    {"{\"node\":\"b\",\"nodes\":[" NODE_A_GONE "," NODE_B "," NODE_W_GONE "]}", "a, w", true},
	    {"{\"node\":\"b\",\"nodes\":[" NODE_A_GONE "," NODE_B "]}", "a", true},
	    {"{\"node\":\"b\",\"nodes\":[" NODE_B "]}", "", false},
	    {"{}", "", false},
	};
	char silent[8];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *status = json_loads(cases[i].status, 0, NULL);

		if (ctl_status_is_cut_off(status, silent, sizeof(silent)) != cases[i].cut)
			fail_msg("case %zu", i);
		assert_string_equal(silent, cases[i].silent);
		json_decref(status);
	}
	assert_false(ctl_status_is_cut_off(NULL, silent, sizeof(silent)));
	assert_string_equal(silent, "");
	{
		json_t *status = json_loads(cases[2].status, 0, NULL);

		assert_true(ctl_status_is_cut_off(status, silent, 4));
		assert_string_equal(silent, "a, ");
		json_decref(status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_status_tells_what_it_means),
	    cmocka_unit_test(test_who_is_silent_and_when_that_is_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
