/* Worker hosts: the list that both gateways keep, the token, the certificates, and what HAProxy is told. */
#include "heartbeat/roster.h"

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
#include <time.h>
#include <unistd.h>

#include "heartbeat/hostfiles.h"
#include "heartbeat/hostinvite.h"
#include "heartbeat/pending.h"
#include "heartbeat/pki.h"
#include "heartbeat/settings.h"
#include "tests/unit/a_value.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DAY_S (INT64_C(24) * 3600)
#define NOW_S (INT64_C(20000) * DAY_S)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct roster_entry entry(const char *name, const char *address, const char *id)
{
	struct roster_entry one = {.key = KEY};

	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	(void)snprintf(one.address, sizeof(one.address), "%s", address);
	(void)snprintf(one.id, sizeof(one.id), "%s", id);
	return one;
}

static struct roster_entry numbered(unsigned n)
{
	char name[16], address[48], id[ROSTER_ID_BYTES];

	(void)snprintf(name, sizeof(name), "w%u", n);
	(void)snprintf(address, sizeof(address), "10.0.1.%u", n % 256);
	(void)snprintf(id, sizeof(id), "%08x", n);
	return entry(name, address, id);
}

static void test_a_list_comes_back(void **state)
{
	struct roster_entry one = entry("w1", "10.0.0.4", "0123abcd"), two = entry("w2", "10.0.0.5", "1123abcd");
	static struct roster r, back;
	char text[ROSTER_TEXT_BYTES], common[ROSTER_COMMON_BYTES];
	struct errbuf e = {""};

	(void)state;
	r = (struct roster){0};
	assert_int_equal(roster_add(&r, &one, &e), 0);
	assert_int_equal(roster_add(&r, &two, &e), 0);
	assert_int_equal(roster_remove(&r, "w2", NOW_S, &e), 0);
	roster_print(&r, text);
	assert_int_equal(roster_parse(text, "workers", &back, &e), 0);
	assert_memory_equal(&back, &r, sizeof(r));
	assert_non_null(roster_find(&back, "w1"));
	assert_null(roster_find(&back, "w2"));
	roster_common(roster_find(&back, "w1"), common);
	assert_string_equal(common, "worker.w1.0123abcd");
	assert_int_equal(roster_parse("# by hand\n\n", "workers", &back, &e), 0);
	assert_int_equal(back.count, 0);
}

static void test_a_bad_line_is_named(void **state)
{
	static const char *const bad[] = {
	    "w1 10.0.0.4 0123abcd " KEY,
	    "w1 10.0.0.4 0123abcd " KEY " 0 more",
	    "W1 10.0.0.4 0123abcd " KEY " 0",
	    "w1 10.0.0 0123abcd " KEY " 0",
	    "w1 10.0.0.4 0123ABCD " KEY " 0",
	    "w1 10.0.0.4 0123abc " KEY " 0",
	    "w1 10.0.0.4 0123abcd 00 0",
	    "w1 10.0.0.4 0123abcd " KEY " -1",
	    "w1 10.0.0.4 0123abcd " KEY " soon",
	    "w1 10.0.0.4 0123abcd " KEY " 0\nw2 10.0.0.5 0123abcd " KEY " 0",
	};
	static struct roster r;
	char long_line[256];
	struct errbuf e;

	(void)state;
	r.count = 77;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(roster_parse(bad[i], "workers", &r, &e), -EINVAL);
		assert_int_equal(strncmp(e.text, strchr(bad[i], '\n') ? "workers:2: " : "workers:1: ", 11), 0);
		assert_int_equal(r.count, 77);
	}
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	assert_int_equal(roster_parse(long_line, "workers", &r, &e), -EINVAL);
}

