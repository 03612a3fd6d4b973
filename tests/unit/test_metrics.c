/* What Prometheus is told: the text of a value, all families of a status, and what daemons leave in files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/ctl_metrics.h"
#include "heartbeat/ctl_scrape.h"
#include "heartbeat/metrics.h"

static const char status_text[] =
    "{\"cluster\":\"pay\",\"node\":\"a\",\"epoch\":7,\"mode\":\"SOLO\",\"observed\":true,\"active\":\"a\",\"in_sync\":["
    "\"a\"],"
    "\"vip\":{\"address\":\"10.0.0.100/24\",\"holder\":\"a\",\"holders\":[\"a\"]},\"nodes\":["
    "{\"name\":\"a\",\"kind\":\"gateway\",\"state\":\"active\",\"reachable\":true,\"lease_ms\":120,\"maintenance\":"
    "false,\"reason\":\"\"},"
    "{\"name\":\"b\",\"kind\":\"gateway\",\"state\":\"catching-up\",\"reachable\":true,\"backlog_ms\":250,\"behind\":"
    "42,"
    "\"maintenance\":true,\"reason\":\"lags\"},"
    "{\"name\":\"w\",\"kind\":\"witness\",\"state\":\"unreachable\",\"reachable\":false,\"maintenance\":false,"
    "\"reason\":\"\"}],"
    "\"replicas\":[{\"name\":\"r\",\"heard_ms\":1500,\"behind\":3}],"
    "\"last_transition\":{\"epoch\":7,\"took_ms\":431,\"at\":\"2026-01-01T00:00:10.500Z\",\"stages_ms\":{\"detect\":"
    "200}},"
    "\"waits_for\":\"b\",\"dropped\":{\"garbage\":2,\"replayed\":0},\"key\":{\"number\":1,\"rotating\":false},"
    "\"unacknowledged_exports\":4,\"verify\":{\"result\":\"found\",\"findings\":2,\"at_unix\":1767225600},"
    "\"backup\":{\"at_unix\":1767225601},\"certificates_end_unix\":{\"edge\":2524607999},"
    "\"worker_hosts\":[{\"name\":\"w1\",\"state\":\"up\"},{\"name\":\"w2\",\"state\":\"not ready\"},"
    "{\"name\":\"w3\",\"state\":\"unknown\"}]}";

static char *shown(const char *text)
{
	json_t *status = text ? json_loads(text, 0, NULL) : NULL;
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	assert_true(!text || status);
	ctl_metrics_print(f, status);
	(void)fclose(f);
	json_decref(status);
	return out;
}

static void has(const char *out, const char *line)
{
	if (!strstr(out, line))
		print_message("no '%s' in:\n%s", line, out);
	assert_non_null(strstr(out, line));
}

static void test_a_status_as_metrics(void **state)
{
	static const char *const lines[] = {"\nholdfast_up 1\n", "\nholdfast_epoch 7\n",
	    "\nholdfast_mode{mode=\"SOLO\"} 1\n", "\nholdfast_mode{mode=\"SYNC\"} 0\n", "\nholdfast_witness_heard 1\n",
	    "\nholdfast_in_sync{node=\"a\"} 1\n", "\nholdfast_in_sync{node=\"b\"} 0\n",
	    "\nholdfast_active{node=\"a\"} 1\n", "\nholdfast_address_held{node=\"a\"} 1\n",
	    "\nholdfast_payments_wait 1\n", "\nholdfast_node_reachable{node=\"w\"} 0\n",
	    "\nholdfast_node_state{node=\"b\",state=\"catching-up\"} 1\n",
	    "\nholdfast_node_state{node=\"b\",state=\"standby\"} 0\n",
	    "\nholdfast_node_state{node=\"w\",state=\"unreachable\"} 1\n", "\nholdfast_node_complains{node=\"b\"} 1\n",
	    "\nholdfast_node_maintenance{node=\"b\"} 1\n", "\nholdfast_node_lag_transactions{node=\"b\"} 42\n",
	    "\nholdfast_node_backlog_seconds{node=\"b\"} 0.25\n",
	    "\nholdfast_lease_remaining_seconds{node=\"a\"} 0.12\n",
	    "\nholdfast_replica_heard_age_seconds{replica=\"r\"} 1.5\n",
	    "\nholdfast_replica_lag_transactions{replica=\"r\"} 3\n",
	    "\nholdfast_last_move_timestamp_seconds 1767225610\n", "\nholdfast_last_move_seconds 0.431\n",
	    "\nholdfast_last_move_stage_seconds{stage=\"detect\"} 0.2\n",
	    "\nholdfast_datagrams_dropped_total{cause=\"garbage\"} 2\n", "\nholdfast_heartbeat_key_number 1\n",
	    "\nholdfast_heartbeat_key_rotating 0\n", "\nholdfast_unacknowledged_exports 4\n",
	    "\nholdfast_verify_right 0\n", "\nholdfast_verify_findings 2\n",
	    "\nholdfast_verify_timestamp_seconds 1767225600\n", "\nholdfast_backup_timestamp_seconds 1767225601\n",
	    "\nholdfast_certificate_end_timestamp_seconds{certificate=\"edge\"} 2524607999\n",
	    "\nholdfast_worker_host_up{worker_host=\"w1\"} 1\nholdfast_worker_host_up{worker_host=\"w2\"} 0\n"};
	char *out = shown(status_text);

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		has(out, lines[i]);
	assert_null(strstr(out, "in_sync{node=\"w\"}")); /* it has no copy */
	free(out);
}

