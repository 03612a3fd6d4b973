/* Where the ledger is come to, when somebody clears /run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/door.h"
#include "heartbeat/dirlock.h"

#define NOW_US 1000000

static char directory[] = "/tmp/test_door.XXXXXX", inner[64];
static struct options options = {.run_dir = directory};

static void on_op(
    void *userdata, uint64_t session, bool root, uint64_t sent_us, uint64_t id, const struct op_message *m)
{
	(void)userdata;
	(void)session;
	(void)root;
	(void)sent_us;
	(void)id;
	(void)m;
	fail_msg("an operation from nobody");
}

static void begin(struct door *d, sd_event **event)
{
	struct errbuf e = {""};

	assert_int_equal(mkdir(inner, 0700), 0);
	assert_true(sd_event_new(event) >= 0);
	assert_int_equal(door_hold(d, &options, &e), 0);
	assert_int_equal(door_open(d, *event, on_op, NULL, &e), 0);
	door_mend(d, NOW_US);
	assert_int_equal(d->shut_us, 0);
}

static void end(struct door *d, sd_event *event)
{
	door_close(d);
	sd_event_unref(event);
	(void)unlink(d->socket_path);
	(void)rmdir(d->held_path);
	(void)rmdir(inner);
}

static bool can_come(const struct door *d)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool came;

	memcpy(sa.sun_path, d->socket_path, strlen(d->socket_path) + 1);
	came = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
	(void)close(fd);
	return came;
}

static void test_what_was_removed_is_made_again(void **state)
{
	struct door d = {.held = -1}, second = {.held = -1};
	struct errbuf e = {""};
	sd_event *event;

	(void)state;
	begin(&d, &event);
	assert_int_equal(unlink(d.socket_path), 0);
	assert_int_equal(rmdir(d.held_path), 0);
	door_mend(&d, NOW_US);
	assert_int_equal(d.shut_us, 0);
	assert_true(can_come(&d));
	assert_int_equal(door_hold(&second, &options, &e), -EBUSY); /* the new one is held, too */
	assert_int_equal(unlink(d.socket_path), 0);
	assert_int_equal(rmdir(d.held_path), 0);
	assert_int_equal(rmdir(inner), 0);
	door_mend(&d, NOW_US);
	assert_int_equal(d.shut_us, NOW_US);
	assert_non_null(strstr(d.shut.text, d.held_path));
	assert_int_equal(mkdir(inner, 0700), 0);
	door_mend(&d, NOW_US + 1);
	assert_int_equal(d.shut_us, 0);
	assert_true(can_come(&d));
	end(&d, event);
}

/* Two would make the socket again and again, each from the other. */
static void test_who_lost_the_directory_to_another_one_leaves_the_socket_alone(void **state)
{
	struct door d = {.held = -1};
	struct errbuf e = {""};
	struct stat before, after;
	sd_event *event;
	int other;

	(void)state;
	begin(&d, &event);
	assert_int_equal(rmdir(d.held_path), 0);
	assert_int_equal(mkdir(d.held_path, 0700), 0);
	other = dirlock_take(d.held_path, &e);
	assert_true(other >= 0);
	assert_int_equal(unlink(d.socket_path), 0);
	assert_int_equal(mkdir(d.socket_path, 0700), 0); /* as good as the other one's */
	assert_int_equal(stat(d.socket_path, &before), 0);
	door_mend(&d, NOW_US);
	door_mend(&d, NOW_US + 1);
	assert_int_equal(d.shut_us, NOW_US);
	assert_non_null(strstr(d.shut.text, "held by another process"));
	assert_int_equal(stat(d.socket_path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_false(door_is_stuck(&d, NOW_US + 499999));
	assert_true(door_is_stuck(&d, NOW_US + 500000));
	(void)close(other);
	assert_int_equal(rmdir(d.socket_path), 0);
	door_mend(&d, NOW_US + 2);
	assert_int_equal(d.shut_us, 0);
	assert_false(door_is_stuck(&d, NOW_US + 9000000));
	assert_true(can_come(&d));
	end(&d, event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_removed_is_made_again),
	    cmocka_unit_test(test_who_lost_the_directory_to_another_one_leaves_the_socket_alone),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	(void)snprintf(inner, sizeof(inner), "%s/ledger", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(directory);
	return failed;
}
