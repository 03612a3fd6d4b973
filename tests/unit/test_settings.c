/* What the templates are filled with, and what is written when. */
#include "heartbeat/settings.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "heartbeat/reload.h"
#include "tests/unit/a_value.h"

static const struct conf node_a = {
    .cluster = "pay",
    .name = "a",
    .address = "10.0.0.1",
    .interface = "eth0",
    .vip = "10.0.0.100/24",
    .datadir = "/var/lib/holdfast/mysql",
    .database_port = 3306,
    .buffer_pool_mb = 256,
    .workers = 3,
    .worker_port = 8101,
    .hold_timeout_ms = 5000,
    .mesh_http_port = 7443,
    .mesh_ledger_port = 7444,
    .mesh_seed_port = 7445,
};
static const struct settings_member trio[] = {
    {"a", "10.0.0.1", CONF_KIND_GATEWAY},
    {"b", "10.0.0.2", CONF_KIND_GATEWAY},
    {"w", "10.0.0.3", CONF_KIND_WITNESS},
};

/* A replica has a way to each gateway, and must not acknowledge. */
static void test_replica(void **state)
{
	struct conf r = node_a;
	struct settings_values v;
	struct errbuf e;

	(void)state;
	memcpy(r.name, "r", 2);
	memcpy(r.address, "10.9.0.4", 9);
	r.kind = CONF_KIND_REPLICA;
	assert_int_equal(settings_values(&r, trio, 3, NULL, &v, &e), 0);
	assert_null(value(&v, "PEER_NAME"));
	assert_string_equal(value(&v, "ACKNOWLEDGES"), "OFF");
	assert_non_null(strstr(value(&v, "SEED_PEERS"), "bind unix@/run/holdfast/seed-a.sock mode 600 user root\n"));
	assert_non_null(strstr(value(&v, "SEED_PEERS"), "\tserver b 10.0.0.2:7445 ssl crt "));
	assert_non_null(strstr(value(&v, "SEED_PEERS"), " verify required verifyhost b "));
	assert_null(strstr(value(&v, "SEED_PEERS"), "seed-w"));
	assert_int_equal(settings_values(&node_a, trio, 3, NULL, &v, &e), 0);
	assert_string_equal(value(&v, "ACKNOWLEDGES"), "ON");
	assert_string_equal(value(&v, "SEED_PEERS"), "");
}

static void test_pair(void **state)
{
	struct settings_values v;
	struct errbuf e;

	(void)state;
	assert_int_equal(settings_values(&node_a, trio, 3, NULL, &v, &e), 0);
	assert_string_equal(value(&v, "VIP"), "10.0.0.100");
	assert_string_equal(value(&v, "VIP_CIDR"), "10.0.0.100/24");
	assert_null(value(&v, "VIP_V6"));
	assert_string_equal(value(&v, "VIP_LIFE"), "");
	assert_string_equal(value(&v, "VIP_FITS"), "");
	assert_null(value(&v, "VIP_FITS_NOT"));
	assert_string_equal(value(&v, "ADDRESS_URL"), "10.0.0.1");
	assert_string_equal(value(&v, "PEER_URL"), "10.0.0.2");
	assert_string_equal(value(&v, "ROUTER_ID"), "100");
	assert_string_equal(value(&v, "WORKERS"),
	    "\tserver w1 unix@/run/holdfast/worker/1.sock\n\tserver w2 "
	    "unix@/run/holdfast/worker/2.sock\n\tserver w3 unix@/run/holdfast/worker/3.sock");
	assert_string_equal(value(&v, "PEER_NAME"), "b");
	assert_string_equal(value(&v, "PEER_ADDRESS"), "10.0.0.2");
	assert_string_equal(value(&v, "WITH_PEER"), "");
	assert_string_equal(value(&v, "ANSWER_MS"), "8000");
	assert_non_null(strstr(value(&v, "SAME_SETTINGS"), "cluster.vip 10.0.0.100/24\\n"));
	assert_string_equal(value(&v, "SYNC_RELAY_LOG"), "1");
	assert_string_equal(value(&v, "BUFFER_POOL_MB"), "256");
}

