/* Worker hosts as HAProxy of a gateway has them, and in the table of a status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ctl_hosts.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/ctl_status_host.h"
#include "heartbeat/ctl_worker.h"
#include "heartbeat/doctor.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/hostseen.h"

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
	    "name", "b", "address", "10.9.0.2", "state", b, "workers", "name", "workerd@1", "state", w1,
	    "certificate_end_unix", end_s);
}

static json_t *with(json_t *look, const char *key, json_t *value)
{
	(void)json_object_set_new(look, key, value);
	return look;
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
	assert_non_null(strstr(out, "workerd@1       process  -               up\n"));
	assert_null(strstr(out, "holdfastctl"));
	print_look(look_of(CTL_HOST_IDLE, CTL_HOST_SILENT, "down", 1), out, sizeof(out));
	assert_non_null(strstr(out, "b at 10.9.0.2 does not let this machine in"));
	assert_non_null(strstr(out, "/etc/holdfast/gateways, then 'holdfastctl reconfigure' here"));
	assert_non_null(strstr(out, "no gateway says that it is active"));
	assert_non_null(strstr(out, "no worker here is up"));
	assert_non_null(strstr(out, "the certificate has ended, by the clock here"));
}

/* What is missing in the first half minute comes by itself, and is not told as if something were broken. */
static void test_a_new_worker_host_is_told_to_wait(void **state)
{
	char out[4096] = "";

	(void)state;
	print_look(with(look_of(CTL_HOST_ACTIVE, CTL_HOST_SILENT, "down", INT64_C(4102444800)), CTL_HOST_JOINED,
		       json_integer(12)),
	    out, sizeof(out));
	assert_non_null(strstr(out, "b at 10.9.0.2 does not let this machine in yet: it joined 12 s ago"));
	assert_non_null(strstr(out, "within half a minute"));
	assert_non_null(strstr(out, "no worker here is up yet"));
	assert_null(strstr(out, "reconfigure"));
	print_look(with(look_of(CTL_HOST_ACTIVE, CTL_HOST_SILENT, "down", INT64_C(4102444800)), CTL_HOST_JOINED,
		       json_integer(CTL_HOST_NEW_S)),
	    out, sizeof(out));
	assert_non_null(strstr(out, "b at 10.9.0.2 does not let this machine in, or is off"));
	assert_null(strstr(out, "yet"));
}

static void test_a_list_of_gateways_that_is_wrong_is_called_so(void **state)
{
	json_t *look = look_of(CTL_HOST_ACTIVE, CTL_HOST_SILENT, "up", INT64_C(4102444800));
	char out[4096] = "";

	(void)state;
	(void)with(json_array_get(json_object_get(look, "gateways"), 1), CTL_HOST_OTHER, json_string("a"));
	print_look(json_incref(look), out, sizeof(out));
	assert_non_null(strstr(out, "10.9.0.2 is the address of a, not of b: write into /etc/holdfast/gateways"));
	assert_null(strstr(out, "does not let this machine in"));
	(void)json_array_remove(json_object_get(look, "gateways"), 1);
	print_look(look, out, sizeof(out));
	assert_non_null(strstr(out, "a alone is in /etc/holdfast/gateways: when the role goes to the other gateway"));
}

static void test_the_list_of_gateways_is_read(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
	    {"a 10.0.0.1\nb 10.0.0.2\n", NULL},
	    {"a 10.0.0.1\na 10.0.0.2\n", "gateways:2: a stands there twice"},
	    {"a 10.0.0.1\nb 10.0.0.1\n", "gateways:2: 10.0.0.1 stands there twice"},
	    {"a fd00::1\nb fd00:0::1\n", "gateways:2: fd00:0::1 stands there twice"},
	    {"a 10.0.0.1 x\n", "gateways:1: want the name and the address"},
	    {"a\n", "gateways:1: want the name and the address"},
	    {"\n", "gateways:1: want the name and the address"},
	};
	struct settings_member m[CTL_MEMBERS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FILE *f = fmemopen((void *)(uintptr_t)cases[i].text, strlen(cases[i].text), "r");
		struct errbuf e = {""};
		unsigned count = 99;

		assert_non_null(f);
		assert_int_equal(hostfiles_read_gateways(f, "gateways", m, &count, &e), cases[i].said ? -EINVAL : 0);
		(void)fclose(f);
		assert_int_equal(count, cases[i].said ? 99 : 2); /* half a file is none */
		if (cases[i].said && !strstr(e.text, cases[i].said))
			fail_msg("case %zu is answered with '%s'", i, e.text);
	}
}

