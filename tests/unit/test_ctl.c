/* holdfastctl without a machine: checks, the token, certificates, templates, programs,
 * taking back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_join.h"
#include "heartbeat/ctl_memory.h"
#include "heartbeat/ctl_options.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/ctl_setup.h"
#include "heartbeat/ctl_token.h"
#include "heartbeat/invite.h"
#include "tests/unit/an_invite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_a_printed_token_makes_the_configuration_of_a_member(void **state)
{
	static const struct settings_member members[] = {
	    {"b", "10.0.0.2", CONF_KIND_GATEWAY}, {"a", "10.0.0.1", CONF_KIND_GATEWAY}};
	struct ctl_options first = {
	    .name = "a", .address = "10.0.0.1", .vip = "10.0.0.100/24", .interface = "eth0", .cluster = "pay"};
	struct ctl_options second = {.name = "w", .address = "10.0.0.3", .witness = true};
	uint8_t key[INVITE_KEY_BYTES] = {1, 2, 3};
	char text[4096] = "", *token;
	struct conf a, w;
	struct invite v;
	struct errbuf e = {""};
	FILE *f = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_int_equal(ctl_setup_conf(&first, &a, &e), 0);
	a.lease_ms = 600;
	assert_int_equal(ctl_token_print(f, &a, key, NULL, members, COUNT(members), NULL, &e), 0);
	(void)fclose(f);
	assert_null(strstr(text, "--name b"));
	token = strstr(text, "holdfastctl join ") + strlen("holdfastctl join ");
	token[strcspn(token, " ")] = '\0';
	assert_int_equal(invite_parse(token, &v, &e), 0);
	assert_string_equal(v.member[0].name, "a");
	assert_string_equal(v.member[1].name, "b");
	assert_int_equal(ctl_join_check(&second, &v, &e), 0);
	assert_int_equal(ctl_setup_conf(&second, &w, &e), 0);
	ctl_join_apply(&v, &w);
	assert_string_equal(w.seed_address, "10.0.0.1");
	assert_int_equal(w.lease_ms, 600);
	assert_string_equal(w.vip, "");
	w.kind = CONF_KIND_WITNESS;
	assert_int_equal(ctl_token_print(stdout, &w, key, NULL, members, COUNT(members), NULL, &e), -EINVAL);
}

static void test_the_database_gets_a_quarter_of_the_memory(void **state)
{
	static const char all[] = "MemTotal:        8388608 kB\nMemFree:           1024 kB\n";
	static const struct {
		const char *meminfo, *limit;
		uint32_t mb;
	} cases[] = {{all, "max\n", 2048}, {all, NULL, 2048}, {all, "4294967296\n", 1024}, {all, "17179869184\n", 2048},
	    {NULL, "4294967296\n", 1024}, {"MemTotal: 262144 kB\n", NULL, 128},
	    {"MemTotal: 9007199254740992 kB\n", NULL, 1048576}, {NULL, NULL, 0}, {"nonsense", "max\n", 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(ctl_memory_pool_mb(ctl_memory_bytes(cases[i].meminfo, cases[i].limit)), cases[i].mb);
}

static void test_only_commands_that_are_of_use_are_printed(void **state)
{
	static const struct settings_member members[] = {{"a", "10.0.0.1", CONF_KIND_GATEWAY},
	    {"b", "10.0.0.2", CONF_KIND_GATEWAY}, {"w", "10.0.0.3", CONF_KIND_WITNESS}};
	static const struct {
		unsigned first, count;
		bool gateway, witness;
	} cases[] = {{0, 1, true, true}, {0, 2, false, true}, {0, 3, false, false}, {2, 1, true, false}};
	struct ctl_options first = {.name = "a", .address = "10.0.0.1", .vip = "10.0.0.100/24", .interface = "eth0"};
	uint8_t key[INVITE_KEY_BYTES] = {1, 2, 3};
	struct errbuf e = {""};
	struct conf a;

	(void)state;
	first.cluster = "pay";
	assert_int_equal(ctl_setup_conf(&first, &a, &e), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[4096] = "";
		FILE *f = fmemopen(text, sizeof(text), "w");

		assert_int_equal(
		    ctl_token_print(f, &a, key, NULL, members + cases[i].first, cases[i].count, NULL, &e), 0);
		(void)fclose(f);
		assert_int_equal(strstr(text, "--name b --address ADDRESS --interface eth0") != NULL, cases[i].gateway);
		assert_int_equal(
		    strstr(text, "--name r --address ADDRESS --interface eth0 --vip IP/LENGTH --replica") != NULL,
		    !cases[i].gateway && !cases[i].witness);
		assert_int_equal(strstr(text, "--witness") != NULL, cases[i].witness);
		assert_non_null(strstr(text, " hf1-"));
	}
}

/* That of a worker host is taken, too. */
static void test_a_token_suggests_a_free_name(void **state)
{
	static const struct settings_member members[] = {{"a", "10.0.0.1", CONF_KIND_GATEWAY}};
	static const struct roster hosts = {
	    .entry = {{.name = "b"}, {.name = "w"}, {.name = "c", .removed_s = 1}}, .count = 3};
	struct ctl_options first = {
	    .name = "a", .address = "10.0.0.1", .vip = "10.0.0.100/24", .interface = "eth0", .cluster = "pay"};
	uint8_t key[INVITE_KEY_BYTES] = {1, 2, 3};
	char text[4096] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	struct errbuf e = {""};
	struct conf a;

	(void)state;
	assert_int_equal(ctl_setup_conf(&first, &a, &e), 0);
	assert_int_equal(ctl_token_print(f, &a, key, NULL, members, COUNT(members), &hosts, &e), 0);
	(void)fclose(f);
	assert_non_null(strstr(text, "--name c --address"));
	assert_non_null(strstr(text, "--name w2 --address"));
}