static void test_there_are_so_many_at_most(void **state)
{
	static struct roster r;
	struct roster_entry one;
	struct errbuf e = {""};

	(void)state;
	r = (struct roster){0};
	for (unsigned i = 0; i < ROSTER_LIVE_MAX; i++) {
		one = numbered(i);
		assert_int_equal(roster_add(&r, &one, &e), 0);
	}
	one = numbered(99);
	assert_int_equal(roster_add(&r, &one, &e), -ENOSPC);
	assert_int_equal(roster_remove(&r, "w99", NOW_S, &e), -ENOENT);
	assert_int_equal(roster_remove(&r, "w3", NOW_S, &e), 0);
	assert_int_equal(roster_remove(&r, "w3", NOW_S, &e), -EALREADY);
	one = entry("w4", "10.9.9.9", "aaaaaaaa");
	assert_int_equal(roster_add(&r, &one, &e), -EEXIST);
	one = entry("other", "10.0.1.4", "aaaaaaaa");
	assert_int_equal(roster_add(&r, &one, &e), -EEXIST);
	one = entry("w3", "10.0.1.3", "aaaaaaaa"); /* again: another admission */
	assert_int_equal(roster_add(&r, &one, &e), 0);
	for (unsigned i = 100; r.count < ROSTER_MAX; i++) {
		assert_int_equal(roster_remove(&r, r.entry[r.count - 1].name, NOW_S, &e), 0);
		one = numbered(i);
		assert_int_equal(roster_add(&r, &one, &e), 0);
	}
	assert_int_equal(roster_remove(&r, r.entry[r.count - 1].name, NOW_S, &e), 0);
	one = numbered(200);
	assert_int_equal(roster_add(&r, &one, &e), -ENOSPC);
}

/* Whoever hears whom first, both have the same in the end; and what was removed does not come back. */
static void test_lists_come_together(void **state)
{
	static struct roster a, b, empty;
	struct roster_entry one = entry("w1", "10.0.0.4", "0123abcd"), two = entry("w2", "10.0.0.5", "1123abcd");
	struct errbuf e = {""};

	(void)state;
	a = b = empty = (struct roster){0};
	assert_int_equal(roster_add(&a, &one, &e), 0);
	assert_true(roster_merge(&b, &a, NOW_S));
	assert_false(roster_merge(&b, &a, NOW_S));
	assert_int_equal(roster_add(&b, &two, &e), 0);
	assert_int_equal(roster_remove(&a, "w1", NOW_S, &e), 0);
	assert_true(roster_merge(&a, &b, NOW_S));
	assert_null(roster_find(&a, "w1"));
	assert_non_null(roster_find(&a, "w2"));
	assert_true(roster_merge(&b, &a, NOW_S));
	assert_null(roster_find(&b, "w1"));
	assert_false(roster_merge(&a, &b, NOW_S));
	assert_false(roster_merge(&b, &a, NOW_S));
	/* Long after, when its last certificate has ended, it is forgotten on both sides. */
	assert_false(roster_merge(&a, &b, NOW_S + ROSTER_KEEP_S));
	assert_true(ROSTER_KEEP_S > PKI_WORKER_DAYS * DAY_S);
	assert_true(roster_merge(&a, &b, NOW_S + ROSTER_KEEP_S + 1));
	assert_int_equal(a.count, 1);
	assert_true(roster_merge(&b, &empty, NOW_S + ROSTER_KEEP_S + 1));
	assert_int_equal(b.count, 1);
}

static void put_together(const struct roster *a, const struct roster *b, const char *live)
{
	static struct roster ab, ba;
	char ids[ROSTER_LIVE_MAX * 2] = "";

	ab = *a;
	ba = *b;
	(void)roster_merge(&ab, b, NOW_S);
	(void)roster_merge(&ba, a, NOW_S);
	assert_false(roster_merge(&ab, &ba, NOW_S));
	assert_false(roster_merge(&ba, &ab, NOW_S));
	assert_int_equal(ab.count, ba.count);
	for (char digit = '0'; digit <= '9'; digit++)
		for (unsigned i = 0; i < ab.count; i++) {
			const struct roster_entry *x = &ab.entry[i], *y = ba.entry;

			if (x->id[0] != digit)
				continue;
			while (strcmp(x->id, y->id) != 0)
				y++;
			assert_int_equal(!x->removed_s, !y->removed_s);
			if (!x->removed_s)
				(void)strncat(ids, x->id, 1);
		}
	assert_string_equal(ids, live);
}

