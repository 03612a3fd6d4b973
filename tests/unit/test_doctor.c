/* What the doctor says of what it sees: one case for each thing that can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/conf_table.h"
#include "heartbeat/doctor.h"
#include "heartbeat/wire.h"
#include "tests/unit/a_machine.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct {
	void (*spoil)(struct doctor_facts *f);
	const char *check, *words;
	enum doctor_grade grade;
} cases[] = {
	{ conf_is_wrong,   "conf",       "holdfast.conf:3: unknown key",                      DOCTOR_WRONG },
	{ clock_runs_free, "clock",      "nothing synchronises it",                           DOCTOR_DOUBTFUL },
	{ clock_is_mute,   "clock",      "does not tell",                                     DOCTOR_DOUBTFUL },
	{ wrong_interface, "network",    "is on eth1",                                        DOCTOR_WRONG },
	{ small_mtu,       "mtu",        "1279 bytes, and at least 1280",                     DOCTOR_WRONG },
	{ least_mtu,       "mtu",        "1280 bytes",                                        DOCTOR_WELL },
	{ no_mtu,          "mtu",        "not known",                                         DOCTOR_DOUBTFUL },
	{ no_heartbeatd,   "member",     "connection refused",                                DOCTOR_WRONG },
	{ not_well,        "member",     "a: its database does not answer",                   DOCTOR_DOUBTFUL },
	{ given_up,        "member",     "a: given up",                                       DOCTOR_WRONG },
	{ one_silent,      "heartbeats", "nothing is heard of w, 10.0.0.3",                   DOCTOR_WRONG },
	{ other_lease,     "heartbeats", "lease-ms is 300 on w and ",                         DOCTOR_WRONG },
	{ port_dropped,    "ports",      "TCP 3306 of b, 10.0.0.2, does not answer",          DOCTOR_WRONG },
	{ port_refused,    "ports",      "is refused",                                        DOCTOR_WRONG },
	{ no_route,        "ports",      "no way to that address",                            DOCTOR_WRONG },
	{ no_ports,        "ports",      "no other gateway is known",                         DOCTOR_DOUBTFUL },
	{ other_channels,  "settings",   "[gateway] channels is 'bank card' here and 'bank' on b: make it the same", DOCTOR_WRONG },
	{ settings_not_told, "settings", "b does not tell what it has",                       DOCTOR_DOUBTFUL },
	{ no_peer,         "settings",   "there is no other gateway",                         DOCTOR_WELL },
	{ vip_unanswered,  "address",    "nobody answers for it",                             DOCTOR_WRONG },
	{ nobody_serves,   "address",    "nobody answers for it",                             DOCTOR_WELL },
	{ vip_mute,        "address",    "cannot be asked for",                               DOCTOR_DOUBTFUL },
	{ vip_taken,       "address",    "that of another machine, 02:00:00:00:00:07",        DOCTOR_WRONG },
	{ unit_dead,       "units",      "haproxy.service does not run",                      DOCTOR_WRONG },
	{ unit_disabled,   "units",      "haproxy.service is not enabled",                    DOCTOR_WRONG },
	{ mariadb_enabled, "units",      "mariadb.service is enabled: only replicationd",     DOCTOR_WRONG },
	{ socket_listens,  "units",      "mariadb.socket listens: it starts MariaDB",          DOCTOR_WRONG },
	{ socket_listens,  "units",      "only on the standby, or after a switchover: systemctl kill -s KILL mariadb", DOCTOR_WRONG },
	{ no_units,        "units",      "systemd does not tell",                             DOCTOR_DOUBTFUL },
	{ may_not_have_addresses, "capabilities", "CAP_NET_ADMIN: keepalived cannot hold",     DOCTOR_WRONG },
	{ may_not_be_first, "capabilities", "CAP_SYS_NICE: heartbeatd waits",                 DOCTOR_DOUBTFUL },
	{ may_what_is_not_known, "capabilities", "not known",                                 DOCTOR_DOUBTFUL },
	{ open_key,        "files",      "/etc/holdfast/cluster.key: a secret",               DOCTOR_WRONG },
	{ refused,         "programs",   "HAProxy: unknown keyword 'x'",                      DOCTOR_WRONG },
	{ two_hosts, "workers", "each gets requests",                                       DOCTOR_WELL },
	{ a_host_down, "workers", "w2 at 10.0.0.22 gets no requests",                       DOCTOR_DOUBTFUL },
	{ a_host_with_a_members_name, "workers", "w2 at 10.0.0.22 has the name of the gateway at 10.0.0.2", DOCTOR_DOUBTFUL },
	{ a_host_pending, "workers", "was not told of a change: who was removed may still",    DOCTOR_WRONG },
	{ certificate_stays, "certificates", "none ends within 21 days",                    DOCTOR_WELL },
	{ certificate_ends, "certificates", "/etc/holdfast/pki/edge.pem ends in 20 days",     DOCTOR_DOUBTFUL },
	{ certificate_ended, "certificates", "/etc/holdfast/pki/edge.pem has ended",          DOCTOR_WRONG },
	{ certificate_unread, "certificates", "no certificate in PEM",                       DOCTOR_WRONG },
	{ on_tmpfs,        "disk",       "tmpfs, which does not keep",                        DOCTOR_WRONG },
	{ no_sync,         "disk",       "nothing can be written and synced",                 DOCTOR_WRONG },
	{ slow_sync,       "disk",       "takes 20001 us",                                    DOCTOR_DOUBTFUL },
	{ disk_full,       "space",      "9 percent",                                         DOCTOR_WRONG },
	{ disk_small,      "space",      "1023 MB are free",                                  DOCTOR_WRONG },
	{ room_unknown,    "space",      "not known",                                         DOCTOR_DOUBTFUL },
};
/* clang-format on */