static void test_only_a_whole_list_of_gateways_is_taken(void **state)
{
	static const struct settings_member pair[] = {
	    {"a", "10.0.0.1", CONF_KIND_GATEWAY}, {"b", "10.0.0.2", CONF_KIND_GATEWAY}};
	static const struct settings_member teller = {"a", "10.0.0.1", CONF_KIND_GATEWAY};
	static const struct {
		const char *text;
		bool good, news;
	} cases[] = {
	    {"a 10.0.0.1\nb 10.0.0.2\n", true, false},
	    {"b 10.0.0.2\na 10.0.0.1\n", true, false},
	    {"a 10.0.0.1\nb 10.0.0.9\n", true, true},
	    {"a 10.0.0.1\nc 10.0.0.2\n", true, true},
	    {"", false, false},
	    {"a 10.0.0.1\n", false, false},
	    {"a 10.0.0.1\nb 10.0.0.2\nc 10.0.0.3\n", false, false},
	    {"a 10.0.0.9\nb 10.0.0.2\n", true, true}, /* we reach it elsewhere */
	    {"c 10.0.0.1\nb 10.0.0.2\n", false, false},
	    {"a fd00::1\nb fd00::2\n", true, true},
	    {"a 10.0.0.1\na 10.0.0.2\n", false, false},
	    {"a 10.0.0.1\nb 10.0.0.1\n", false, false},
	    {"a 10.0.0.1\nb fd00::1\n", false, false},
	    {"a 10.0.0.1\nb here\n", false, false},
	    {"<html>", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings_member told[CTL_MEMBERS_MAX];
		struct errbuf e = {""};
		unsigned count = 0;
		int code = ctl_worker_take_list(cases[i].text, &teller, told, &count, &e);

		if (!code != cases[i].good || (code && !e.text[0]))
			fail_msg("case %zu is answered with %d, '%s'", i, code, e.text);
		if (!code)
			assert_int_equal(ctl_worker_lists_differ(pair, 2, told, count), cases[i].news);
	}
	assert_true(ctl_worker_lists_differ(pair, 1, pair, 2));
}

/* What an operator wrote stays but for a gateway that is not there any more and was seen elsewhere. */
static void test_a_list_that_was_told_is_not_taken_over_ours(void **state)
{
	static const struct settings_member have[] = {
	    {"a", "192.0.2.1", CONF_KIND_GATEWAY}, {"b", "192.0.2.2", CONF_KIND_GATEWAY}};
	static const struct settings_member told[] = {
	    {"b", "10.0.0.2", CONF_KIND_GATEWAY}, {"a", "10.0.0.1", CONF_KIND_GATEWAY}};
	static const bool nowhere[] = {false, false}, only_b[] = {true, false};
	struct settings_member ret[CTL_MEMBERS_MAX];

	(void)state;
	assert_int_equal(ctl_worker_merge_lists(have, 2, told, 2, nowhere, ret), 2);
	assert_false(ctl_worker_lists_differ(have, 2, ret, 2));
	assert_int_equal(ctl_worker_merge_lists(have, 2, told, 2, only_b, ret), 2);
	assert_true(ctl_worker_lists_differ(have, 2, ret, 2));
	assert_string_equal(ret[0].address, "10.0.0.2");
	assert_string_equal(ret[1].address, "192.0.2.1");
	/* One that ours does not have at all. */
	assert_int_equal(ctl_worker_merge_lists(have, 1, told, 2, nowhere, ret), 1);
	assert_int_equal(ctl_worker_merge_lists(have, 1, told, 2, only_b, ret), 2);
	assert_string_equal(ret[0].address, "10.0.0.2");
}

static const struct doctor_finding *finding(const struct doctor_facts *f, const char *check)
{
	static const struct conf host = {.kind = CONF_KIND_WORKER, .name = "w1", .address = "10.9.0.7"};
	static struct doctor_report r;
	const struct doctor_finding *worst = NULL;

	(void)doctor_judge(f, &host, &r);
	for (size_t i = 0; i < r.findings; i++)
		if (strcmp(r.finding[i].check, check) == 0 && (!worst || r.finding[i].grade > worst->grade))
			worst = &r.finding[i];
	assert_non_null(worst);
	return worst;
}

static void test_the_doctor_of_a_worker_host(void **state)
{
	struct doctor_facts f = {.active = "a",
	    .member = {{"a", "10.9.0.1", true, "", 0}, {"b", "10.9.0.2", false, "", 0}},
	    .members = 2,
	    .unit = {{"haproxy.service", true, false, true}},
	    .units = 1};

	(void)state;
	assert_int_equal(finding(&f, "gateways")->grade, DOCTOR_WRONG);
	f.is_new = true;
	assert_int_equal(finding(&f, "gateways")->grade, DOCTOR_DOUBTFUL);
	assert_string_equal(finding(&f, "gateways")->text,
	    "b, 10.9.0.2, does not let this machine in yet: after a join that may take half a minute");
	memcpy(f.member[1].other, "a", 2);
	assert_int_equal(finding(&f, "gateways")->grade, DOCTOR_WRONG);
	assert_string_equal(
	    finding(&f, "gateways")->text, "10.9.0.2 is the address of a, not of b, as /etc/holdfast/gateways has it");
	f.members = 1;
	assert_int_equal(finding(&f, "gateways")->grade, DOCTOR_DOUBTFUL);
	assert_non_null(strstr(finding(&f, "gateways")->text, "a alone is in /etc/holdfast/gateways"));
	assert_string_equal(finding(&f, "units")->text, "haproxy.service does not run");
	assert_null(strstr(finding(&f, "units")->mend, "mariadb"));
}

static void test_one_with_the_name_of_a_member_is_named(void **state)
{
	json_t *hosts = json_loads("[{\"name\":\"b\"},{\"name\":\"x\"},{\"name\":\"r\"}]", 0, NULL);
	json_t *status = json_loads("{\"nodes\":[{\"name\":\"b\",\"kind\":\"gateway\",\"address\":\"10.9.0.2\"}],"
				    "\"replicas\":[{\"name\":\"r\",\"kind\":\"replica\",\"address\":\"10.9.0.3\"}]}",
	    0, NULL);

	(void)state;
	ctl_hosts_compare(hosts, NULL);
	assert_null(json_object_get(json_array_get(hosts, 0), CTL_HOSTS_NAMESAKE));
	ctl_hosts_compare(hosts, status);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(hosts, 0), CTL_HOSTS_NAMESAKE)), "gateway at 10.9.0.2");
	assert_null(json_object_get(json_array_get(hosts, 1), CTL_HOSTS_NAMESAKE));
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(hosts, 2), CTL_HOSTS_NAMESAKE)), "replica at 10.9.0.3");
	json_decref(hosts);
	json_decref(status);
}

