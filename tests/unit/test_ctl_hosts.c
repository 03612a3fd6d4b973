/* Worker hosts as HAProxy of a gateway has them, and in the table of a status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_hosts.h"
#include "heartbeat/ctl_status.h"

static void test_what_haproxy_says(void **state)
{
	static const char answer[] = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n"
				     "30 ready_host-w1 1 host-w1 - 0 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "31 alive_host-w1 1 host-w1 - 2 0 1 1 8 15 3 4 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "32 ready_host-w10 1 host-w10 - 2 0 1 1 8 15 3 4 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "33 ready_host-w2 1 host-w2 - 0 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "34 alive_host-w2 1 host-w2 - 0 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n";

	(void)state;
	assert_string_equal(ctl_host_state(answer, "w1"), "not ready");
	assert_string_equal(ctl_host_state(answer, "w10"), "up");
	assert_string_equal(ctl_host_state(answer, "w2"), "down");
	assert_string_equal(ctl_host_state(answer, "w"), "unknown");
	assert_string_equal(ctl_host_state("", "w1"), "unknown");
	assert_string_equal(ctl_host_state("30 ready_host-w1 1 host-w1", "w1"), "unknown");
}

static void test_a_worker_host_has_a_line(void **state)
{
	json_t *status = json_loads("{\"cluster\":\"pay\",\"nodes\":[],\"worker_hosts\":[{\"name\":\"w1\","
				    "\"kind\":\"worker\",\"address\":\"10.9.0.7\",\"state\":\"not ready\"}]}",
	    0, NULL);
	char out[2048] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");

	(void)state;
	assert_non_null(status);
	assert_non_null(f);
	ctl_status_print(f, status);
	(void)fclose(f);
	assert_non_null(strstr(out, "w1              worker   10.9.0.7        not ready    -              -"));
	json_decref(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_haproxy_says),
	    cmocka_unit_test(test_a_worker_host_has_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
