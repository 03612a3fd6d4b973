/* Bytes: the envelope, messages, the state file, GTIDs, log lines, the role table. */
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
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/log.h"
#include "heartbeat/role.h"
#include "heartbeat/statefile.h"
#include "heartbeat/wire.h"

static const uint8_t key[WIRE_KEY_BYTES] = {1, 2, 3};

static struct hb_message beat(void)
{
	struct hb_message m = {
	    .type = HB_BEAT, .from = 1, .boot = 3, .instance = 77, .stamp_us = 5, .want_lease = 1, .epoch = 9};

	m.has_record = 1;
	m.record = (struct hb_record){.version = 2, .epoch = 9, .in_sync = 1, .members = 2, .phase = HB_OPEN};
	memcpy(m.record.member[0].name, "a", 2);
	memcpy(m.record.member[1].name, "b", 2);
	m.record.token[0].byte[0] = 1;
	memcpy(m.facts.reason, "why not", 8);
	m.facts.binlog = (struct gtid){0, 1, 42};
	return m;
}

static const struct wire_way present = {WIRE_VERSION, 0};

static int open_it(struct wire *w, const uint8_t *buf, size_t n)
{
	struct hb_message back;
	struct wire_way way;

	return wire_open(w, 0, buf, n, &way, &back);
}

static void test_sealed_message_comes_back(void **state)
{
	struct hb_message m = beat(), back;
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire out, in;
	struct wire_way way;
	size_t n;

	(void)state;
	wire_start(&out, key);
	wire_start(&in, key);
	n = wire_seal(&out, present, &m, nonce, buf);
	assert_int_equal(wire_open(&in, 0, buf, n, &way, &back), 0);
	assert_int_equal(way.version, WIRE_VERSION);
	assert_true(hb_record_equal(&m.record, &back.record));
	assert_int_equal(back.facts.binlog.seq, 42);
	assert_string_equal(back.facts.reason, "why not");
	assert_int_equal(open_it(&in, buf, n), -EALREADY);
	assert_int_equal(in.dropped[WIRE_REPLAYED], 1);
}

/* It asks in each version in turn, and what the lower one cannot say would be taken for what it lacks. */
static void test_one_that_asks_is_heard_in_the_highest_version(void **state)
{
	struct hb_message m = {.type = HB_JOIN, .from = HB_NOBODY, .member = {.name = "b"}, .facts.level = HB_LEVEL},
			  back;
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire out, in;
	struct wire_way way;
	size_t n;

	(void)state;
	wire_start(&out, key);
	wire_start(&in, key);
	n = wire_seal(&out, (struct wire_way){1, 0}, &m, nonce, buf);
	assert_int_equal(wire_open(&in, 0, buf, n, &way, &back), -EAGAIN);
	n = wire_seal(&out, present, &m, nonce, buf);
	assert_int_equal(wire_open(&in, 0, buf, n, &way, &back), 0);
	assert_int_equal(back.facts.level, HB_LEVEL);
	out.reads = 1; /* of a release that has no other */
	n = wire_seal(&out, (struct wire_way){1, 0}, &m, nonce, buf);
	assert_int_equal(wire_open(&in, 0, buf, n, &way, &back), 0);
	assert_int_equal(back.facts.level, 0);
}

static void test_every_flipped_bit_and_every_cut_is_refused(void **state)
{
	struct hb_message m = beat();
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire out, in;
	uint64_t dropped = 0;
	size_t n;

	(void)state;
	wire_start(&out, key);
	wire_start(&in, key);
	n = wire_seal(&out, present, &m, nonce, buf);
	for (size_t i = 0; i < n; i++) {
		buf[i] ^= 0x10;
		assert_true(open_it(&in, buf, n) < 0);
		buf[i] ^= 0x10;
	}
	for (size_t i = 0; i < n; i++)
		assert_true(open_it(&in, buf, i) < 0);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		dropped += in.dropped[i];
	assert_int_equal(dropped, 2 * n);
	assert_int_equal(in.peer[1].reads, 0);
	assert_int_equal(open_it(&in, buf, n), 0);
}