static void test_what_was_seen_comes_back(void **state)
{
	static const char *const wrong[] = {"", "x", "12", "12 \n", "12\nw1 10.0.0.1 asleep\n", "12\nw1 10.0.0.1\n",
	    "12\nw1 10.0.0.1 up", "12\nw1-has-a-very-long-name 10.0.0.1 up\n", "12\nw1  10.0.0.1 up\n\n"};
	struct hostseen s = {.at_ms = UINT64_MAX}, back;
	char text[HOSTSEEN_BYTES], dir[] = "/tmp/hostseenXXXXXX", path[64];
	json_t *hosts = json_loads("[{\"name\":\"w1\",\"address\":\"10.9.0.7\",\"state\":\"not ready\"}]", 0, NULL);

	(void)state;
	for (s.count = 0; s.count < ROSTER_LIVE_MAX; s.count++) { /* the longest there is */
		memcpy(s.host[s.count].name, "worker-berlin-1", 16);
		memset(s.host[s.count].address, 'f', 45);
		memcpy(s.host[s.count].state, "not ready", 10);
	}
	hostseen_print(&s, text);
	assert_true(hostseen_parse(text, &back));
	assert_memory_equal(&s, &back, sizeof(s));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (hostseen_parse(wrong[i], &back))
			fail_msg("taken: '%s'", wrong[i]);

	assert_non_null(mkdtemp(dir));
	assert_false(hostseen_take(dir, &back));
	if (geteuid() == 0) {
		ctl_hosts_leave(hosts, dir);
		assert_true(hostseen_take(dir, &back));
		assert_true(hostseen_has(&back, "w1") && !hostseen_has(&back, "w"));
		assert_string_equal(back.host[0].address, "10.9.0.7");
		assert_string_equal(hostseen_state(&back, 0, back.at_ms + HOSTSEEN_OLD_MS), "not ready");
		assert_string_equal(hostseen_state(&back, 0, back.at_ms + HOSTSEEN_OLD_MS + 1), "unknown");
	}
	(void)snprintf(path, sizeof(path), "%s/" HOSTSEEN_NAME, dir);
	(void)unlink(path);
	(void)rmdir(dir);
	json_decref(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_haproxy_says),
	    cmocka_unit_test(test_a_worker_host_has_a_line),
	    cmocka_unit_test(test_own_workers_by_what_haproxy_says),
	    cmocka_unit_test(test_a_worker_host_is_well_or_not),
	    cmocka_unit_test(test_a_worker_host_tells_of_itself),
	    cmocka_unit_test(test_a_new_worker_host_is_told_to_wait),
	    cmocka_unit_test(test_a_list_of_gateways_that_is_wrong_is_called_so),
	    cmocka_unit_test(test_the_list_of_gateways_is_read),
	    cmocka_unit_test(test_only_a_whole_list_of_gateways_is_taken),
	    cmocka_unit_test(test_a_list_that_was_told_is_not_taken_over_ours),
	    cmocka_unit_test(test_the_doctor_of_a_worker_host),
	    cmocka_unit_test(test_one_with_the_name_of_a_member_is_named),
	    cmocka_unit_test(test_what_was_seen_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
