/* The two small files beside the data, and how files are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/durable.h"
#include "replication/token.h"

#define PATH_BYTES 128
#define BOOT "6b4b3e0a-8f2d-4c11-9f9e-0123456789ab"

static char dir[] = "/tmp/holdfast-token-XXXXXX";
static char path[PATH_BYTES];

static int make_dir(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static struct token_file sample(void)
{
	struct token_file t = {.node = "a", .boot_id = BOOT, .sync_relay = true};

	for (uint8_t i = 0; i < TOKEN_BYTES; i++)
		t.token.byte[i] = (uint8_t)(0xf0 - i);
	return t;
}

static void write_bytes(const char *bytes, size_t size)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void test_token_text_round_trip(void **state)
{
	struct token_file t = sample(), back;
	char text[TOKEN_TEXT_BYTES], hex[TOKEN_HEX_BYTES];
	struct errbuf e;

	(void)state;
	token_hex(&t.token, hex);
	assert_string_equal(hex, "f0efeeedecebeae9e8e7e6e5e4e3e2e1");
	for (unsigned sync_relay = 0; sync_relay < 2; sync_relay++) {
		t.sync_relay = sync_relay;
		token_format(&t, text);
		assert_int_equal(token_parse(text, &back, &e), 0);
		assert_true(token_equal(&t.token, &back.token));
		assert_string_equal(back.node, "a");
		assert_string_equal(back.boot_id, BOOT);
		assert_int_equal(back.sync_relay, sync_relay);
	}
	/* The longest there is fits. */
	memset(t.node, 'n', sizeof(t.node) - 1);
	memset(t.boot_id, 'b', sizeof(t.boot_id) - 1);
	token_format(&t, text);
	assert_int_equal(token_parse(text, &back, &e), 0);
	t.token = (struct token){0};
	token_format(&t, text);
	assert_int_equal(token_parse(text, &back, &e), -EINVAL);
}

/* A damaged token is no token. */
static void test_token_damaged_at_any_byte_is_refused(void **state)
{
	static const char damage[] = "\x01\x02\x10\x20\x40\x80\xff";
	struct token_file t = sample(), back;
	char text[TOKEN_TEXT_BYTES], bad[TOKEN_TEXT_BYTES + 2];
	struct errbuf e;
	size_t size;

	(void)state;
	token_format(&t, text);
	size = strlen(text);
	for (size_t n = 0; n < size; n++) {
		memcpy(bad, text, size + 1);
		bad[n] = '\0';
		e.text[0] = '\0';
		assert_int_equal(token_parse(bad, &back, &e), -EINVAL);
		assert_string_not_equal(e.text, "");
		for (size_t i = 0; i < sizeof(damage) - 1; i++) {
			bad[n] = (char)(text[n] ^ damage[i]);
			assert_int_equal(token_parse(bad, &back, &e), -EINVAL);
		}
		/* a byte lost, a byte too many */
		memcpy(bad + n, text + n + 1, size - n);
		assert_int_equal(token_parse(bad, &back, &e), -EINVAL);
		bad[n] = 'x';
		memcpy(bad + n + 1, text + n, size - n + 1);
		assert_int_equal(token_parse(bad, &back, &e), -EINVAL);
	}
	(void)snprintf(bad, sizeof(bad), "%s\n", text);
	assert_int_equal(token_parse(bad, &back, &e), -EINVAL);
}