/* Each gateway admitted before it heard of the other one's. */
static void test_the_same_twice_is_settled(void **state)
{
	static struct roster a, b, full;
	struct roster_entry one = entry("w1", "10.0.0.4", "1aaaaaaa"), same = entry("w1", "10.0.0.5", "2aaaaaaa"),
			    near = entry("w2", "10.0.0.5", "3aaaaaaa"), more;
	struct errbuf e = {""};

	(void)state;
	a = b = full = (struct roster){0};
	assert_int_equal(roster_add(&a, &one, &e), 0);
	assert_int_equal(roster_add(&b, &same, &e), 0);
	put_together(&a, &b, "1"); /* the name */
	assert_int_equal(roster_add(&a, &near, &e), 0);
	put_together(&a, &b, "13"); /* the address, of one that is ended itself */
	a = (struct roster){0};
	assert_int_equal(roster_add(&a, &near, &e), 0);
	put_together(&a, &b, "2");
	/* As a release before this one left it: all of the name go. */
	a.entry[a.count++] = one;
	a.entry[a.count++] = same;
	assert_int_equal(roster_remove(&a, "w1", NOW_S, &e), 0);
	assert_null(roster_find(&a, "w1"));
	assert_non_null(roster_find(&a, "w2"));
	/* And where there are as many as there can be, too. */
	for (unsigned i = 1; i < ROSTER_LIVE_MAX; i++) {
		more = numbered(10 + i);
		assert_int_equal(roster_add(&full, &more, &e), 0);
	}
	a = b = full;
	assert_int_equal(roster_add(&a, &one, &e), 0);
	assert_int_equal(roster_add(&b, &same, &e), 0);
	put_together(&a, &b, "00000001");
}

/* Each gateway admitted as many as there can be while they did not hear each other, and a removal came on top. */
static void test_more_than_there_can_be_are_settled(void **state)
{
	static struct roster a, b, ab, ba;
	struct roster_entry one;
	struct errbuf e = {""};
	unsigned live = 0;

	(void)state;
	a = b = (struct roster){0};
	for (unsigned i = 0; i < ROSTER_LIVE_MAX; i++) {
		one = numbered(2 * i);
		assert_int_equal(roster_add(&a, &one, &e), 0);
		one = numbered(2 * i + 1);
		assert_int_equal(roster_add(&b, &one, &e), 0);
	}
	ab = a;
	ba = b;
	assert_true(roster_merge(&ab, &b, NOW_S));
	assert_true(roster_merge(&ba, &a, NOW_S));
	assert_false(roster_merge(&ab, &ba, NOW_S));
	assert_false(roster_merge(&ba, &ab, NOW_S));
	assert_int_equal(ab.count, 2 * ROSTER_LIVE_MAX);
	assert_int_equal(ba.count, 2 * ROSTER_LIVE_MAX);
	for (unsigned i = 0; i < ab.count; i++) {
		one = numbered(i);
		assert_int_equal(!roster_find(&ab, one.name), i >= ROSTER_LIVE_MAX);
		assert_int_equal(!roster_find(&ba, one.name), i >= ROSTER_LIVE_MAX);
		live += roster_find(&ab, one.name) != NULL;
	}
	assert_int_equal(live, ROSTER_LIVE_MAX);
	/* One of them was removed on one side meanwhile: that makes room on neither for what was ended. */
	assert_int_equal(roster_remove(&ab, numbered(0).name, NOW_S, &e), 0);
	assert_true(roster_merge(&ba, &ab, NOW_S));
	assert_false(roster_merge(&ab, &ba, NOW_S));
	assert_null(roster_find(&ba, numbered(ROSTER_LIVE_MAX).name));
}