static void test_join_is_checked_against_the_token(void **state)
{
	static const struct {
		struct ctl_options o;
		const char *said;
	} cases[] = {
	    {{.name = "b", .address = "10.0.0.2", .interface = "eth0"}, NULL},
	    {{.name = "b", .address = "10.0.0.1", .interface = "eth0"}, "which made the token"},
	    {{.name = "w", .address = "10.0.0.2", .interface = "eth0"}, "--name w belongs to the member at 10.0.0.3"},
	    {{.name = "b", .address = "10.0.0.3", .witness = true}, "--address 10.0.0.3 belongs to the member w"},
	    {{.name = "b", .address = "10.0.0.100", .witness = true}, "is the virtual IP"},
	    {{.name = "r", .address = "10.9.0.4", .vip = "10.9.0.100/24", .replica = true}, NULL},
	    {{.name = "r", .address = "10.0.0.4", .vip = "10.0.0.100/24", .replica = true}, "is that of the pair"},
	    {{.name = "r", .address = "10.0.0.4", .vip = "10.0.0.1/24", .replica = true}, "of the member a"},
	    {{.name = "r", .address = "10.9.0.4", .vip = "2001:db8::100/64", .replica = true}, NULL},
	    {{.name = "v", .address = "10.0.0.4", .witness = true}, "has a witness already, w"},
	    {{.name = "b", .address = "2001:db8::2", .interface = "eth0"},
		"want an address of the same family (IPv4 or IPv6)"},
	};
	struct ctl_options o = {.name = "c", .address = "10.0.0.4", .interface = "eth0"};
	struct invite v = an_invite();
	struct errbuf e = {""};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(ctl_join_check(&cases[i].o, &v, &e), cases[i].said ? -EINVAL : 0);
		if (cases[i].said && !strstr(e.text, cases[i].said))
			fail_msg("case %zu is answered with '%s'", i, e.text);
	}
	assert_int_equal(ctl_join_usage(&o, &e), 0);
	assert_int_equal(ctl_join_usage(&(struct ctl_options){.witness = true, .interface = "eth0"}, &e), -EINVAL);
	assert_int_equal(ctl_join_usage(&(struct ctl_options){.name = "c"}, &e), -EINVAL);
	assert_int_equal(ctl_join_usage(&(struct ctl_options){.token = "hfw1-x", .interface = "eth0"}, &e), -EINVAL);
	assert_non_null(strstr(e.text, "add --worker"));
	assert_int_equal(ctl_join_usage(&(struct ctl_options){.replica = true, .interface = "e0"}, &e), -EINVAL);
	v.member[1].kind = CONF_KIND_GATEWAY;
	assert_int_equal(ctl_join_check(&o, &v, &e), -EINVAL);
	assert_non_null(strstr(e.text, "two gateways already, a and w: want --replica or --witness"));
}