static void test_token_file(void **state)
{
	struct token one, two;
	struct token_file t;
	struct errbuf e;
	struct stat st;

	(void)state;
	assert_int_equal(token_load(path, &t, &e), -ENOENT);
	assert_int_equal(token_create(path, "b", BOOT, false, &one, &e), 0);
	assert_false(token_is_none(&one));
	assert_int_equal(token_load(path, &t, &e), 0);
	assert_true(token_equal(&one, &t.token));
	assert_string_equal(t.node, "b");
	assert_string_equal(t.boot_id, BOOT);
	assert_false(t.sync_relay);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(token_create(path, "b", BOOT, true, &two, &e), 0);
	assert_false(token_equal(&one, &two));
	assert_int_equal(token_load(path, &t, &e), 0);
	assert_true(t.sync_relay);
	write_bytes("token=zz\n", 9);
	e.text[0] = '\0';
	assert_int_equal(token_load(path, &t, &e), -EINVAL);
	assert_non_null(strstr(e.text, path));
	write_bytes("", 0);
	assert_int_equal(token_load(path, &t, &e), -EINVAL);
}

/* A file that was grown is damaged, not too large to say so. */
static void test_token_file_too_large(void **state)
{
	struct token_file t = sample();
	char text[2 * TOKEN_TEXT_BYTES];
	struct errbuf e = {""};

	(void)state;
	memset(text, 'x', sizeof(text));
	token_format(&t, text);
	text[strlen(text)] = 'x';
	write_bytes(text, sizeof(text));
	assert_int_equal(token_load(path, &t, &e), -EINVAL);
	assert_string_not_equal(e.text, "");
}

static void test_s7_what_a_restart_of_the_machine_leaves_of_it(void **state)
{
	static const struct {
		bool sync_relay, same_boot, dirty, survives;
	} cases[] = {
	    {false, false, false, false}, /* relay logs may be gone */
	    {false, true, false, true},	  /* only mariadbd or replicationd restarted */
	    {true, false, false, true},	  /* they were fsynced */
	    {true, true, false, true},
	    {false, false, true, true}, /* its own active: it has no relay logs */
	    {false, true, true, true},
	    {true, false, true, true},
	    {true, true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct token_file t = sample();

		t.sync_relay = cases[i].sync_relay;
		assert_int_equal(
		    token_survives(&t, cases[i].same_boot ? BOOT : "another", cases[i].dirty), cases[i].survives);
	}
}

static void test_dirty_mark(void **state)
{
	struct dirty_mark d = {7, {0, 1, 12345}}, back;
	struct errbuf e;

	(void)state;
	assert_int_equal(dirty_load(path, &back, &e), 0);
	assert_int_equal(back.epoch, 0);
	assert_int_equal(dirty_store(path, &d, &e), 0);
	assert_int_equal(dirty_load(path, &back, &e), 0);
	assert_int_equal(back.epoch, 7);
	assert_int_equal(back.opened_at.server, 1);
	assert_int_equal(back.opened_at.seq, 12345);
	/* before the first transaction */
	d = (struct dirty_mark){1, {0}};
	assert_int_equal(dirty_store(path, &d, &e), 0);
	assert_int_equal(dirty_load(path, &back, &e), 0);
	assert_int_equal(back.epoch, 1);
	assert_int_equal(back.opened_at.seq, 0);
	assert_int_equal(durable_remove(path, &e), 0);
	assert_int_equal(dirty_load(path, &back, &e), 0);
	assert_int_equal(back.epoch, 0);
}

/* Whatever is in the file: as long as there is one, the copy is dirty. */
static void test_damaged_dirty_mark_is_dirty(void **state)
{
	const struct dirty_mark d = {7, {0, 1, 42}};
	char text[TOKEN_TEXT_BYTES], large[2 * TOKEN_TEXT_BYTES];
	struct dirty_mark back;
	struct errbuf e;
	size_t size;

	(void)state;
	dirty_format(&d, text);
	size = strlen(text);
	for (size_t n = 0; n < size; n++) {
		char bad[TOKEN_TEXT_BYTES];

		write_bytes(text, n);
		assert_int_equal(dirty_load(path, &back, &e), 0);
		assert_int_equal(back.epoch, UINT64_MAX);
		for (unsigned damage = 1; damage < 256; damage = damage * 2 + 1) {
			memcpy(bad, text, size);
			bad[n] = (char)(bad[n] ^ (char)damage);
			write_bytes(bad, size);
			assert_int_equal(dirty_load(path, &back, &e), 0);
			assert_int_not_equal(back.epoch, 0);
		}
	}
	memset(large, '7', sizeof(large));
	memcpy(large, "epoch=", 6);
	write_bytes(large, sizeof(large));
	assert_int_equal(dirty_load(path, &back, &e), 0);
	assert_int_equal(back.epoch, UINT64_MAX);
}

static void test_dirty_text(void **state)
{
	static const char *const bad[] = {"", "epoch=\nopened_at=\n", "epoch=0\nopened_at=\n", "epoch=-1\nopened_at=\n",
	    "epoch=+1\nopened_at=\n", "epoch= 1\nopened_at=\n", "epoch=1", "epoch=1\n",
	    "epoch=1\nopened_at=", "epoch=1\nopened_at=x\n", "epoch=1\nopened_at=0-1-1,1-1-1\n",
	    "epoch=10000000000000000000\nopened_at=\n", "opened_at=\nepoch=1\n"};
	struct dirty_mark d;
	struct errbuf e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dirty_parse(bad[i], &d, &e), -EINVAL);
	assert_int_equal(dirty_parse("epoch=9999999999999999999\nopened_at=0-1-18446744073709551615\n", &d, &e), 0);
	assert_true(d.epoch == 9999999999999999999u);
	assert_true(d.opened_at.seq == UINT64_MAX);
}