static void test_address_of_ipv6(void **state)
{
	struct conf conf = node_a;
	struct settings_values v;
	struct errbuf e;

	(void)state;
	(void)snprintf(conf.vip, sizeof(conf.vip), "2001:DB8:0:0::0:0100/64");
	assert_int_equal(settings_values(&conf, trio, 3, NULL, &v, &e), 0);
	assert_string_equal(value(&v, "VIP"), "[2001:db8::100]");
	assert_string_equal(value(&v, "VIP_CIDR"), "2001:DB8:0:0::0:0100/64");
	assert_string_equal(value(&v, "VIP_V6"), "");
	assert_string_equal(value(&v, "VIP_LIFE"), " preferred_lft 0");
	assert_null(value(&v, "VIP_FITS"));
	assert_string_equal(value(&v, "VIP_FITS_NOT"), "");
	assert_string_equal(value(&v, "VRRP_MEANS_NOTHING"), "127.0.0.112/32 dev lo scope host");
	assert_string_equal(value(&v, "ROUTER_ID"), "255"); /* 0 is none */
	assert_string_equal(value(&v, "VRRP_PEER"), "10.0.0.2");
}

static void test_members_of_ipv6(void **state)
{
	const struct settings_member pair[] = {
	    {"a", "2001:db8::1", CONF_KIND_GATEWAY}, {"b", "2001:db8::2", CONF_KIND_GATEWAY}};
	struct conf conf = node_a;
	struct settings_values v;
	struct errbuf e;

	(void)state;
	(void)snprintf(conf.address, sizeof(conf.address), "2001:db8::1");
	assert_int_equal(settings_values(&conf, pair, 2, NULL, &v, &e), 0);
	assert_string_equal(value(&v, "ADDRESS"), "2001:db8::1");
	assert_string_equal(value(&v, "ADDRESS_URL"), "[2001:db8::1]");
	assert_string_equal(value(&v, "PEER_ADDRESS"), "2001:db8::2");
	assert_string_equal(value(&v, "PEER_URL"), "[2001:db8::2]");
	assert_string_equal(value(&v, "VRRP_PEER"), "2001:db8::2");
	assert_null(value(&v, "VIP_FITS"));
	assert_string_equal(value(&v, "VIP_LIFE"), "");
	assert_string_equal(value(&v, "VRRP_MEANS_NOTHING"), "fe80::4846:112/128 dev lo");
	(void)snprintf(conf.vip, sizeof(conf.vip), "2001:db8::100/64");
	assert_int_equal(settings_values(&conf, pair, 1, NULL, &v, &e), 0);
	assert_string_equal(value(&v, "VIP_FITS"), "");
	assert_null(value(&v, "VIP_FITS_NOT"));
	assert_string_equal(value(&v, "VIP_LIFE"), " preferred_lft 0");
	assert_string_equal(value(&v, "VRRP_PEER"), "ff15::4846:18");
	assert_null(value(&v, "PEER_URL"));
	conf.kind = CONF_KIND_REPLICA;
	assert_int_equal(settings_values(&conf, pair, 2, NULL, &v, &e), 0);
	assert_non_null(strstr(value(&v, "SEED_PEERS"), "server b [2001:db8::2]:7445 ssl"));
}

static void test_alone(void **state)
{
	struct conf conf = node_a;
	struct settings_values v;
	struct errbuf e;

	(void)state;
	conf.durability_received = 1;
	conf.buffer_pool_mb = 1048576;
	conf.workers = 64;
	(void)snprintf(conf.vip, sizeof(conf.vip), "10.0.1.0/16");
	assert_int_equal(settings_values(&conf, trio, 1, NULL, &v, &e), 0);
	assert_null(value(&v, "WITH_PEER"));
	assert_null(value(&v, "PEER_NAME"));
	assert_string_equal(value(&v, "ROUTER_ID"), "255");
	assert_string_equal(value(&v, "SYNC_RELAY_LOG"), "0");
	assert_string_equal(value(&v, "BUFFER_POOL_MB"), "1048576");
	assert_int_equal(settings_values(&conf, NULL, 0, NULL, &v, &e), 0);
	assert_int_equal(settings_values(&conf, &trio[1], 2, NULL, &v, &e), 0);
}

