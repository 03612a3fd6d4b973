/* The status: as heartbeatd tells it, and as holdfastctl shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/ctl_explain.h"
#include "heartbeat/ctl_status.h"
#include "heartbeat/daemon.h"
#include "tests/unit/status_text.h"

static void test_a_look_at_the_status(void **state)
{
	json_t *status = json_loads(status_text, 0, NULL), *empty = json_object();
	struct ctl_look look;

	(void)state;
	ctl_status_look(status, "b", "10.0.0.2", &look);
	assert_true(look.answered && look.serving && look.member && look.heard && !look.in_sync && !look.refused);
	assert_string_equal(look.state, "seeding");
	ctl_status_look(status, "a", "10.0.0.1", &look);
	assert_true(look.member && look.in_sync);
	ctl_status_look(status, "b", "10.0.0.9", &look);
	assert_false(look.member || look.in_sync);
	json_object_set_new(status, "reason", json_string("the name belongs to another member"));
	ctl_status_look(status, "b", "10.0.0.2", &look);
	assert_false(look.refused);
	json_object_set_new(status, "refused", json_true());
	json_object_set_new(status, "mode", json_string("STALLED"));
	ctl_status_look(status, "b", "10.0.0.2", &look);
	assert_true(look.refused && !look.member && !look.serving);
	/* Under a key of this cluster's; not what a former one of this machine's sends. */
	json_object_set_new(status, "dropped", json_pack("{s:i, s:i}", "wrong-key", 20, "other-cluster", 7));
	ctl_status_look(status, "b", "10.0.0.2", &look);
	assert_int_equal(look.unread, 20);
	ctl_status_look(empty, "b", "10.0.0.2", &look);
	assert_false(look.serving || look.member || look.heard || look.in_sync || look.refused);
	json_decref(status);
	json_decref(empty);
}

static void test_the_status_as_a_table(void **state)
{
	json_t *status = json_loads(status_text, 0, NULL), *empty = json_object();
	char out[2048] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");

	(void)state;
	ctl_status_print(f, status);
	ctl_status_print(f, empty);
	(void)fclose(f);
	assert_non_null(
	    strstr(out, "mode SOLO unobserved  epoch 7  active a  in sync a  address 10.0.0.100/24 on a\n"));
	assert_non_null(strstr(out, "seeding"));
	assert_non_null(strstr(out, "12 of 100 MB\n"));
	assert_non_null(strstr(out, "last move: b -> a at 2026-01-01T00:00:00.000Z, lease-expired, took 431 ms"));
	assert_non_null(strstr(out, "no member is known yet"));
	json_decref(status);
	json_decref(empty);
}

/* A replica is shown below the members, and is none of them. */
static void test_a_replica_has_a_line(void **state)
{
	json_t *status = json_loads(status_text, 0, NULL);
	char out[2048] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");
	struct ctl_look look;

	(void)state;
	json_object_set_new(status, "replicas",
	    json_loads("[{\"name\":\"r\",\"kind\":\"replica\",\"address\":\"10.9.0.4\",\"state\":\"following\","
		       "\"reachable\":true,"
		       "\"gtid_applied\":\"0-1-40\",\"behind\":2,\"backlog_ms\":0,\"reason\":\"\"}]",
		0, NULL));
	ctl_status_print(f, status);
	(void)fclose(f);
	assert_non_null(strstr(out, "r               replica  10.9.0.4        following    0-1-40         behind 2"));
	ctl_status_look(status, "r", "10.9.0.4", &look);
	assert_false(look.member || look.in_sync);
	json_decref(status);
}

/* The member "behind" or the like of node number i, as w sees it: -1 is null, -2 not there. */
static json_int_t number_of(const struct daemon *d, uint64_t now_us, size_t i, const char *key)
{
	const char *text = status_answer(d, "status", now_us);
	json_t *status = json_loads(text, 0, NULL);
	const json_t *n = json_object_get(json_array_get(json_object_get(status, "nodes"), i), key);
	json_int_t ret = json_is_integer(n) ? json_integer_value(n) : json_is_null(n) ? -1 : -2;

	json_decref(status);
	return ret;
}