static void test_durable_files(void **state)
{
	char buf[8];
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(durable_read(path, buf, sizeof(buf), &e), -ENOENT);
	assert_string_not_equal(e.text, "");
	assert_int_equal(durable_remove(path, &e), 0);
	assert_int_equal(durable_write(path, "1234567", &e), 0);
	assert_int_equal(durable_read(path, buf, sizeof(buf), &e), 0);
	assert_string_equal(buf, "1234567");
	assert_int_equal(durable_write(path, "", &e), 0);
	assert_int_equal(durable_read(path, buf, sizeof(buf), &e), 0);
	assert_string_equal(buf, "");
	assert_int_equal(durable_write(path, "12345678", &e), 0);
	assert_int_equal(durable_read(path, buf, sizeof(buf), &e), -EFBIG);
	assert_int_equal(durable_remove(path, &e), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(durable_write("/nowhere/file", "x", &e), -ENOENT);
	assert_int_equal(durable_remove("/nowhere/file", &e), -ENOENT);
	assert_int_equal(durable_sync_parent("/", &e), 0);
	assert_int_equal(durable_sync_parent("no-slash", &e), 0);
}

/* What was there stays when the new text cannot be put in its place, and nothing is left lying about. */
static void test_durable_write_that_fails(void **state)
{
	char long_path[1024], buf[8];
	struct errbuf e;

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(durable_write(long_path, "x", &e), -ENAMETOOLONG);
	assert_int_equal(durable_sync_parent(long_path, &e), -ENAMETOOLONG);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(durable_write(path, "x", &e) < 0);
	assert_true(durable_read(path, buf, sizeof(buf), &e) < 0);
	assert_int_equal(rmdir(path), 0);
}

/* Where the tail begins that another copy may lack. */
static void test_r11_tail_of_a_copy(void **state)
{
	const struct gtid here = {0, 1, 900}, there = {0, 2, 700}, nowhere = {0, 0, 0};
	struct dirty_mark clean = {0}, mark, damaged = {.epoch = UINT64_MAX};

	(void)state;
	dirty_open(&clean, false, 4, here, &mark);
	assert_int_equal(mark.epoch, 4);
	assert_int_equal(mark.opened_at.seq, 900);
	dirty_open(&mark, false, 6, (struct gtid){0, 1, 950}, &mark); /* anew, nobody in between */
	assert_int_equal(mark.epoch, 6);
	assert_int_equal(mark.opened_at.seq, 900);
	assert_int_equal(dirty_tail_above(&mark, there).seq, 700);
	assert_int_equal(dirty_tail_above(&mark, DIRTY_OPENED_ANYWHERE).seq, 900); /* since we opened ourselves */
	assert_int_equal(dirty_tail_above(&damaged, DIRTY_OPENED_ANYWHERE).seq, 0);
	assert_true(dirty_is_cut(&mark, there, there));
	assert_false(dirty_is_cut(&mark, there, here));
	assert_false(dirty_is_cut(&mark, nowhere, there)); /* not known yet */
	assert_false(dirty_is_cut(&mark, DIRTY_OPENED_ANYWHERE, (struct gtid){0, 1, 901}));
	dirty_open(&clean, true, 7, here, &mark);
	assert_memory_equal(&mark.opened_at, &DIRTY_OPENED_ANYWHERE, sizeof(mark.opened_at));
	assert_int_equal(dirty_tail_above(&mark, DIRTY_OPENED_ANYWHERE).seq, 0);
	/* One written by tail_keep() reads as it was. */
	mark.opened_at = DIRTY_OPENED_ANYWHERE;
	dirty_open(&mark, false, 8, here, &mark);
	assert_memory_equal(&mark.opened_at, &DIRTY_OPENED_ANYWHERE, sizeof(mark.opened_at));
}

/* A copy of a cluster that was given up: what its heir lacks, or has another of. */
static void test_r11_tail_of_one_that_was_given_up(void **state)
{
	const struct gtid opened = {0, 1, 100};
	const struct dirty_mark clean = {0}, mark = {.epoch = 5, .opened_at = opened}, damaged = {.epoch = UINT64_MAX},
				anywhere = {.epoch = 5, .opened_at = DIRTY_OPENED_ANYWHERE};
	const struct {
		const struct dirty_mark *mark;
		struct gtid at;
		uint64_t above;
	} cases[] = {
	    {&clean, {0, 2, 110}, 110},
	    {&mark, {0, 1, 110}, 110}, /* the heir followed what we wrote */
	    {&mark, {0, 2, 90}, 90},   /* before we opened */
	    {&mark, {0, 2, 110}, 100}, /* we have others under 101 to 110 */
	    {&mark, {0, 0, 110}, 110}, /* the number up to which both are one */
	    {&mark, DIRTY_OPENED_ANYWHERE, 0},
	    {&clean, DIRTY_OPENED_ANYWHERE, 0},
	    {&damaged, {0, 2, 110}, 0},
	    {&anywhere, {0, 2, 110}, 0},
	    {&anywhere, {0, 1, 110}, 110},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(dirty_given_up_above(cases[i].mark, cases[i].at, 1).seq, cases[i].above);
}

static void test_boot_id(void **state)
{
	char one[TOKEN_BOOT_ID_BYTES], two[TOKEN_BOOT_ID_BYTES];
	struct errbuf e;

	(void)state;
	assert_int_equal(token_boot_id(one, &e), 0);
	assert_int_equal(token_boot_id(two, &e), 0);
	assert_int_equal(strlen(one), 36);
	assert_string_equal(one, two);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_token_text_round_trip),
	    cmocka_unit_test(test_token_damaged_at_any_byte_is_refused),
	    IN_DIR(test_token_file),
	    IN_DIR(test_token_file_too_large),
	    cmocka_unit_test(test_s7_what_a_restart_of_the_machine_leaves_of_it),
	    IN_DIR(test_dirty_mark),
	    IN_DIR(test_damaged_dirty_mark_is_dirty),
	    cmocka_unit_test(test_dirty_text),
	    IN_DIR(test_durable_files),
	    IN_DIR(test_durable_write_that_fails),
	    cmocka_unit_test(test_r11_tail_of_a_copy),
	    cmocka_unit_test(test_r11_tail_of_one_that_was_given_up),
	    cmocka_unit_test(test_boot_id),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
