/* Whether one history is the beginning of another: each way in which two can part, and in which one can be behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "replication/lineage.h"

#define ONE "1 10 1 a\n"
#define TWO "4 50 1 b\n"
#define THREE "5 90 2 a\n"

static const struct {
	const char *what, *own, *source;
	uint64_t own_seq, source_seq;
	enum lineage_verdict verdict;
	uint64_t common, parted;
} cases[] = {
    {"the same", ONE TWO, ONE TWO, 70, 70, LINEAGE_BEGINNING, 4, 70},
    {"behind in the same epoch", ONE TWO, ONE TWO, 60, 70, LINEAGE_BEGINNING, 4, 60},
    {"behind by an epoch", ONE TWO, ONE TWO THREE, 90, 99, LINEAGE_BEGINNING, 4, 90},
    {"behind by an epoch, and not at its end", ONE, ONE TWO THREE, 50, 99, LINEAGE_BEGINNING, 1, 50},
    /* Its numbers are those of a tail that was cut off: the source's come again, with another content. */
    {"a tail that was cut off", ONE TWO, ONE TWO THREE, 91, 200, LINEAGE_OTHER, 4, 90},
    {"a long tail that was cut off", ONE, ONE TWO THREE, 95, 200, LINEAGE_OTHER, 1, 50},
    {"ahead of a standby that has not applied all", ONE TWO, ONE TWO, 71, 70, LINEAGE_AHEAD, 4, 70},
    {"ahead by an opening", ONE TWO THREE, ONE TWO, 95, 80, LINEAGE_AHEAD, 4, 80},
    {"ahead by an opening, to the last before it", ONE TWO THREE, ONE TWO, 95, 90, LINEAGE_AHEAD, 4, 90},
    {"the source went on where its own epoch had ended", ONE TWO THREE, ONE TWO, 95, 91, LINEAGE_OTHER, 4, 90},
    {"the same epoch, opened by another", ONE "4 50 1 a\n", ONE TWO, 60, 70, LINEAGE_OTHER, 1, 50},
    {"the same epoch, opened elsewhere", ONE "4 51 1 b\n", ONE TWO, 60, 70, LINEAGE_OTHER, 1, 50},
    {"the same epoch, above another's transaction", ONE "4 50 2 b\n", ONE TWO, 60, 70, LINEAGE_OTHER, 1, 50},
    {"an epoch between that the source has not", ONE "3 40 1 a\n" THREE, ONE THREE, 95, 95, LINEAGE_OTHER, 1, 40},
    {"another cluster", "1 11 1 a\n", ONE, 60, 70, LINEAGE_OTHER, 0, 0},
    {"nothing of its own", "", ONE, 0, 70, LINEAGE_OTHER, 0, 0},
    {"a source without any", ONE, "", 20, 0, LINEAGE_OTHER, 0, 0},
    {"the last row without an end of line", "1 10 1 a", "1 10 1 a", 20, 30, LINEAGE_BEGINNING, 1, 20},
    /* A list that was cut is two that part where it ends. */
    {"a name that is the beginning of another", "1 10 1 a\n", "1 10 1 aa\n", 20, 30, LINEAGE_OTHER, 0, 0},
    {"rubbish", "x 10 1 a\n", "x 10 1 a\n", 20, 30, LINEAGE_OTHER, 0, 0},
    {"rubbish behind", ONE "nonsense\n", ONE, 20, 30, LINEAGE_BEGINNING, 1, 20},
};

static void test_every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lineage own = {cases[i].own, cases[i].own_seq}, source = {cases[i].source, cases[i].source_seq};
		struct lineage_found found;
		enum lineage_verdict verdict = lineage_compare(&own, &source, &found);

		if (verdict != cases[i].verdict || found.common_epoch != cases[i].common ||
		    found.parted_seq != cases[i].parted)
			fail_msg("%s: verdict %d, epoch %llu, parted %llu", cases[i].what, (int)verdict,
			    (unsigned long long)found.common_epoch, (unsigned long long)found.parted_seq);
	}
}

/* A history and each of its beginnings, and the same with another transaction in the place of one. */
static void test_every_beginning(void **state)
{
	static const char whole[] = ONE TWO THREE;
	static const uint64_t ends[] = {10, 50, 90, 120};
	static const char *const rows[] = {"", ONE, ONE TWO, whole};

	(void)state;
	for (unsigned n = 1; n < 4; n++) {
		for (uint64_t seq = ends[n - 1] + 1; seq <= ends[3]; seq++) {
			struct lineage own = {rows[n], seq}, source = {whole, ends[3]};
			struct lineage_found found;
			enum lineage_verdict want = seq <= ends[n] ? LINEAGE_BEGINNING : LINEAGE_OTHER;

			assert_int_equal(lineage_compare(&own, &source, &found), want);
			assert_true(found.parted_seq <= seq && found.parted_seq <= ends[n]);
		}
	}
}

static void test_the_note_is_read_as_it_was_written(void **state)
{
	static const struct lineage_note notes[] = {{7, false, 0}, {8, true, 0}, {UINT64_MAX, true, UINT64_MAX}};
	static const char *const bad[] = {"", "epoch 0 one\n", "epoch 7 one", "epoch 7 one\nx", "epoch 7 parted\n",
	    "epoch 7 parted 5", "epoch 07 one\n", "epoch -1 one\n", " epoch 7 one\n"};
	char text[LINEAGE_NOTE_BYTES];
	struct lineage_note n;

	(void)state;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		lineage_note_format(&notes[i], text);
		assert_int_equal(lineage_note_parse(text, &n), 0);
		assert_int_equal(n.epoch, notes[i].epoch);
		assert_int_equal(n.other, notes[i].other);
		assert_int_equal(n.parted_seq, notes[i].parted_seq);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (lineage_note_parse(bad[i], &n) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_case),
	    cmocka_unit_test(test_every_beginning),
	    cmocka_unit_test(test_the_note_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