static void test_every_cause_of_a_drop_is_counted(void **state)
{
	static const uint8_t strange[WIRE_KEY_BYTES] = {9};
	struct hb_message m = beat();
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire out, in, other;
	size_t n;

	(void)state;
	wire_start(&out, key);
	wire_start(&in, key);
	wire_start(&other, strange);
	assert_int_equal(open_it(&in, (const uint8_t *)"GET / HTTP/1.0", 14), -EINVAL);
	n = wire_seal(&other, present, &m, nonce, buf);
	assert_int_equal(open_it(&in, buf, n), -EINVAL);
	other.cluster = in.cluster;
	n = wire_seal(&other, present, &m, nonce, buf);
	assert_int_equal(open_it(&in, buf, n), -EINVAL);
	n = wire_seal(&out, present, &m, nonce, buf);
	buf[2] = WIRE_VERSION + 1;
	assert_int_equal(open_it(&in, buf, n), -ENOTSUP);
	buf[2] = 0;
	assert_int_equal(open_it(&in, buf, n), -ENOTSUP);
	buf[2] = WIRE_VERSION;
	assert_int_equal(open_it(&in, buf, n), 0);
	assert_int_equal(open_it(&in, buf, n), -EALREADY);
	assert_int_equal(in.dropped[WIRE_GARBAGE], 1);
	assert_int_equal(in.dropped[WIRE_OTHER_CLUSTER], 1);
	assert_int_equal(in.dropped[WIRE_WRONG_KEY], 1);
	assert_int_equal(in.dropped[WIRE_OTHER_VERSION], 2);
	assert_int_equal(in.dropped[WIRE_REPLAYED], 1);
}