static void test_refusals(void **state)
{
	static const struct settings_member evil[] = {{"b\nuser root", "10.0.0.2", CONF_KIND_GATEWAY}},
					    nowhere[] = {{"b", "10.0.0.2 ssl", CONF_KIND_GATEWAY}},
					    crowd[] = {{"b", "10.0.0.2", CONF_KIND_GATEWAY}, {"c", "10.0.0.4", 0}};
	static const char *const bad[] = {"", "/64", "2001:db8::100", "2001:db8::100/", "2001:db8::100/0",
	    "2001:db8::100/129", "2001:db8::100/0128", "2001:db8::g/64", "::ffff:10.0.0.1/64", "10.0.1.7/33"};
	struct conf conf = node_a;
	struct settings_values v;
	struct errbuf e;

	(void)state;
	assert_int_equal(settings_values(&conf, evil, 1, NULL, &v, &e), -EINVAL);
	assert_int_equal(settings_values(&conf, nowhere, 1, NULL, &v, &e), -EINVAL);
	assert_string_equal(e.text, "member b: not the address of a host");
	assert_int_equal(settings_values(&conf, crowd, 2, NULL, &v, &e), -EINVAL);
	assert_string_equal(e.text, "members b and c: a gateway has one peer");
	conf.workers = 65;
	assert_int_equal(settings_values(&conf, trio, 3, NULL, &v, &e), -EINVAL);
	conf.workers = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(conf.vip, sizeof(conf.vip), "%s", bad[i]);
		assert_int_equal(settings_values(&conf, trio, 3, NULL, &v, &e), -EINVAL);
	}
	(void)snprintf(conf.vip, sizeof(conf.vip), "10.0.1.7");
	assert_int_equal(settings_values(&conf, trio, 3, NULL, &v, &e), -EINVAL);
}

static void put(const char *root, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void check(const char *root, const char *name, const char *text, mode_t mode)
{
	char path[PATH_MAX], buf[256] = "";
	struct stat st;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	f = fopen(path, "re");
	assert_non_null(f);
	(void)fread(buf, 1, sizeof(buf) - 1, f);
	(void)fclose(f);
	assert_string_equal(buf, text);
}

static char root[] = "/tmp/test_settings.XXXXXX", templates[64];
static struct settings_place place = {.root = root, .templates = templates};

static int set_up(void **state)
{
	static const char *const parts[] = {"/etc", "/etc/holdfast", "/etc/holdfast/pki", "/templates"};
	static const char *const files[] = {
	    "/templates/haproxy.service.conf", "/templates/keepalived.service.conf", "/templates/mariadb.service.conf"};
	char path[PATH_MAX];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	(void)snprintf(templates, sizeof(templates), "%s/templates", root);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put(root, files[i], "[Service]\n");
	put(root, "/templates/haproxy.cfg.in", "bind @VIP@\npeer @PEER_NAME@\n");
	put(root, "/templates/keepalived.conf.in", "router @ROUTER_ID@\n");
	put(root, "/templates/mariadb.cnf.in", "port = @DATABASE_PORT@\n");
	put(root, "/etc/holdfast/pki/node.pem", "certificate\n");
	put(root, "/etc/holdfast/pki/node.key", "key\n");
	return 0;
}

static int tear_down(void **state)
{
	static const char *const made[] = {"/etc/holdfast/pki/node.pem", "/etc/holdfast/pki/node.key",
	    "/etc/holdfast/pki/node-full.pem", "/etc/holdfast/pki/mariadb.pem", "/etc/holdfast/pki/mariadb.key",
	    "/etc/holdfast/pki", "/etc/holdfast/haproxy.cfg", "/etc/holdfast/keepalived.conf",
	    "/etc/holdfast/mariadb.cnf", "/etc/holdfast", "/etc/systemd/system/mariadb.service.d/holdfast.conf",
	    "/etc/systemd/system/mariadb.service.d", "/etc/systemd/system/haproxy.service.d/holdfast.conf",
	    "/etc/systemd/system/haproxy.service.d", "/etc/systemd/system/keepalived.service.d/holdfast.conf",
	    "/etc/systemd/system/keepalived.service.d", "/etc/systemd/system", "/etc/systemd", "/etc",
	    "/templates/haproxy.cfg.in", "/templates/keepalived.conf.in", "/templates/mariadb.cnf.in",
	    "/templates/haproxy.service.conf", "/templates/keepalived.service.conf", "/templates/mariadb.service.conf",
	    "/templates", ""};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, made[i]);
		if (remove(path))
			return -1; /* something is there that nobody announced, such as a temporary file */
	}
	return 0;
}