/* What it has to say of members with addresses of IPv6 is longer. */
static void test_ipv6_needs_more_of_a_network(void **state)
{
	struct doctor_facts f = well();
	struct conf six = gateway;
	struct doctor_report r;

	(void)state;
	(void)snprintf(six.address, sizeof(six.address), "fd00::1");
	f.mtu_bytes = WIRE_DATAGRAM_BYTES_MAX + 48;
	assert_int_equal(doctor_judge(&f, &six, &r), DOCTOR_WELL);
	f.mtu_bytes--;
	assert_int_equal(doctor_judge(&f, &six, &r), DOCTOR_WRONG);
}

/* What clients need does not concern a witness. */
static void test_a_witness_needs_fewer_capabilities(void **state)
{
	struct doctor_facts f = well();
	struct conf witness = gateway;
	struct doctor_report r;

	(void)state;
	witness.kind = CONF_KIND_WITNESS;
	may_not_have_addresses(&f);
	assert_int_equal(doctor_judge(&f, &witness, &r), DOCTOR_WELL);
	may_not_be_first(&f);
	assert_int_equal(doctor_judge(&f, &witness, &r), DOCTOR_DOUBTFUL);
}

/* Who was replaced, or hears nobody, must not call the active one's address wrong. */
static void test_the_address_of_one_that_is_not_known(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;
	size_t i = 0;

	(void)state;
	f.active[0] = '\0';
	vip_taken(&f);
	assert_int_equal(doctor_judge(&f, &gateway, &r), DOCTOR_WELL);
	while (i < r.findings && strcmp(r.finding[i].check, "address") != 0)
		i++;
	assert_true(i < r.findings);
	assert_string_equal(
	    r.finding[i].text, "10.0.0.9/24 is at 02:00:00:00:00:07; this machine does not know who is active");
}

static size_t checks_of(enum conf_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor_checks_count; i++)
		count += doctor_checks[i].kinds >> kind & 1;
	return count;
}

static const char *text_of(const struct doctor_report *r, const char *check)
{
	for (size_t i = 0; i < r->findings; i++)
		if (strcmp(r->finding[i].check, check) == 0)
			return r->finding[i].text;
	return "not looked at";
}

static void test_a_sound_machine_is_well(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;

	(void)state;
	assert_int_equal(doctor_judge(&f, &gateway, &r), DOCTOR_WELL);
	assert_int_equal(r.findings, checks_of(CONF_KIND_GATEWAY));
	for (size_t i = 0; i < r.findings; i++)
		assert_string_equal(r.finding[i].mend, "");
}

/* What kills the database is said of a socket that started it, and not to whoever has it enabled. */
static void test_the_database_is_not_killed_lightly(void **state)
{
	(void)state;
	for (size_t i = 0; i < doctor_checks_count; i++)
		assert_null(strstr(doctor_checks[i].mend, "KILL"));
}

static void test_a_worker_host(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;

	(void)state;
	f.members = 2;
	assert_int_equal(doctor_judge(&f, &worker_host, &r), DOCTOR_WELL);
	assert_int_equal(r.findings, checks_of(CONF_KIND_WORKER));
	assert_string_equal(text_of(&r, "gateways"), "each lets this machine in, and b is active");
	assert_string_equal(text_of(&r, "programs"), "HAProxy takes its configuration");
	assert_string_equal(text_of(&r, "ports"), "those of the gateways are open");
	f.member[1].heard = false;
	assert_int_equal(doctor_judge(&f, &worker_host, &r), DOCTOR_WRONG);
	assert_string_equal(text_of(&r, "gateways"), "w, 10.0.0.3, does not let this machine in, or does not answer");
	f = well();
	f.active[0] = '\0';
	assert_int_equal(doctor_judge(&f, &worker_host, &r), DOCTOR_DOUBTFUL);
	assert_string_equal(text_of(&r, "gateways"), "none says that it is active: requests wait");
	f = well();
	SET(f.no_answer, "/etc/holdfast/gateways:2: x");
	assert_int_equal(doctor_judge(&f, &worker_host, &r), DOCTOR_WRONG);
	assert_string_equal(text_of(&r, "gateways"), "/etc/holdfast/gateways:2: x");
	f = well();
	certificate_ended(&f);
	assert_int_equal(doctor_judge(&f, &worker_host, &r), DOCTOR_WRONG);
	for (size_t i = 0; i < r.findings; i++)
		if (strcmp(r.finding[i].check, "certificates") == 0)
			assert_non_null(strstr(r.finding[i].mend, "holdfastctl worker sync"));
}