static void test_older_start_of_a_sender_is_refused(void **state)
{
	struct hb_message m = beat();
	uint8_t old[WIRE_DATAGRAM_BYTES_MAX], young[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire out, in;
	size_t n, k;

	(void)state;
	wire_start(&out, key);
	wire_start(&in, key);
	n = wire_seal(&out, present, &m, nonce, old);
	m.boot++;
	k = wire_seal(&out, present, &m, nonce, young);
	assert_int_equal(open_it(&in, young, k), 0);
	assert_int_equal(open_it(&in, old, n), -EALREADY);
}

static void test_second_copy_by_the_other_path_is_no_replay(void **state)
{
	struct hb_message m = beat(), back;
	uint8_t buf[WIRE_DATAGRAM_BYTES_MAX], nonce[24] = {0};
	struct wire out, in;
	struct wire_way way;
	size_t n;

	(void)state;
	wire_start(&out, key);
	wire_start(&in, key);
	for (unsigned first = 0; first < WIRE_PATHS; first++) {
		n = wire_seal(&out, present, &m, nonce, buf);
		assert_int_equal(wire_open(&in, first, buf, n, &way, &back), 0);
		assert_int_equal(wire_open(&in, first ^ 1, buf, n, &way, &back), 1);
		for (unsigned path = 0; path < WIRE_PATHS; path++)
			assert_int_equal(wire_open(&in, path, buf, n, &way, &back), -EALREADY);
	}
	assert_int_equal(in.dropped[WIRE_REPLAYED], 4);
}

static void test_register_survives_and_damage_is_noticed(void **state)
{
	struct hb_register reg = {.cluster = 4, .instance = 5, .boot = 6, .admitted = 1, .accepted_ballot = {3, 1}},
			   back;
	char path[] = "/tmp/holdfast-register-XXXXXX";
	uint8_t buf[STATEFILE_BYTES_MAX];
	uint32_t version;
	struct errbuf e;
	size_t n;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	reg.accepted = beat().record;
	memcpy(reg.name, "b", 2);
	assert_int_equal(statefile_store(path, &reg, &e), 0);
	assert_int_equal(statefile_load(path, 4, &back, &e), 0);
	assert_true(hb_record_equal(&reg.accepted, &back.accepted));
	assert_int_equal(statefile_load(path, 5, &back, &e), -EBADMSG); /* another cluster's */
	unlink(path);
	assert_int_equal(statefile_load(path, 4, &back, &e), -ENOENT);
	n = statefile_encode(&reg, buf);
	for (size_t i = 0; i < n; i++) {
		buf[i] ^= 1;
		assert_int_equal(statefile_decode(buf, n, &version, &back), -EBADMSG);
		buf[i] ^= 1;
		assert_int_equal(statefile_decode(buf, i, &version, &back), -EBADMSG);
	}
}

static void test_gtids(void **state)
{
	static const char *const bad[] = {
	    "0", "0-1", "0-1-", "a-1-2", "0-1-2,1-1-3", "4294967296-1-2", "0-1-18446744073709551616", "0-1-2 "};
	char text[GTID_TEXT_BYTES];
	struct gtid g;

	(void)state;
	assert_int_equal(gtid_parse("0-2-18446744073709551615", &g), 0);
	assert_string_equal(gtid_format(g, text), "0-2-18446744073709551615");
	assert_int_equal(gtid_parse("", &g), 0);
	assert_string_equal(gtid_format(g, text), "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gtid_parse(bad[i], &g), -EINVAL);
}

static void test_log_line_cannot_be_forged(void **state)
{
	struct log_kv kv[] = {
	    KV_S("why", "x level=crit\nevent=\"y\""), KV_U("n", 7), KV_S("plain", "a-b"), KV_S("none", NULL)};
	char line[200];

	(void)state;
	log_format(line, sizeof(line), "pay.reject", kv, 4);
	assert_string_equal(line, "event=pay.reject why=\"x level=crit\\x0aevent=\\\"y\\\"\" n=7 plain=a-b none=-");
}

static void test_role_table_is_total(void **state)
{
	unsigned reached = 0;

	(void)state;
	for (unsigned s = 0; s < HB_STATE_COUNT; s++) {
		bool leaves = s == HB_WITNESS;

		for (unsigned on = 0; on < HB_SITUATION_COUNT; on++) {
			unsigned rules = 0;

			for (size_t i = 0; i < hb_rules_count; i++)
				rules += hb_rules[i].on == (enum hb_situation)on && (hb_rules[i].from >> s & 1);
			assert_int_equal(rules, 1);
			reached |= 1u << hb_role_rule((enum hb_state)s, (enum hb_situation)on)->to;
			leaves =
			    leaves || hb_role_rule((enum hb_state)s, (enum hb_situation)on)->to != (enum hb_state)s;
		}
		assert_true(leaves);
	}
	assert_int_equal(reached, (1u << HB_STATE_COUNT) - 1);
}

static unsigned read_conf(const char *text, struct conf *c, char *said, size_t size)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r"), *errs = fmemopen(said, size, "w");
	unsigned n = conf_read(in, "x.conf", c, errs);

	(void)fclose(in);
	(void)fclose(errs);
	return n;
}

static void test_configuration_names_every_error(void **state)
{
	char said[1000] = "";
	struct conf c;

	(void)state;
	assert_int_equal(
	    read_conf("[node]\nname=a\nnme=2\nname=B\n[heartbeat]\nport=70000\n", &c, said, sizeof(said)), 3);
	assert_string_equal(said, "x.conf:3: unknown key 'nme' in [node]\n"
				  "x.conf:4: 'name' was already set on line 2\n"
				  "x.conf:6: 'port' is '70000', want 1 to 65534\n");
	assert_int_equal(read_conf("[node]\nname=w\nkind=witness\naddress=10.0.0.3\n", &c, said, sizeof(said)), 0);
	assert_int_equal(c.lease_ms, 150);
	/* Of IPv6 in its shortest form, however it is written. */
	assert_int_equal(read_conf("[node]\nname=w\nkind=witness\naddress=2001:DB8:0:0::3\nsecond-address=fd00::0:3\n",
			     &c, said, sizeof(said)),
	    0);
	assert_string_equal(c.address, "2001:db8::3");
	assert_string_equal(c.second_address, "fd00::3");
	assert_int_equal(read_conf("[node]\nname=w\nkind=witness\naddress=10.0.0.3\n[heartbeat]\ninterval-ms=60\n", &c,
			     said, sizeof(said)),
	    1);
}

#define GATEWAY "[cluster]\nvip=10.0.0.100/24\n[node]\nname=a\naddress=10.0.0.1\ninterface=eth0\n"

static const struct {
	const char *text, *said;
} bad_confs[] = {
    {GATEWAY "[gatway]\n", "x.conf:7: unknown section [gatway], want [cluster], [node], [heartbeat], [replication], "
			   "[gateway], [page]\n"},
    {GATEWAY "[gatway]\nworkers=3\n", "x.conf:7: unknown section [gatway], want [cluster], [node], [heartbeat], "
				      "[replication], [gateway], [page]\n"},
    {"\nhello\n; fine: it is a comment\nname=a\n[node\n  \n=\nworld ; = 1\n",
	"x.conf:2: want '[section]' or 'key = value'\n"
	"x.conf:4: 'name' comes before any [section]\n"
	"x.conf:5: want '[section]' or 'key = value'\n"
	"x.conf:7: '' comes before any [section]\n"
	"x.conf:8: want '[section]' or 'key = value'\n"},
    {GATEWAY "[heartbeat]\ninterval-ms=60\n",
	"x.conf:8: 'lease-ms' is 150, want 180 to 1000: at least 3 x 'interval-ms', which is 60\n"},
    {GATEWAY "[heartbeat]\ninterval-ms=60\nlease-ms=170\npeer-timeout-ms=100\n",
	"x.conf:9: 'lease-ms' is 170, want 180 to 1000: at least 3 x 'interval-ms', which is 60\n"
	"x.conf:10: 'peer-timeout-ms' is 100, want 180 to 60000: at least 3 x 'interval-ms', which is 60\n"},
    {GATEWAY "[heartbeat]\ninterval-ms=400\npeer-timeout-ms=2000\n",
	"x.conf:8: 'lease-ms' is 150, want 1200, and 1000 is the most: at least 3 x 'interval-ms', which is "
	"400\n"},
    {GATEWAY "[replication]\nport=7443\n", "x.conf:8: 'mesh-http-port' of [gateway] and 'port' of "
					   "[replication] both take TCP port 7443: they must "
					   "differ\n"},
    {GATEWAY "[gateway]\nworker-port=4400\nworkers=7\n",
	"x.conf:8: 'worker-port' of [gateway] and 'relay-port' of [replication] both take TCP port 4406: they "
	"must "
	"differ\n"},
    {GATEWAY "[gateway]\nworker-port=4400\nworkers=6\n", ""},
    {GATEWAY "[gateway]\nworker-port=8400\nworkers=6\n",
	"x.conf:8: 'worker-port' takes TCP port 8405, which is that of HAProxy's figures\n"},
    {GATEWAY "[gateway]\nmesh-seed-port=7443\n", "x.conf:8: 'mesh-seed-port' of [gateway] and 'mesh-http-port' "
						 "of [gateway] both take TCP port 7443: they must "
						 "differ\n"},
    /* one on 127.0.0.1, the other on the node's address; UDP is not TCP */
    {GATEWAY "[gateway]\nworker-port=7443\nmesh-ledger-port=7400\n", ""},
    {GATEWAY "second-address=fe80::1\n", "x.conf:7: 'second-address' is 'fe80::1', want an IPv4 or IPv6 address, "
					 "and not of one link only (fe80::) or of a group\n"},
    {GATEWAY "[page]\nlisten=[2001:db8::1]:8407\n", ""},
    {GATEWAY "[page]\nlisten=[::1]:8407\n", ""},
    {GATEWAY "[page]\nlisten=10.0.0.1:7443\n", "x.conf:8: 'listen' of [page] and 'mesh-http-port' of [gateway] "
					       "both take TCP port 7443: they must differ\n"},
    {GATEWAY "[page]\nlisten=10.0.0.100:8407\n",
	"x.conf: 'listen' in [page] is the virtual IP: want an address of this machine\n"},
    {GATEWAY "[page]\nlisten=2001:db8::1:8407\n", "x.conf:8: 'listen' is '2001:db8::1:8407', want an address "
						  "of this machine and a port of 1024 to 65535, "
						  "such as 10.0.0.1:8407 or [2001:db8::1]:8407\n"},
    {GATEWAY "[page]\nlisten=[10.0.0.1]:8407\n",
	"x.conf:8: 'listen' is '[10.0.0.1]:8407', want an address of this machine and a port of 1024 to 65535, "
	"such as 10.0.0.1:8407 or [2001:db8::1]:8407\n"},
    {GATEWAY "[page]\nlisten=[::]:8407\n",
	"x.conf:8: 'listen' is '[::]:8407', want an address of this machine and a port of 1024 to 65535, "
	"such as 10.0.0.1:8407 or [2001:db8::1]:8407\n"},
    {GATEWAY "[gateway]\nchannels = a\x1b[31mb\n",
	"x.conf:8: 'channels' is 'a?[31mb', want names of 1 to 32 of a-z 0-9 _ -, each once, separated by blanks\n"},
    {GATEWAY "[gateway]\nchannels = bank card bank\n", "x.conf:8: 'channels' is 'bank card bank', want names of 1 to "
						       "32 of a-z 0-9 _ -, each once, separated by blanks\n"},
    {GATEWAY "[gateway]\nchannels = bank bank2 ban\n", ""},
    {GATEWAY "second-address=10.0.0.100\n",
	"x.conf: 'second-address' in [node] is the virtual IP: want an address of this machine alone\n"},
    {"[cluster]\nvip=10.0.0.1/24\n[node]\nname=a\naddress=10.0.0.1\ninterface=eth0\n",
	"x.conf: 'address' in [node] is the virtual IP: want an address of this machine alone\n"},
};

static void test_configuration_errors_say_where_and_what(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_confs) / sizeof(bad_confs[0]); i++) {
		char said[1000] = "";
		struct conf c;

		(void)read_conf(bad_confs[i].text, &c, said, sizeof(said));
		assert_string_equal(said, bad_confs[i].said);
	}
}