static void test_members_are_taken(void **state)
{
	json_t *good = json_loads("[{\"name\":\"a\",\"kind\":\"gateway\",\"address\":\"10.0.0.1\"},"
				  "{\"name\":\"w\",\"kind\":\"witness\",\"address\":\"10.0.0.3\"}]",
	    0, NULL);
	json_t *bad = json_loads("[{\"name\":\"a\"}]", 0, NULL), *error = json_loads("{\"error\":\"x\"}", 0, NULL);
	struct settings_member m[CTL_MEMBERS_MAX];
	struct errbuf e = {""};
	unsigned count;

	(void)state;
	assert_int_equal(ctl_members_take(good, m, &count, &e), 0);
	assert_int_equal(count, 2);
	assert_string_equal(m[1].name, "w");
	assert_int_equal(m[1].kind, CONF_KIND_WITNESS);
	assert_int_equal(ctl_members_take(bad, m, &count, &e), -EPROTO);
	assert_int_equal(ctl_members_take(error, m, &count, &e), -EPROTO);
	json_decref(good);
	json_decref(bad);
	json_decref(error);
}

static void test_programs_are_run(void **state)
{
	const char *const good[] = {"sh", "-c", "echo out; echo err >&2", NULL};
	const char *const bad[] = {"sh", "-c", "echo first >&2; echo why >&2; exit 3", NULL};
	const char *const mute[] = {"sh", "-c", "exit 4", NULL};
	const char *const slow[] = {"sleep", "60", NULL};
	const char *const none[] = {"/nonexistent/program", NULL};
	const char *const leaves[] = {"sh", "-c", "sleep 20 & echo done", NULL};
	struct ctl_output o;
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(ctl_run(good, 5000, &o, &e), 0);
	assert_string_equal(o.out, "out\n");
	assert_string_equal(o.err, "err\n");
	assert_int_equal(ctl_run(bad, 5000, &o, &e), -EIO);
	assert_string_equal(e.text, "sh: why");
	assert_int_equal(o.status, 3);
	assert_int_equal(ctl_run(mute, 5000, NULL, &e), -EIO);
	assert_string_equal(e.text, "sh: exit status 4");
	assert_int_equal(ctl_run(slow, 100, &o, &e), -ETIMEDOUT);
	assert_int_equal(o.status, 128 + SIGKILL);
	assert_true(ctl_run(none, 5000, &o, &e) < 0);
	assert_string_equal(e.text, "program: No such file or directory");
	assert_int_equal(ctl_run(leaves, 5000, &o, &e), 0);
	assert_string_equal(o.out, "done\n");
}