static void test_each_fault_is_named_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct doctor_facts f = well();
		struct doctor_report r;
		size_t met = 0;

		cases[i].spoil(&f);
		assert_int_equal(doctor_judge(&f, &gateway, &r), cases[i].grade);
		for (size_t j = 0; j < r.findings; j++) {
			const struct doctor_finding *one = &r.finding[j];

			if (strcmp(one->check, cases[i].check) != 0) {
				assert_int_equal(one->grade, DOCTOR_WELL);
				continue;
			}
			met++;
			assert_non_null(strstr(one->text, cases[i].words));
			assert_int_equal(one->grade, cases[i].grade);
			assert_int_equal(one->mend[0] != '\0', cases[i].grade != DOCTOR_WELL);
		}
		assert_int_equal(met, 1);
	}
}

/* A witness has neither database nor address, and nobody tells it of what it has not. */
/* What rests on it is not looked at, the rest is. */
static void test_without_a_good_conf(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;
	struct conf nothing = {0};

	(void)state;
	SET(f.conf_wrong, "holdfast.conf:2: x\n\nholdfast.conf:3: y");
	SET(f.own, "its database does not answer");
	assert_int_equal(doctor_judge(&f, &nothing, &r), DOCTOR_WRONG);
	assert_int_equal(r.findings, 7);
	assert_string_equal(r.finding[0].text, "holdfast.conf:2: x");
	assert_string_equal(r.finding[1].text, "holdfast.conf:3: y");
	assert_string_equal(r.finding[2].text, "this member: its database does not answer");
	assert_string_equal(r.finding[3].check, "clock");
	assert_string_equal(r.finding[6].check, "space");
}

static void test_each_kind_has_its_checks(void **state)
{
	struct conf conf = gateway;
	struct doctor_facts f = well();
	struct doctor_report r;

	(void)state;
	conf.kind = CONF_KIND_WITNESS;
	(void)doctor_judge(&f, &conf, &r);
	for (size_t i = 0; i < r.findings; i++)
		assert_true(strcmp(r.finding[i].check, "ports") && strcmp(r.finding[i].check, "address") &&
			    strcmp(r.finding[i].check, "programs"));
	conf.kind = CONF_KIND_REPLICA;
	(void)doctor_judge(&f, &conf, &r);
	for (size_t i = 0; i < r.findings; i++)
		assert_string_not_equal(r.finding[i].check, "address");
}

/* Without heartbeatd nothing is known of the others, and what follows from that is not said four times. */
static void test_what_only_follows_is_not_said(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;

	(void)state;
	no_heartbeatd(&f);
	f.members = f.ports = 0;
	f.vip = DOCTOR_VIP_UNKNOWN;
	no_peer(&f);
	assert_int_equal(doctor_judge(&f, &gateway, &r), DOCTOR_WRONG);
	assert_int_equal(r.findings, checks_of(CONF_KIND_GATEWAY) - 4);
}

/* Each is rendered, or a change of it would not reach the other gateway's doctor. */
static void test_what_is_the_same_is_rendered(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < conf_key_count; i++)
		if (conf_keys[i].same && ++count)
			assert_true(conf_keys[i].readers & CONF_READER_RENDERED);
	assert_in_range(count, 1, SETTINGS_SAME_MAX);
}

static size_t unlike_of(const struct conf *here, const char *theirs, struct settings_unlike ret[SETTINGS_SAME_MAX])
{
	size_t unlike = 99;

	assert_true(settings_same_compare(here, theirs, ret, &unlike) > 0);
	return unlike;
}