static void test_what_differs_is_told(void **state)
{
	struct conf then, now;
	char said[1000] = "";
	FILE *f;

	(void)state;
	assert_int_equal(read_conf(GATEWAY, &then, said, sizeof(said)), 0);
	assert_int_equal(
	    read_conf(GATEWAY
		"second-address=10.1.0.1\n[heartbeat]\nlease-ms=200\n[gateway]\naccess-log=on\nchannels=bank card\n",
		&now, said, sizeof(said)),
	    0);
	f = fmemopen(said, sizeof(said), "w");
	assert_int_equal(conf_print_changes(f, &then, &now), 4);
	(void)fclose(f);
	assert_string_equal(said,
	    "  [node] second-address: none -> 10.1.0.1: restart holdfast-heartbeatd\n"
	    "  [heartbeat] lease-ms: 150 -> 200: restart holdfast-heartbeatd\n"
	    "  [gateway] access-log: errors -> on: reload holdfast-workerd\n"
	    "  [gateway] channels: bank -> bank card: reconfigure, reload holdfast-workerd; the same on both "
	    "gateways\n");
	f = fopen("/dev/null", "we");
	assert_int_equal(conf_print_changes(f, &now, &now), 0);
	(void)fclose(f);
}

static void test_a_directory_is_no_configuration(void **state)
{
	char said[200] = "";
	FILE *errs = fmemopen(said, sizeof(said), "w");
	struct conf c;

	(void)state;
	assert_true(conf_load("/", &c, errs) > 0);
	(void)fclose(errs);
	assert_string_equal(said, "/: Is a directory\n");
}

