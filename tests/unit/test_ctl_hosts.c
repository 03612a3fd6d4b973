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
#include "heartbeat/ctl_status_host.h"

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

static void test_own_workers_by_what_haproxy_says(void **state)
{
	static const char answer[] = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n"
				     "5 leaving 2 w2 - 2 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "4 workers 1 w1 - 2 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "4 workers 2 w2 - 0 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n"
				     "4 workers 3 w11 - 2 0 1 1 8 7 4 0 6 0 0 0 - 0 - 0 0 - - 0\n";

	(void)state;
	assert_string_equal(ctl_host_worker_state(answer, "w1"), "up");
	assert_string_equal(ctl_host_worker_state(answer, "w2"), "down");
	assert_string_equal(ctl_host_worker_state(answer, "w3"), "unknown");
	assert_string_equal(ctl_host_worker_state("", "w1"), "unknown");
	assert_string_equal(ctl_host_worker_state("4 workers 1 w1", "w1"), "unknown");
}

static json_t *look_of(const char *a, const char *b, const char *w1, json_int_t end_s)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:[{s:s,s:s,s:s},{s:s,s:s,s:s}],s:[{s:s,s:s}],s:I}", "node", "w1", "cluster",
	    "pay", "address", "10.9.0.7", "active", "a", "gateways", "name", "a", "address", "10.9.0.1", "state", a,
	    "name", "b", "address", "10.9.0.2", "state", b, "workers", "name", "w1", "state", w1,
	    "certificate_end_unix", end_s);
}

static void test_a_worker_host_is_well_or_not(void **state)
{
	static const struct {
		const char *a, *b, *worker;
		json_int_t end_s;
		int code;
	} cases[] = {
	    {CTL_HOST_ACTIVE, CTL_HOST_IDLE, "up", 101, 0},
	    {CTL_HOST_ACTIVE, CTL_HOST_SILENT, "up", 101, 0}, /* it takes payments */
	    {CTL_HOST_IDLE, CTL_HOST_IDLE, "up", 101, 1},
	    {CTL_HOST_ACTIVE, CTL_HOST_IDLE, "down", 101, 1},
	    {CTL_HOST_ACTIVE, CTL_HOST_IDLE, "up", 100, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *look = look_of(cases[i].a, cases[i].b, cases[i].worker, cases[i].end_s);

		assert_int_equal(ctl_host_exit(look, 100), cases[i].code);
		json_decref(look);
	}
}

static void print_look(json_t *look, char *ret, size_t size)
{
	FILE *f = fmemopen(ret, size, "w");

	assert_non_null(f);
	ctl_host_print(f, look);
	(void)fclose(f);
	json_decref(look);
}

static void test_a_worker_host_tells_of_itself(void **state)
{
	char out[4096] = "";

	(void)state;
	print_look(look_of(CTL_HOST_ACTIVE, CTL_HOST_IDLE, "up", INT64_C(4102444800)), out, sizeof(out));
	assert_non_null(
	    strstr(out, "w1, 10.9.0.7, is a worker host of the cluster pay  active a  certificate until 2100-01-01"));
	assert_non_null(strstr(out, "a               gateway  10.9.0.1        active\n"));
	assert_non_null(strstr(out, "b               gateway  10.9.0.2        not active\n"));
	assert_non_null(strstr(out, "w1              worker   -               up\n"));
	assert_null(strstr(out, "holdfastctl"));
	print_look(look_of(CTL_HOST_IDLE, CTL_HOST_SILENT, "down", 1), out, sizeof(out));
	assert_non_null(strstr(out, "b at 10.9.0.2 does not let this machine in"));
	assert_non_null(strstr(out, "/etc/holdfast/gateways, then 'holdfastctl reconfigure' here"));
	assert_non_null(strstr(out, "no gateway says that it is active"));
	assert_non_null(strstr(out, "no worker here is up"));
	assert_non_null(strstr(out, "the certificate has ended, by the clock here"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_haproxy_says),
	    cmocka_unit_test(test_a_worker_host_has_a_line),
	    cmocka_unit_test(test_own_workers_by_what_haproxy_says),
	    cmocka_unit_test(test_a_worker_host_is_well_or_not),
	    cmocka_unit_test(test_a_worker_host_tells_of_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