static void test_write(void **state)
{
	struct conf witness = node_a;
	unsigned changed = 99;
	struct errbuf e;

	(void)state;
	witness.kind = CONF_KIND_WITNESS;
	assert_int_equal(settings_write_at(&place, &witness, trio, 3, &changed, &e), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(settings_write_at(&place, &node_a, trio, 1, &changed, &e), 0);
	assert_int_equal(changed, SETTINGS_HAPROXY | SETTINGS_KEEPALIVED | SETTINGS_MARIADB | SETTINGS_UNITS);
	check(root, "/etc/holdfast/haproxy.cfg", "bind 10.0.0.100\n", 0640);
	check(root, "/etc/holdfast/mariadb.cnf", "port = 3306\n", 0644);
	check(root, "/etc/holdfast/pki/node-full.pem", "certificate\nkey\n", 0600);
	check(root, "/etc/holdfast/pki/mariadb.key", "key\n", 0400);
	check(root, "/etc/systemd/system/mariadb.service.d/holdfast.conf", "[Service]\n", 0644);
	assert_int_equal(settings_write_at(&place, &node_a, trio, 1, &changed, &e), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(settings_write_at(&place, &node_a, trio, 3, &changed, &e), 0);
	assert_int_equal(changed, SETTINGS_HAPROXY);
	check(root, "/etc/holdfast/haproxy.cfg", "bind 10.0.0.100\npeer b\n", 0640);
}

/* What somebody has changed or taken away is named, and left as it is. */
static void test_look(void **state)
{
	const char *name[SETTINGS_FILES_MAX];
	struct conf witness = node_a;
	unsigned different = 99;
	struct errbuf e;

	(void)state;
	witness.kind = CONF_KIND_WITNESS;
	assert_int_equal(settings_look_at(&place, &witness, trio, 3, name, &different, &e), 0);
	assert_int_equal(different, 0);
	assert_int_equal(settings_look_at(&place, &node_a, trio, 3, name, &different, &e), 0);
	assert_int_equal(different, 0);
	put(root, "/etc/holdfast/mariadb.cnf", "port = 3307\n");
	assert_int_equal(settings_look_at(&place, &node_a, trio, 1, name, &different, &e), 0);
	assert_int_equal(different, 2);
	assert_string_equal(name[0], "/etc/holdfast/haproxy.cfg");
	assert_string_equal(name[1], "/etc/holdfast/mariadb.cnf");
	put(root, "/etc/holdfast/mariadb.cnf", "port = 3306\n");
	assert_int_equal(settings_look_at(&place, &node_a, trio, 3, name, &different, &e), 0);
	assert_int_equal(different, 0);
}

static int refusal; /* of keepalived.conf */
static unsigned asked;

static int refuse(const char *target, const char *path, struct errbuf *e)
{
	asked++;
	assert_true(strstr(path, ".new") || strncmp(path, "/proc/self/fd/", 14) == 0);
	assert_int_equal(access(path, R_OK), 0);
	return strstr(target, "keepalived.conf") ? err_set(e, refusal, "line 1: no") : 0;
}

/* What one program refuses stays as it was; the others get theirs. What cannot be asked ends it. */
static void test_refused_by_its_program(void **state)
{
	struct settings_place checked = {root, templates, refuse};
	struct conf conf = node_a;
	unsigned changed = 99;
	struct errbuf e = {""};

	(void)state;
	(void)snprintf(conf.vip, sizeof(conf.vip), "10.0.0.101/24");
	conf.database_port = 3308;
	refusal = -EINVAL;
	assert_int_equal(settings_write_at(&checked, &conf, trio, 3, &changed, &e), -EINVAL);
	assert_string_equal(e.text, "line 1: no");
	assert_int_equal(changed, SETTINGS_HAPROXY | SETTINGS_MARIADB);
	assert_int_equal(asked, 3);
	check(root, "/etc/holdfast/haproxy.cfg", "bind 10.0.0.101\npeer b\n", 0640);
	check(root, "/etc/holdfast/keepalived.conf", "router 100\n", 0644);
	check(root, "/etc/holdfast/mariadb.cnf", "port = 3308\n", 0644);
	conf.database_port = 3309;
	refusal = -ETIMEDOUT;
	assert_int_equal(settings_write_at(&checked, &conf, trio, 3, &changed, &e), -ETIMEDOUT);
	assert_int_equal(changed, 0);
	check(root, "/etc/holdfast/mariadb.cnf", "port = 3308\n", 0644);
	assert_int_equal(settings_write_at(&place, &node_a, trio, 3, &changed, &e), 0);
	check(root, "/etc/holdfast/haproxy.cfg", "bind 10.0.0.100\npeer b\n", 0640);
}

/* Asked as if it were replaced, and nothing is. */
static void test_tried(void **state)
{
	struct settings_place checked = {root, templates, refuse};
	const char *name[SETTINGS_FILES_MAX];
	struct conf conf = node_a;
	unsigned different = 99;
	struct errbuf e = {""};

	(void)state;
	conf.database_port = 3308;
	asked = 0;
	refusal = -EINVAL;
	assert_int_equal(settings_try_at(&checked, &conf, trio, 3, name, &different, &e), 0);
	assert_int_equal(different, 1);
	assert_int_equal(asked, 1); /* the others are as they would be */
	assert_string_equal(name[0], "/etc/holdfast/mariadb.cnf");
	(void)snprintf(conf.vip, sizeof(conf.vip), "10.0.0.101/24");
	assert_int_equal(settings_try_at(&checked, &conf, trio, 3, name, &different, &e), -EINVAL);
	assert_string_equal(e.text, "line 1: no");
	check(root, "/etc/holdfast/haproxy.cfg", "bind 10.0.0.100\npeer b\n", 0640);
	check(root, "/etc/holdfast/mariadb.cnf", "port = 3306\n", 0644);
}

static void test_secrets(void **state)
{
	struct settings_secret secret[SETTINGS_FILES_MAX];
	unsigned count = settings_secrets(CONF_KIND_GATEWAY, secret);

	(void)state;
	assert_int_equal(count, 3);
	assert_string_equal(secret[0].path, "/etc/holdfast/pki/node-full.pem");
	assert_string_equal(secret[1].path, "/etc/holdfast/pki/mariadb.key");
	assert_string_equal(secret[1].owner, "mysql");
	assert_int_equal(secret[1].mode, 0400);
	assert_string_equal(secret[2].path, "/etc/holdfast/haproxy.cfg");
	assert_int_equal(settings_secrets(CONF_KIND_WITNESS, secret), 0);
}

/* An error in the last template leaves all files as they were. */
static void test_all_or_nothing(void **state)
{
	unsigned changed = 99;
	struct errbuf e;

	(void)state;
	put(root, "/templates/mariadb.cnf.in", "port = @NONSENSE@\n");
	assert_int_equal(settings_write_at(&place, &node_a, trio, 1, &changed, &e), -ENOKEY);
	assert_non_null(strstr(e.text, "mariadb.cnf.in:1: unknown placeholder @NONSENSE@"));
	assert_int_equal(changed, 0);
	check(root, "/etc/holdfast/haproxy.cfg", "bind 10.0.0.100\npeer b\n", 0640);
}

/* Who is told of a key that has changed, and whether it holds at once; a wrong file changes nothing. */
static void test_reload(void **state)
{
	char path[] = "/tmp/test_settings.XXXXXX";
	const char *key[CONF_KEYS_MAX];
	struct conf now = node_a, running = node_a, untouched;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	now.in_flight_max = 7;
	now.access_log = CONF_LOG_ON;
	now.worker_port = 9000;
	assert_int_equal(conf_changes(&running, &now, CONF_READER_LEDGERD, true, key), 1);
	assert_string_equal(key[0], "in-flight-max");
	assert_int_equal(conf_changes(&running, &now, CONF_READER_LEDGERD, false, key), 0);
	assert_int_equal(conf_changes(&running, &now, CONF_READER_WORKERD, true, key), 1);
	assert_string_equal(key[0], "access-log");
	assert_int_equal(conf_changes(&running, &now, CONF_READER_WORKERD, false, key), 1);
	assert_string_equal(key[0], "worker-port");
	assert_int_equal(conf_changes(&running, &now, CONF_READER_HEARTBEATD, false, key), 0);
	assert_true(
	    write(fd, "[node]\nname = a\naddress = 10.0.0.1\ninterface = eth0\n[cluster]\nvip = 10.0.0.100/24\n", 82) >
	    0);
	assert_true(reload_read(path, &running, CONF_READER_LEDGERD, &now));
	assert_int_equal(now.in_flight_max, 2048);
	running.name[0] = 'c'; /* another member's file */
	assert_false(reload_read(path, &running, CONF_READER_LEDGERD, &untouched));
	running.name[0] = 'a';
	assert_true(write(fd, "[gateway]\nworkers = 65\n", 23) > 0);
	assert_false(reload_read(path, &running, CONF_READER_LEDGERD, &untouched));
	assert_int_equal(unlink(path), 0);
	assert_false(reload_read(path, &running, CONF_READER_LEDGERD, &untouched));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_replica),
	    cmocka_unit_test(test_pair),
	    cmocka_unit_test(test_address_of_ipv6),
	    cmocka_unit_test(test_members_of_ipv6),
	    cmocka_unit_test(test_alone),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_write),
	    cmocka_unit_test(test_look),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_refused_by_its_program),
	    cmocka_unit_test(test_tried),
	    cmocka_unit_test(test_secrets),
	    cmocka_unit_test(test_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