/* A NUL must not take the line after it along. */
static void test_configuration_with_a_nul(void **state)
{
	static const char text[] = "[heartbeat]\n# x\0y\nobserve-only = yes\n";
	char said[200] = "";
	FILE *in = fmemopen((void *)(uintptr_t)text, sizeof(text) - 1, "r"), *errs = fmemopen(said, sizeof(said), "w");
	struct conf c;

	(void)state;
	assert_true(conf_read(in, "x.conf", &c, errs) > 0);
	(void)fclose(in);
	(void)fclose(errs);
	assert_non_null(strstr(said, "x.conf:2: a NUL byte after 3 characters\n"));
}

/* The parser takes 200 bytes at once. A comment may be longer. */
static void test_configuration_with_long_lines(void **state)
{
	char text[1000] = "[node]\n; ", said[1000] = "";
	struct conf c;

	(void)state;
	memset(text + strlen(text), 'x', 500);
	(void)snprintf(text + strlen(text), 100, "\nnme = 1\n");
	assert_int_equal(read_conf(text, &c, said, sizeof(said)), 1);
	assert_string_equal(said, "x.conf:3: unknown key 'nme' in [node]\n");
	memcpy(text, "[gateway]\nchannels = ", 21);
	memset(said, 0, sizeof(said));
	assert_true(read_conf(text, &c, said, sizeof(said)) > 1);
	assert_non_null(strstr(said, "x.conf:2: longer than 198 characters\n"));
	assert_non_null(strstr(said, "x.conf:3: unknown key 'nme' in [gateway]\n"));
}