static void test_what_both_are_to_have_the_same(void **state)
{
	struct settings_unlike unlike[SETTINGS_SAME_MAX];
	struct conf here = gateway, there;
	char text[SETTINGS_SAME_BYTES], wide[256];
	size_t n;

	(void)state;
	SET(here.channels, "bank  card");
	SET(here.vip, "2001:DB8:0::9/64");
	there = here;
	settings_same_text(&there, "\n", text);
	assert_non_null(strstr(text, "gateway.channels bank  card\n"));
	assert_null(strstr(text, "address"));
	assert_int_equal(unlike_of(&here, text, unlike), 0);
	/* Neither order nor the way to write it matters, nor what is each one's own affair. */
	SET(there.channels, "card bank");
	SET(there.vip, "2001:db8::9/64");
	there.workers = 7;
	there.worker_port = there.buffer_pool_mb = 9;
	settings_same_text(&there, "\n", text);
	assert_int_equal(unlike_of(&here, text, unlike), 0);
	SET(there.channels, "bank");
	SET(there.vip, "2001:db8::9/56");
	there.durability_received = 1;
	there.in_flight_max = 77;
	settings_same_text(&there, "\n", text);
	assert_int_equal(unlike_of(&here, text, unlike), 4);
	assert_int_equal(unlike_of(&there, text, unlike), 0);
	(void)unlike_of(&here, text, unlike);
	assert_string_equal(unlike[0].key, "vip");
	assert_string_equal(unlike[1].here, "on-disk");
	assert_string_equal(unlike[1].there, "received");
	assert_string_equal(unlike[2].there, "77");
	assert_string_equal(unlike[3].section, "gateway");
	assert_string_equal(unlike[3].there, "bank");
	/* What one of the two releases does not know. */
	assert_int_equal(unlike_of(&here, "gateway.new 7\ngateway.channels bank card", unlike), 0);
	assert_int_equal(unlike_of(&here, "gateway.channels \n\ngateway.new 7\n", unlike), 1);
	assert_string_equal(unlike[0].there, "");
	for (const char *const *none =
		 (const char *const[]){"", "\n", "x", "channels bank\n", "gateway.channels", NULL};
	     *none; none++)
		assert_int_equal(settings_same_compare(&here, *none, unlike, &n), 0);
	/* Long ones are cut, and nothing of it is for a terminal. */
	assert_int_equal(unlike_of(&here, "gateway.channels b\033[2J\xc3", unlike), 1);
	assert_string_equal(unlike[0].there, "b?[2J?");
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	memcpy(there.channels, wide, sizeof(wide));
	settings_same_text(&there, "\\n", text);
	assert_null(strchr(text, '\n'));
	settings_same_text(&there, "\n", text);
	assert_int_equal(unlike_of(&there, text, unlike), 0);
	assert_int_equal(unlike_of(&here, text, unlike), 4);
	assert_string_equal(unlike[3].there + strlen(unlike[3].there) - 5, "ww...");
}

/* Who was given up is silent, and told nothing: that it hears nobody is neither a firewall nor a mistake. */
static void test_the_others_are_not_its_business_any_more(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;
	size_t wrong = 0;

	(void)state;
	given_up(&f);
	one_silent(&f);
	port_dropped(&f);
	vip_taken(&f);
	assert_int_equal(doctor_judge(&f, &gateway, &r), DOCTOR_WRONG);
	for (size_t i = 0; i < r.findings; i++)
		wrong += r.finding[i].grade == DOCTOR_WRONG;
	assert_int_equal(wrong, 1);
	assert_int_equal(r.findings, checks_of(CONF_KIND_GATEWAY) - 4);
}

static void test_more_than_there_is_room_for_is_left_out(void **state)
{
	struct doctor_facts f = well();
	struct doctor_report r;

	(void)state;
	f.members = f.ports = f.units = f.files = DOCTOR_LIST_MAX;
	for (size_t i = 0; i < DOCTOR_LIST_MAX; i++) {
		f.member[i].heard = false;
		f.port[i].code = -EIO;
		f.unit[i].wanted = true;
		f.unit[i].active = f.unit[i].enabled = false;
	}
	assert_int_equal(doctor_judge(&f, &gateway, &r), DOCTOR_WRONG);
	assert_int_equal(r.findings, COUNT(r.finding));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ipv6_needs_more_of_a_network),
	    cmocka_unit_test(test_a_witness_needs_fewer_capabilities),
	    cmocka_unit_test(test_a_sound_machine_is_well),
	    cmocka_unit_test(test_the_address_of_one_that_is_not_known),
	    cmocka_unit_test(test_the_database_is_not_killed_lightly),
	    cmocka_unit_test(test_a_worker_host),
	    cmocka_unit_test(test_each_fault_is_named_and_nothing_else),
	    cmocka_unit_test(test_without_a_good_conf),
	    cmocka_unit_test(test_each_kind_has_its_checks),
	    cmocka_unit_test(test_what_only_follows_is_not_said),
	    cmocka_unit_test(test_what_is_the_same_is_rendered),
	    cmocka_unit_test(test_what_both_are_to_have_the_same),
	    cmocka_unit_test(test_the_others_are_not_its_business_any_more),
	    cmocka_unit_test(test_more_than_there_is_room_for_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