static struct hostinvite an_invite(const uint8_t *key, int64_t end_s)
{
	struct hostinvite v = {.seed = {7, 8, 9},
	    .cluster = "pay",
	    .name = "w1",
	    .address = "10.0.0.4",
	    .id = "0123abcd",
	    .mesh_http_port = 7443,
	    .mesh_ledger_port = 7444,
	    .gateway = {{"a", "10.0.0.1"}, {"b", "10.0.0.2"}}};
	struct pki_worker who = {.cluster = "pay", .common = "worker.w1.0123abcd", .address = "10.0.0.4"};
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct errbuf e = {""};

	(void)crypto_sign_seed_keypair(who.key, secret, v.seed);
	assert_int_equal(pki_make_worker(key, &who, end_s, v.ca, v.certificate, &e), 0);
	return v;
}

static void test_a_token_comes_back(void **state)
{
	static const uint8_t key[PKI_KEY_BYTES] = {1, 2, 3};
	struct hostinvite v = an_invite(key, NOW_S), back, zero = {0};
	char text[HOSTINVITE_TEXT_BYTES], bad[HOSTINVITE_TEXT_BYTES];
	uint8_t raw[HOSTINVITE_TEXT_BYTES];
	struct errbuf e;
	size_t n;

	(void)state;
	assert_int_equal(hostinvite_format(&v, text), 0);
	assert_int_equal(hostinvite_parse(text, &back, &e), 0);
	assert_memory_equal(&v, &back, sizeof(v));
	/* The cluster's key is not in it. */
	assert_int_equal(
	    sodium_base642bin(raw, sizeof(raw), text + strlen(HOSTINVITE_PREFIX),
		strlen(text) - strlen(HOSTINVITE_PREFIX), NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	    0);
	assert_null(memmem(raw, n, key, sizeof(key)));
	for (size_t i = 0; text[i]; i += 7) {
		memcpy(bad, text, sizeof(bad));
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		if (strcmp(bad, text) == 0 || !text[i + 1])
			continue; /* the last digit has bits that mean nothing */
		assert_int_equal(hostinvite_parse(bad, &back, &e), -EBADMSG);
		assert_memory_equal(&back, &zero, sizeof(zero));
	}
	assert_int_equal(hostinvite_parse("hf1-AAAA", &back, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "not the token of a worker host"));
	assert_int_equal(hostinvite_parse("hfw2-AAAA", &back, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "another release"));
	assert_int_equal(hostinvite_parse("", &back, &e), -EBADMSG);
	v.certificate[0] = 'x';
	assert_int_equal(hostinvite_format(&v, text), -EINVAL);
}

static void test_what_a_renewal_must_be(void **state)
{
	static const uint8_t key[PKI_KEY_BYTES] = {1, 2, 3}, foreign[PKI_KEY_BYTES] = {3, 2, 1};
	struct hostinvite old = an_invite(key, NOW_S), later = an_invite(key, NOW_S + DAY_S),
			  stranger = an_invite(foreign, NOW_S + DAY_S);
	struct pki_worker other = {.cluster = "pay", .common = "worker.w1.0123abcd", .address = "10.0.0.4", .key = {5}};
	struct pki_worker renamed = {.cluster = "pay", .common = "worker.w2.0123abcd", .address = "10.0.0.4"};
	char ca[PKI_PEM_BYTES], made[PKI_PEM_BYTES], pem[PKI_PEM_BYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(pki_check_renewal(old.ca, old.certificate, later.certificate, &e), 0);
	assert_int_equal(pki_check_renewal(old.ca, old.certificate, old.certificate, &e), -EALREADY);
	assert_int_equal(pki_check_renewal(old.ca, later.certificate, old.certificate, &e), -EALREADY);
	assert_int_equal(pki_check_renewal(old.ca, old.certificate, stranger.certificate, &e), -EINVAL);
	assert_int_equal(pki_check_renewal(old.ca, old.certificate, "", &e), -EINVAL);
	assert_int_equal(pki_make_worker(key, &other, NOW_S + DAY_S, ca, made, &e), 0);
	assert_string_equal(ca, old.ca);
	assert_int_equal(pki_check_renewal(old.ca, old.certificate, made, &e), -EINVAL);
	(void)crypto_sign_seed_keypair(renamed.key, secret, old.seed);
	assert_int_equal(pki_make_worker(key, &renamed, NOW_S + DAY_S, ca, made, &e), 0);
	assert_int_equal(pki_check_renewal(old.ca, old.certificate, made, &e), -EINVAL);
	assert_int_equal(pki_worker_key(old.seed, pem, &e), 0);
	assert_non_null(strstr(pem, "PRIVATE KEY"));
	/* Long before it ends there is another one. */
	assert_false(hostfiles_is_due(NOW_S + PKI_WORKER_DAYS * DAY_S, NOW_S));
	assert_false(hostfiles_is_due(NOW_S + PKI_WORKER_RENEW_DAYS * DAY_S, NOW_S));
	assert_true(hostfiles_is_due(NOW_S + PKI_WORKER_RENEW_DAYS * DAY_S - 1, NOW_S));
	assert_true(hostfiles_is_due(0, NOW_S));
}

static const struct settings_member pair[] = {
    {"a", "10.0.0.1", CONF_KIND_GATEWAY},
    {"b", "10.0.0.2", CONF_KIND_GATEWAY},
    {"w", "10.0.0.3", CONF_KIND_WITNESS},
};

static void test_what_haproxy_is_told(void **state)
{
	static struct settings_values v;
	static struct roster r;
	struct conf a = {.cluster = "pay",
	    .name = "a",
	    .address = "10.0.0.1",
	    .vip = "10.0.0.100/24",
	    .workers = 64,
	    .hold_timeout_ms = 5000,
	    .mesh_http_port = 65535,
	    .mesh_ledger_port = 65535,
	    .mesh_seed_port = 65535};
	struct conf host = {.cluster = "pay",
	    .name = "w1",
	    .kind = CONF_KIND_WORKER,
	    .address = "10.0.0.4",
	    .workers = 2,
	    .mesh_http_port = 7443,
	    .mesh_ledger_port = 7444};
	struct errbuf e = {""};

	(void)state;
	r = (struct roster){0};
	assert_int_equal(settings_values(&a, pair, 3, &r, &v, &e), 0);
	assert_null(value(&v, "HOST_ADMIT"));
	assert_null(value(&v, "HOST_ADDRESSES"));
	assert_non_null(value(&v, "WITH_ROSTER"));
	/* As many as there can be, with the longest words there can be, and one that was removed. */
	for (unsigned i = 0; i < ROSTER_LIVE_MAX + 1; i++) {
		char name[16], id[ROSTER_ID_BYTES];

		(void)snprintf(name, sizeof(name), "fifteen-lette-%u", i);
		(void)snprintf(id, sizeof(id), "%08x", i);
		r.entry[r.count++] = entry(name, "255.255.255.255", id);
		r.entry[i].end_s = NOW_S;
	}
	r.entry[1].removed_s = NOW_S;
	assert_int_equal(settings_values(&a, pair, 3, &r, &v, &e), 0);
	assert_non_null(strstr(value(&v, "HOST_ADMIT"),
	    "accept if { ssl_c_s_dn(cn) -m str worker.fifteen-lette-0.00000000 } { src 255.255.255.255 }"));
	assert_non_null(strstr(value(&v, "HOST_ADMIT"), "worker.fifteen-lette-8.00000008"));
	assert_null(strstr(value(&v, "HOST_ADMIT"), "worker.fifteen-lette-1."));
	assert_int_equal(strlen(value(&v, "HOST_ADDRESSES")), ROSTER_LIVE_MAX * sizeof("255.255.255.255") - 1);
	assert_null(strstr(value(&v, "HOST_SERVERS"), "fifteen-lette-1 "));
	assert_null(strstr(value(&v, "HOST_WAYS"), "fifteen-lette-1\n"));
	assert_null(strstr(value(&v, "HOST_CERTIFICATES"), "00000001"));
	assert_non_null(strstr(value(&v, "HOST_CERTIFICATES"),
	    "string \"a 10.0.0.1\\nb 10.0.0.2\\n\" if { path /gateways } { ssl_c_s_dn(cn) -m beg worker. }"));
	/* Without a certificate for it there is no file that could be served. */
	r.entry[0].end_s = 0;
	assert_int_equal(settings_values(&a, pair, 3, &r, &v, &e), 0);
	assert_null(strstr(value(&v, "HOST_CERTIFICATES"), "00000000"));
	/* A gateway that is alone has no mesh. */
	assert_int_equal(settings_values(&a, pair, 1, &r, &v, &e), 0);
	assert_null(value(&v, "HOST_ADMIT"));
	assert_null(value(&v, "WITH_ROSTER"));
	assert_int_equal(settings_values(&host, pair, 3, NULL, &v, &e), 0);
	assert_string_equal(value(&v, "GATEWAY_NAMES"), "a b");
	assert_non_null(strstr(value(&v, "LEDGER_SERVERS"), "server b 10.0.0.2:7444"));
	assert_null(value(&v, "HOST_SERVERS"));
}

static void test_how_many_workers_a_host_has(void **state)
{
	static struct settings_values v;
	struct conf host = {
	    .cluster = "pay", .name = "w1", .kind = CONF_KIND_WORKER, .address = "10.0.0.4", .workers = 16};
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(settings_values(&host, pair, 3, NULL, &v, &e), 0);
	host.workers = 17;
	assert_int_equal(settings_values(&host, pair, 3, NULL, &v, &e), -EINVAL);
	assert_non_null(strstr(e.text, "'workers' is 17, want 1 to 16"));
}

static int fails, calls;

static int tell(void)
{
	calls++;
	return fails;
}

/* Whatever becomes of the first call, another one tells it; and nobody is told twice. */
static void test_what_was_not_told_stays_marked(void **state)
{
	char directory[] = "/tmp/holdfast-pending-XXXXXX", path[64];
	struct errbuf e = {""};
	bool told = true;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/mark", directory);
	assert_int_equal(pending_tell(path, tell, &told, &e), 0);
	assert_int_equal(calls, 0);
	assert_false(told);
	assert_int_equal(pending_mark(path, &e), 0);
	assert_int_equal(pending_mark(path, &e), 0);
	fails = 1;
	assert_int_equal(pending_tell(path, tell, &told, &e), -EIO);
	assert_false(told);
	assert_non_null(strstr(e.text, "tried again"));
	assert_int_equal(pending_tell(path, tell, &told, &e), -EIO);
	fails = 0;
	assert_int_equal(pending_tell(path, tell, &told, &e), 0);
	assert_true(told);
	assert_int_equal(calls, 3);
	assert_int_equal(pending_tell(path, tell, &told, &e), 0);
	assert_int_equal(calls, 3);
	assert_false(told);
	assert_int_equal(rmdir(directory), 0);
	assert_int_not_equal(pending_mark(path, &e), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_list_comes_back),
	    cmocka_unit_test(test_a_bad_line_is_named),
	    cmocka_unit_test(test_there_are_so_many_at_most),
	    cmocka_unit_test(test_lists_come_together),
	    cmocka_unit_test(test_the_same_twice_is_settled),
	    cmocka_unit_test(test_more_than_there_can_be_are_settled),
	    cmocka_unit_test(test_a_token_comes_back),
	    cmocka_unit_test(test_what_a_renewal_must_be),
	    cmocka_unit_test(test_what_haproxy_is_told),
	    cmocka_unit_test(test_how_many_workers_a_host_has),
	    cmocka_unit_test(test_what_was_not_told_stays_marked),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