static void test_how_far_a_node_is_behind(void **state)
{
	static struct daemon d;
	struct hb_record *r = &d.node.known;
	struct hb_peer *a = &d.node.peer[0], *b = &d.node.peer[1];

	(void)state;
	*r = (struct hb_record){.epoch = 7, .active = 0, .in_sync = 3, .members = 3};
	r->member[0] = (struct hb_member){.name = "a", .kind = HB_KIND_GATEWAY};
	r->member[1] = (struct hb_member){.name = "b", .kind = HB_KIND_GATEWAY};
	r->member[2] = (struct hb_member){.name = "w", .kind = HB_KIND_WITNESS};
	d.keys.disk.count = d.keys.ring.count = 1;
	d.node.self = 2;
	d.node.booted = a->heard = b->heard = true;
	a->heard_us = b->heard_us = 1000000;
	a->facts.binlog = (struct gtid){0, 1, 5000};
	b->facts.applied = (struct gtid){0, 1, 1000};
	b->facts.follow_epoch = 7;
	b->facts.backlog_ms = 12;
	assert_int_equal(number_of(&d, 1500000, 1, "behind"), 4000);
	assert_int_equal(number_of(&d, 1500000, 1, "backlog_ms"), 12);
	assert_int_equal(number_of(&d, 1500000, 0, "behind"), -2); /* the active node */
	assert_int_equal(number_of(&d, 1500000, 2, "behind"), -2); /* a witness */
	b->facts.applied.seq = 5001;
	assert_int_equal(number_of(&d, 1500000, 1, "behind"), 0);
	b->facts.follow_epoch = 0;
	assert_int_equal(number_of(&d, 1500000, 1, "behind"), 0);
	assert_int_equal(number_of(&d, 1500000, 1, "backlog_ms"), -1);
	b->facts.follow_epoch = 7;
	a->facts.binlog.seq = 0;
	assert_int_equal(number_of(&d, 1500000, 1, "behind"), -1);
	a->facts.binlog.seq = 5000;
	b->facts.applied.seq = 0;
	assert_int_equal(number_of(&d, 1500000, 1, "behind"), -1);
	b->facts.applied.seq = 1000;
	a->heard_us = 0; /* long ago */
	assert_int_equal(number_of(&d, 1500000, 1, "behind"), -1);
	assert_int_equal(number_of(&d, 1500000, 1, "backlog_ms"), 12);
	a->heard_us = 2500000;
	assert_int_equal(number_of(&d, 2600000, 1, "behind"), -1);
	assert_int_equal(number_of(&d, 2600000, 1, "backlog_ms"), -1);
}

/* Members a, b and w as w sees them, a active. */
static void make_cluster(struct daemon *d)
{
	struct hb_record *r = &d->node.known;

	*d = (struct daemon){
	    .conf = {.name = "w", .lease_ms = 150, .vip = "10.0.0.100/24"}, .keys = {.disk.count = 1, .ring.count = 1}};
	*r = (struct hb_record){.epoch = 7, .active = 0, .phase = HB_OPEN, .in_sync = 3, .members = 3};
	r->member[0] = (struct hb_member){.name = "a", .kind = HB_KIND_GATEWAY};
	r->member[1] = (struct hb_member){.name = "b", .kind = HB_KIND_GATEWAY};
	r->member[2] = (struct hb_member){.name = "w", .kind = HB_KIND_WITNESS};
	d->node.self = 2;
	d->node.state = HB_WITNESS;
	d->node.booted = true;
	for (uint8_t i = 0; i < 2; i++) {
		d->node.peer[i].heard = true;
		d->node.peer[i].heard_us = 1000000;
		d->node.peer[i].facts.state = i ? HB_STANDBY : HB_ACTIVE;
		d->node.peer[i].facts.serving = d->node.peer[i].facts.holds_vip = i == 0;
	}
}

/* "mode holder, a: state, own reason" */
static const char *shown(const struct daemon *d, uint64_t now_us)
{
	static char ret[512];
	json_t *status = json_loads(status_answer(d, "status", now_us), 0, NULL);
	const json_t *nodes = json_object_get(status, "nodes");
	const char *holder = json_string_value(json_object_get(json_object_get(status, "vip"), "holder"));

	(void)snprintf(ret, sizeof(ret), "%s %s, a: %s, w: %s, %s", json_string_value(json_object_get(status, "mode")),
	    holder ? holder : "-", json_string_value(json_object_get(json_array_get(nodes, 0), "state")),
	    json_string_value(json_object_get(json_array_get(nodes, 2), "state")),
	    json_string_value(json_object_get(json_array_get(nodes, 2), "reason")));
	json_decref(status);
	return ret;
}

/* Whom payments wait for, any node that hears the active knows: a monitor must not be told that all is well. */
static void test_payments_that_wait_are_told_everywhere(void **state)
{
	static struct daemon d;

	(void)state;
	make_cluster(&d);
	d.node.peer[0].facts.level = HB_LEVEL;
	d.node.peer[0].facts.hears = 1 << 1;
	assert_non_null(strstr(status_answer(&d, "status", 1200000), "\"waits_for\":null"));
	d.node.peer[0].facts.hears = 0;
	assert_non_null(strstr(status_answer(&d, "status", 1200000), "\"waits_for\":\"b\""));
	d.node.peer[0].facts.level = 2; /* it does not say whom it hears */
	assert_non_null(strstr(status_answer(&d, "status", 1200000), "\"waits_for\":null"));
	d.node.self = 0; /* the active itself */
	assert_non_null(strstr(status_answer(&d, "status", 1200000), "\"waits_for\":null"));
	assert_non_null(strstr(status_answer(&d, "status", 2100000), "\"waits_for\":\"b\""));
	d.node.known.in_sync = 1;
	assert_non_null(strstr(status_answer(&d, "status", 2100000), "\"waits_for\":null"));
}

