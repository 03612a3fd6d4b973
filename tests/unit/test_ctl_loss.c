/* What an operator who forces a role is shown before, and told after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/queue.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_loss.h"

static const char loss_text[] =
    "{\"version\":9,\"epoch\":4,\"active\":\"a\",\"answered\":{\"epoch\":4,\"gtid\":\"0-1-1200\",\"seq\":1200},"
    "\"nodes\":["
    "{\"name\":\"a\",\"in_sync\":true,\"heard_ms\":61500,\"gtid\":\"0-1-1207\",\"seq\":1207},"
    "{\"name\":\"b\",\"in_sync\":false,\"heard_ms\":0,\"gtid\":\"0-1-1000\",\"seq\":1000}]}";

/* What is shown when b is to be active, after a change of one member of a node, or of what was answered. */
static char *shown(const char *node, const char *key, json_t *value)
{
	json_t *loss = json_loads(loss_text, 0, NULL);
	json_t *changed = node ? (json_t *)ctl_node(loss, node) : json_object_get(loss, "answered");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (key)
		json_object_set_new(changed, key, value);
	ctl_loss_print(out, loss, ctl_node(loss, "b"));
	(void)fclose(out);
	json_decref(loss);
	return text;
}

static void expect(char *text, const char *words)
{
	if (!strstr(text, words))
		print_message("%s", text);
	assert_non_null(strstr(text, words));
	free(text);
}

static void test_what_is_lost_is_shown(void **state)
{
	(void)state;
	expect(shown(NULL, NULL, NULL), "The record (version 9, epoch 4) names a active.");
	expect(shown(NULL, NULL, NULL), "  b                has 0-1-1000, heard 0.0 s ago\n");
	expect(shown(NULL, NULL, NULL), "  a                had 0-1-1207, heard 61.5 s ago\n");
	expect(shown(NULL, NULL, NULL), "  answered up to   0-1-1200, in epoch 4\n");
	expect(shown(NULL, NULL, NULL), "By that 207 transactions would be lost, less what b has received and not "
					"applied yet;\nand whatever was paid");
	expect(shown(NULL, NULL, NULL),
	    "hundreds of payments (up to 1024), at rest none; two that every opening writes have none.\n");
	_Static_assert(BATCH_OPS_MAX == 1024, "as the text says");
	expect(shown("a", "seq", json_integer(0)), "By that 200 transactions would be lost"); /* what was answered */
	expect(
	    shown("a", "in_sync", json_false()), "By that 200 transactions would be lost"); /* a tail does not count */
	expect(shown("a", "heard_ms", json_null()), "had 0-1-1207, not heard since heartbeatd started here");
	expect(shown("a", "heard_ms", json_null()), "Another member, up for longer, may have heard more of a:");
	expect(
	    shown("b", "maintenance", json_true()), "b is in maintenance: by this it comes back, and the mark goes.");
	expect(shown("a", "seq", json_integer(1201)), "By that 201 transactions would");
	expect(shown("b", "seq", json_integer(1206)), "By that 1 transaction would");
	expect(shown("b", "seq", json_integer(1207)), "Nothing is known to be missing; what was paid after");
	expect(shown("b", "apart", json_true()), "All that a answered since it took\nthe role would be lost; how much");
	expect(shown("b", "seq", json_integer(0)), "How much would be lost is not known here.");
}

static const char status_text[] =
    "{\"version\":9,\"mode\":\"STALLED\",\"active\":\"a\",\"nodes\":[{\"name\":\"b\",\"reason\":\"\"}]}";

static const char first[] = "was not promoted (attempt 1): w hears a, or did a moment ago: it is not gone";

static enum ctl_outcome outcome(
    json_int_t version, const char *active, const char *mode, const char *reason, const char *before)
{
	json_t *status = json_loads(status_text, 0, NULL);
	const char *why = "";
	enum ctl_outcome is;

	json_object_set_new(status, "version", json_integer(version));
	json_object_set_new(status, "active", json_string(active));
	json_object_set_new(status, "mode", json_string(mode));
	json_object_set_new((json_t *)ctl_node(status, "b"), "reason", json_string(reason));
	is = ctl_loss_outcome(status, "b", 9, before, &why);
	if (is == CTL_FAILED)
		assert_string_equal(why, version > 9 ? "the record has changed meanwhile: look again" : reason);
	json_decref(status);
	return is;
}

static void test_what_became_of_it_is_told(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(outcome(9, "a", "STALLED", "", ""), CTL_WAITS);
	assert_int_equal(outcome(10, "b", "STALLED", "", ""), CTL_WAITS);
	assert_int_equal(outcome(11, "b", "SOLO", "", ""), CTL_SERVES);
	assert_int_equal(outcome(9, "a", "STALLED", first, ""), CTL_FAILED);
	/* That one is of an earlier attempt, and has not been overtaken by a heartbeat yet. */
	assert_int_equal(outcome(9, "a", "STALLED", first, first), CTL_WAITS);
	assert_int_equal(
	    outcome(9, "a", "STALLED", "was not promoted (attempt 2): b: replication has failed", first), CTL_FAILED);
	/* Nobody may take this for a no, and switch the old one on. */
	assert_int_equal(
	    outcome(9, "a", "STALLED", "may be promoted yet (attempt 1): no word from replicationd", ""), CTL_WAITS);
	assert_int_equal(outcome(10, "a", "SOLO", "", ""), CTL_FAILED);
	assert_int_equal(outcome(10, "", "STALLED", "", ""), CTL_WAITS);
	assert_int_equal(ctl_loss_outcome(NULL, "b", 9, "", &why), CTL_WAITS);
}

static char *shown_of_replica(const char *kin, bool stuck)
{
	json_t *loss = json_loads(loss_text, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	json_object_set_new(loss, "replica",
	    json_pack("{s:s, s:i, s:s, s:i, s:s, s:i, s:b, s:s}", "name", "r", "heard_ms", 0, "gtid", "0-1-1190", "seq",
		1190, "kin", kin, "parted_seq", 1100, "stuck", stuck, "reason", "Duplicate entry"));
	ctl_loss_print_replica(out, loss);
	(void)fclose(out);
	json_decref(loss);
	return text;
}

/* Its numbers are the pair's only where its history is. */
static void test_what_a_replica_lacks(void **state)
{
	char *text;

	(void)state;
	expect(shown_of_replica("one", false), "  r                has 0-1-1190");
	expect(shown_of_replica("one", false), "  b                had 0-1-1000");
	expect(shown_of_replica("one", false), "By that 17 transactions would be lost, less what r has received");
	expect(shown_of_replica("astray", false), "is not that of the pair above transaction 1100");
	expect(shown_of_replica("astray", false), "107 transactions, as far as was heard");
	expect(shown_of_replica("uncompared", false), "How much would be lost is not known here.");
	expect(shown_of_replica("one", true), "By that 17 transactions would be lost;\n");
	expect(shown_of_replica("one", true), "it cannot apply (Duplicate entry)");
	text = shown_of_replica("astray", false);
	assert_null(strstr(text, "By that"));
	free(text);
	text = shown_of_replica("uncompared", false);
	assert_null(strstr(text, "By that"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_lost_is_shown),
	    cmocka_unit_test(test_what_became_of_it_is_told),
	    cmocka_unit_test(test_what_a_replica_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