static void test_configuration_comes_back(void **state)
{
	char said[1000] = "", text[1000] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	struct conf c, back;

	(void)state;
	assert_int_equal(read_conf("[cluster]\nvip=10.0.0.100/24\n[node]\nname=a\naddress=10.0.0.1\ninterface=eth0\n"
				   "[replication]\ndurability=received\n[gateway]\nchannels=bank card\n",
			     &c, said, sizeof(said)),
	    0);
	assert_int_equal(conf_write(f, &c), 0);
	(void)fclose(f);
	assert_int_equal(read_conf(text, &back, said, sizeof(said)), 0);
	assert_memory_equal(&c, &back, sizeof(c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sealed_message_comes_back),
	    cmocka_unit_test(test_one_that_asks_is_heard_in_the_highest_version),
	    cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_refused),
	    cmocka_unit_test(test_every_cause_of_a_drop_is_counted),
	    cmocka_unit_test(test_older_start_of_a_sender_is_refused),
	    cmocka_unit_test(test_second_copy_by_the_other_path_is_no_replay),
	    cmocka_unit_test(test_register_survives_and_damage_is_noticed),
	    cmocka_unit_test(test_gtids),
	    cmocka_unit_test(test_log_line_cannot_be_forged),
	    cmocka_unit_test(test_role_table_is_total),
	    cmocka_unit_test(test_configuration_names_every_error),
	    cmocka_unit_test(test_configuration_errors_say_where_and_what),
	    cmocka_unit_test(test_what_differs_is_told),
	    cmocka_unit_test(test_a_directory_is_no_configuration),
	    cmocka_unit_test(test_configuration_with_a_nul),
	    cmocka_unit_test(test_configuration_with_long_lines),
	    cmocka_unit_test(test_configuration_comes_back),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