static void test_long_output_keeps_its_end_of_errors(void **state)
{
	const char *const argv[] = {"sh", "-c",
	    "i=0; while [ $i -lt 3000 ]; do echo line $i; echo line $i >&2; i=$((i+1)); done; exit 1", NULL};
	struct ctl_output o;
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(ctl_run(argv, 20000, &o, &e), -EIO);
	assert_int_equal(strncmp(o.out, "line 0\nline 1\n", 14), 0);
	assert_string_equal(e.text, "sh: line 2999");
	assert_string_equal(o.err + strlen(o.err) - 10, "line 2999\n");
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool exists(const char *dir, const char *name)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* Owners are only for root: the files' own are tested as they are. */
static void test_what_was_made_is_taken_back(void **state)
{
	char dir[] = "/tmp/holdfast-test-XXXXXX", path[5][64];
	static const char *const names[] = {"old", "empty", "new", "new/file", "old/file"};
	struct ctl_undo u = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(names); i++)
		(void)snprintf(path[i], sizeof(path[i]), "%s/%s", dir, names[i]);
	assert_int_equal(mkdir(path[0], 0700), 0);
	assert_int_equal(mkdir(path[1], 0700), 0);
	write_text(path[4], "kept");
	for (size_t i = 0; i < COUNT(names); i++)
		ctl_undo_expect(&u, path[i]);
	assert_int_equal(mkdir(path[2], 0700), 0);
	write_text(path[3], "goes");
	(void)snprintf(path[3], sizeof(path[3]), "%s/empty/file", dir);
	write_text(path[3], "goes too");
	assert_int_equal(ctl_undo_run(&u), 0);
	assert_true(exists(dir, "old/file"));
	assert_true(exists(dir, "empty"));
	assert_false(exists(dir, "empty/file"));
	assert_false(exists(dir, "new"));
	assert_int_equal(unlink(path[4]) | rmdir(path[0]) | rmdir(path[1]) | rmdir(dir), 0);
}

static void test_files_are_counted(void **state)
{
	char dir[] = "/tmp/holdfast-test-XXXXXX", path[3][64];
	static const char *const names[] = {"one", "two", ".hidden"};

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(ctl_dir_count(dir), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path[i], sizeof(path[i]), "%s/%s", dir, names[i]);
		write_text(path[i], "text");
	}
	assert_int_equal(ctl_dir_count(dir), 2);
	assert_int_equal(ctl_dir_count(path[0]), -ENOTDIR);
	assert_int_equal(unlink(path[0]) | unlink(path[1]) | unlink(path[2]) | rmdir(dir), 0);
	assert_int_equal(ctl_dir_count(dir), 0);
}

static void test_sets_of_files_are_counted(void **state)
{
	char dir[] = "/tmp/holdfast-test-XXXXXX", path[9][64];
	static const char *const names[] = {"e-7-1", "e-7-1.sql", "e-7-1-mine", "e-7-1.payments", "e-7-10",
	    "e-7-10.sql.gz", ".hidden", "e-8.summary", "e-7-1.summary"};

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(ctl_dir_count_sets(dir), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path[i], sizeof(path[i]), "%s/%s", dir, names[i]);
		write_text(path[i], "text");
	}
	assert_int_equal(ctl_dir_count_sets(dir), 4);
	assert_int_equal(ctl_dir_count_sets(path[0]), -ENOTDIR);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(unlink(path[i]), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(ctl_dir_count_sets(dir), 0);
}

static void test_a_file_is_written_whole(void **state)
{
	static const struct ctl_owner secret = {NULL, NULL, 0600}, nobody = {"no-such-user", NULL, 0600};
	char dir[] = "/tmp/holdfast-test-XXXXXX", path[64];
	struct errbuf e = {""};
	struct stat s;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	assert_int_equal(ctl_file_write(path, "text\n", &secret, &e), 0);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 07777, 0600);
	assert_int_equal(s.st_size, 5);
	assert_int_equal(ctl_file_write(path, "other", &nobody, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no-such-user"));
	assert_int_equal(unlink(path) | rmdir(dir), 0);
	assert_int_equal(ctl_file_write(path, "text\n", &secret, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_printed_token_makes_the_configuration_of_a_member),
	    cmocka_unit_test(test_the_database_gets_a_quarter_of_the_memory),
	    cmocka_unit_test(test_only_commands_that_are_of_use_are_printed),
	    cmocka_unit_test(test_a_token_suggests_a_free_name),
	    cmocka_unit_test(test_join_is_checked_against_the_token),
	    cmocka_unit_test(test_members_are_taken),
	    cmocka_unit_test(test_programs_are_run),
	    cmocka_unit_test(test_long_output_keeps_its_end_of_errors),
	    cmocka_unit_test(test_what_was_made_is_taken_back),
	    cmocka_unit_test(test_a_file_is_written_whole),
	    cmocka_unit_test(test_files_are_counted),
	    cmocka_unit_test(test_sets_of_files_are_counted),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