/* What a gateway said of itself before the role moved is not so any more, also if it never says another word. */
static void test_the_last_words_of_a_dead_one_do_not_count(void **state)
{
	static struct daemon d;

	(void)state;
	make_cluster(&d);
	assert_string_equal(shown(&d, 1200000), "SYNC a, a: active, w: witness, ");
	d.node.known.epoch = 8;
	d.node.known.active = 1;
	d.epoch_us = d.node.peer[1].heard_us = 1250000;
	d.node.peer[1].facts.serving = d.node.peer[1].facts.holds_vip = 1;
	assert_string_equal(shown(&d, 1300000), "SYNC b, a: unreachable, w: witness, ");
	d.node.peer[0].heard_us = 1290000; /* it lives, and still has the address */
	assert_string_equal(shown(&d, 1300000), "SYNC a, a: active, w: witness, ");
	assert_non_null(
	    strstr(status_answer(&d, "status", 1300000), "\"holders\":[\"a\",\"b\"],\"holder\":\"a\",\"moving\":true"));
	d.node.peer[0].heard_us = d.node.peer[1].heard_us = 2290000; /* for too long */
	assert_non_null(strstr(status_answer(&d, "status", 2300000), "\"holder\":\"a\",\"moving\":false"));
	d.node.peer[0].facts.holds_vip = 0;
	assert_non_null(strstr(status_answer(&d, "status", 2300000), "\"holder\":\"b\",\"moving\":false"));
}

static void test_nobody_is_heard_is_a_reason(void **state)
{
	static struct daemon d;

	(void)state;
	make_cluster(&d);
	assert_string_equal(shown(&d, 9000000),
	    "STALLED -, a: unreachable, w: witness, hears nothing of a b: without a majority nobody serves here");
	d.node.peer[1].heard_us = 9000000;
	assert_string_equal(
	    shown(&d, 9000000), "STALLED -, a: unreachable, w: witness, hears nothing of a: see holdfastctl explain");
	(void)snprintf(d.node.reason, sizeof(d.node.reason), "it has one of its own");
	assert_string_equal(shown(&d, 9000000), "STALLED -, a: unreachable, w: witness, it has one of its own");
}

static void test_a_witness_in_maintenance_is_shown(void **state)
{
	static struct daemon d;

	(void)state;
	make_cluster(&d);
	d.node.known.maintenance = 1 << 2;
	assert_string_equal(shown(&d, 1200000), "SYNC a, a: active, w: maintenance, ");
}

static void test_leases_of_another_length_are_told(void **state)
{
	static struct daemon d;

	(void)state;
	make_cluster(&d);
	assert_null(strstr(status_answer(&d, "explain", 1200000), "lease-ms"));
	d.lease_ms[0] = 150;
	assert_null(strstr(status_answer(&d, "explain", 1200000), "lease-ms"));
	d.lease_ms[1] = 300;
	assert_non_null(strstr(status_answer(&d, "explain", 1200000),
	    "\"about\":\"b\",\"text\":\"its lease-ms is 300, that of w is 150:"));
	assert_non_null(strstr(status_answer(&d, "status", 1200000), "\"lease_setting_ms\":300"));
}

static void test_the_explanation_as_text(void **state)
{
	static const char text[] =
	    "{\"cluster\":\"pay\",\"node\":\"b\",\"lines\":["
	    "{\"topic\":\"now\",\"about\":null,\"holds\":null,\"text\":\"the record names a active\"},"
	    "{\"topic\":\"claim\",\"about\":\"b\",\"holds\":true,\"text\":\"it is in in_sync\"},"
	    "{\"topic\":\"claim\",\"about\":\"b\",\"holds\":false,\"text\":\"it is fit\"},"
	    "{\"topic\":\"death\",\"about\":\"w\",\"holds\":null,\"text\":\"payments go on\"},7]}";
	json_t *explanation = json_loads(text, 0, NULL), *empty = json_object();
	char out[2048] = "";
	FILE *f = fmemopen(out, sizeof(out), "w");

	(void)state;
	assert_non_null(explanation);
	ctl_explain_print(f, explanation);
	ctl_explain_print(f, empty);
	(void)fclose(f);
	assert_non_null(strstr(out, "cluster pay as b knows it\nhow it is:\n"));
	assert_non_null(strstr(out, "\n  b               [yes] it is in in_sync\n                  [no]  it is fit\n"));
	assert_non_null(strstr(out, "\n  w               payments go on\n"));
	assert_null(strstr(out, "before it counts")); /* of which nothing is said */
	json_decref(explanation);
	json_decref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_explanation_as_text),
	    cmocka_unit_test(test_payments_that_wait_are_told_everywhere),
	    cmocka_unit_test(test_the_last_words_of_a_dead_one_do_not_count),
	    cmocka_unit_test(test_nobody_is_heard_is_a_reason),
	    cmocka_unit_test(test_a_witness_in_maintenance_is_shown),
	    cmocka_unit_test(test_leases_of_another_length_are_told),
	    cmocka_unit_test(test_a_look_at_the_status),
	    cmocka_unit_test(test_the_status_as_a_table),
	    cmocka_unit_test(test_a_replica_has_a_line),
	    cmocka_unit_test(test_how_far_a_node_is_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