static unsigned count(const char *out, const char *words)
{
	unsigned n = 0;

	for (const char *at = out; (at = strstr(at, words)); at += strlen(words))
		n++;
	return n;
}

/* Each family of the table is there when the status has everything, once, and nothing else is. */
static void test_the_table_is_what_is_told(void **state)
{
	char *out = shown(status_text);

	(void)state;
	for (unsigned id = 0; id < METRICS_DAEMON_UP; id++) {
		char type[128];

		(void)snprintf(type, sizeof(type), "# TYPE %s %s\n", metrics_family((enum metrics_id)id)->name,
		    metrics_type_word(metrics_family((enum metrics_id)id)->type));
		if (count(out, type) != 1)
			print_message("%s", type);
		assert_int_equal(count(out, type), 1);
	}
	assert_int_equal(count(out, "# TYPE "), METRICS_DAEMON_UP);
	free(out);
}

static void test_what_is_not_known_is_left_out(void **state)
{
	char *out = shown(NULL);

	(void)state;
	assert_int_equal(count(out, "\n"), 3);
	has(out, "\nholdfast_up 0\n");
	free(out);
	out = shown("{\"nodes\":[{\"name\":\"a\",\"kind\":\"gateway\",\"behind\":null}],\"last_transition\":null,"
		    "\"verify\":null}");
	has(out, "\nholdfast_up 1\n");
	has(out, "\nholdfast_active{node=\"a\"} 0\n");
	assert_null(strstr(out, "lag_transactions{"));
	assert_null(strstr(out, "last_move"));
	assert_null(strstr(out, "verify"));
	assert_null(strstr(out, "replica"));
	free(out);
}

static void test_the_text_of_a_value(void **state)
{
	const struct metrics_label label[] = {{"a", "x\"y\\z\nq"}, {"b", ""}, {NULL, NULL}};
	char out[512] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");

	(void)state;
	metrics_value(f, METRICS_EPOCH, label, 1e15 + 1);
	metrics_value(f, METRICS_EPOCH, NULL, -3);
	metrics_value(f, METRICS_EPOCH, NULL, 0.0015);
	(void)fclose(f);
	assert_string_equal(
	    out, "holdfast_epoch{a=\"x\\\"y\\\\z\\nq\",b=\"\"} 1e+15\nholdfast_epoch -3\nholdfast_epoch 0.0015\n");
}

