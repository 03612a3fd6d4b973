/* What `holdfastctl check` leaves behind: nothing, however it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heartbeat/settings.h"
#include "heartbeat/settings_check.h"

#define FILES 9 /* that a gateway has */

static const struct conf node_a = {
    .cluster = "pay",
    .name = "a",
    .address = "10.0.0.1",
    .interface = "eth0",
    .vip = "10.0.0.100/24",
    .database_port = 3306,
    .workers = 1,
};
static const struct settings_member pair[] = {
    {"a", "10.0.0.1", CONF_KIND_GATEWAY},
    {"b", "10.0.0.2", CONF_KIND_GATEWAY},
};

static char root[] = "/tmp/test_settings_check.XXXXXX", templates[64];
static unsigned asked, found;

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A machine with its certificate, and none of the files that follow from the configuration. */
static int set_up(void **state)
{
	static const char *const dirs[] = {"/etc", "/etc/holdfast", "/etc/holdfast/pki", "/templates"};
	static const char *const files[] = {"/templates/haproxy.cfg.in", "/templates/keepalived.conf.in",
	    "/templates/mariadb.cnf.in", "/templates/haproxy.service.conf", "/templates/keepalived.service.conf",
	    "/templates/mariadb.service.conf", "/etc/holdfast/pki/node.pem", "/etc/holdfast/pki/node.key"};
	char path[PATH_MAX];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put(files[i], "text of @NODE@\n");
	(void)snprintf(templates, sizeof(templates), "%s/templates", root);
	return 0;
}

static int count_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)path, (void)st, (void)type, (void)where;
	found++;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Files and directories. */
static unsigned count_all(void)
{
	found = 0;
	assert_int_equal(nftw(root, count_one, 8, FTW_PHYS), 0);
	return found;
}

/* As a program does that another one starts: it reads what it was given the name of. */
static int take(const char *target, const char *path, struct errbuf *e)
{
	char text[64] = "";
	struct stat st;
	FILE *f = fopen(path, "re");

	(void)e;
	assert_non_null(f);
	assert_true(settings_check_has(target));
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600); /* mariadbd does not read what others may write */
	assert_non_null(fgets(text, sizeof(text), f));
	assert_string_equal(text, "text of a\n");
	(void)fclose(f);
	asked++;
	return 0;
}

static int die(const char *target, const char *path, struct errbuf *e)
{
	(void)target, (void)path, (void)e;
	(void)kill(getpid(), SIGKILL);
	return 0;
}

static void test_only_who_can_say_is_asked(void **state)
{
	const struct settings_place place = {root, templates, take};
	const char *name[SETTINGS_FILES_MAX];
	unsigned different = 0, before = count_all();
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(settings_try_at(&place, &node_a, pair, 2, name, &different, &e), 0);
	assert_int_equal(different, FILES);
	assert_int_equal(asked, SETTINGS_PROGRAMS);
	assert_int_equal(count_all(), before);
}

static void test_killed_in_the_middle(void **state)
{
	const struct settings_place place = {root, templates, die};
	const char *name[SETTINGS_FILES_MAX];
	unsigned different = 0, before = count_all();
	struct errbuf e = {""};
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(settings_try_at(&place, &node_a, pair, 2, name, &different, &e) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(count_all(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_who_can_say_is_asked),
	    cmocka_unit_test(test_killed_in_the_middle),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