/* What the daemons are: those of the configuration. */
static void test_the_daemons_of_a_machine(void **state)
{
	static struct ctl_scrape_source s[CTL_SCRAPE_SOURCES_MAX];
	struct conf conf = {.kind = CONF_KIND_GATEWAY, .workers = 3};

	(void)state;
	assert_int_equal(ctl_scrape_sources(&conf, s), 5);
	assert_string_equal(s[4].daemon, "workerd@3");
	assert_string_equal(s[4].path, "/run/holdfast/worker/metrics-3");
	conf.workers = 64;
	assert_int_equal(ctl_scrape_sources(&conf, s), 66);
	conf.kind = CONF_KIND_REPLICA;
	assert_int_equal(ctl_scrape_sources(&conf, s), 1);
	conf.kind = CONF_KIND_WITNESS;
	assert_int_equal(ctl_scrape_sources(&conf, s), 0);
}

static void leave(struct ctl_scrape_source *s, const char *dir, const char *daemon, const char *text)
{
	FILE *f;

	(void)snprintf(s->daemon, sizeof(s->daemon), "%s", daemon);
	(void)snprintf(s->path, sizeof(s->path), "%s/%s", dir, daemon);
	f = text ? fopen(s->path, "we") : NULL;
	if (f) {
		(void)fputs(text, f);
		assert_int_equal(fclose(f), 0);
	}
}

static void test_files_of_daemons_are_put_together(void **state)
{
	static struct ctl_scrape_source s[CTL_SCRAPE_SOURCES_MAX];
	char dir[] = "/tmp/holdfast-metrics-XXXXXX", *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	assert_non_null(mkdtemp(dir));
	leave(&s[0], dir, "one",
	    "holdfast_http_requests_total{worker=\"1\"} 5\nholdfast_foreign 1\nholdfast_epoch 9\nholdfast_http_req");
	leave(
	    &s[1], dir, "two", "holdfast_http_requests_total{worker=\"2\"} 6\nholdfast_http_requests_total\033[2J 1\n");
	leave(&s[2], dir, "gone", NULL);
	(void)snprintf(s[3].path, sizeof(s[3].path), "%s/link", dir);
	(void)snprintf(s[3].daemon, sizeof(s[3].daemon), "link");
	assert_int_equal(symlink(s[0].path, s[3].path), 0);
	ctl_scrape_print(f, s, 4, time(NULL));
	(void)fflush(f);
	has(out, "\nholdfast_daemon_up{daemon=\"one\"} 1\n");
	has(out, "\nholdfast_daemon_up{daemon=\"gone\"} 0\n");
	has(out,
	    "\nholdfast_daemon_up{daemon=\"link\"} 0\n"); /* what it points to is not for anybody who may write there */
	has(out, "\n# TYPE holdfast_http_requests_total counter\nholdfast_http_requests_total{worker=\"1\"} 5\n"
		 "holdfast_http_requests_total{worker=\"2\"} 6\n");
	assert_null(strstr(out, "foreign"));
	assert_null(strstr(out, "holdfast_epoch")); /* that is not a daemon's to say */
	assert_null(strchr(out, '\033'));
	rewind(f);
	ctl_scrape_print(f, s, 2, time(NULL) + 3600);
	(void)fclose(f);
	has(out, "\nholdfast_daemon_up{daemon=\"one\"} 0\n");
	free(out);
	assert_int_equal(unlink(s[0].path) | unlink(s[1].path) | unlink(s[3].path) | rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_status_as_metrics),
	    cmocka_unit_test(test_the_table_is_what_is_told),
	    cmocka_unit_test(test_what_is_not_known_is_left_out),
	    cmocka_unit_test(test_the_text_of_a_value),
	    cmocka_unit_test(test_the_daemons_of_a_machine),
	    cmocka_unit_test(test_files_of_daemons_are_put_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
