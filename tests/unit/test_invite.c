/* What a new member gets: the token, certificates, files out of templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/certificate.h"
#include "heartbeat/conf.h"
#include "heartbeat/invite.h"
#include "heartbeat/pki.h"
#include "heartbeat/render.h"
#include "tests/unit/an_invite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_a_token_comes_back(void **state)
{
	struct invite v = an_invite(), back;
	char text[INVITE_TEXT_BYTES];
	struct errbuf e;

	(void)state;
	assert_int_equal(invite_format(&v, text), 0);
	assert_int_equal(strncmp(text, "hf1-", 4), 0);
	assert_int_equal(
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"), strlen(text));
	assert_int_equal(invite_parse(text, &back, &e), 0);
	assert_memory_equal(&v, &back, sizeof(v));
	v.members = INVITE_MEMBERS_MAX;
	for (unsigned i = 0; i < v.members; i++) {
		memcpy(v.member[i].name, "fifteen-letter", 15);
		memcpy(v.member[i].address, "223.255.255.255", 16);
	}
	assert_int_equal(invite_format(&v, text), 0);
	assert_int_equal(invite_parse(text, &back, &e), 0);
	assert_int_equal(back.members, INVITE_MEMBERS_MAX);
}

static void test_a_damaged_token_is_refused(void **state)
{
	struct invite v = an_invite(), back, zero = {0};
	char text[INVITE_TEXT_BYTES], bad[INVITE_TEXT_BYTES + 1];
	struct errbuf e;
	size_t n;

	(void)state;
	assert_int_equal(invite_format(&v, text), 0);
	n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, text, n + 1);
		bad[i] = bad[i] == 'Q' ? 'R' : 'Q';
		assert_true(invite_parse(bad, &back, &e) < 0);
		assert_memory_equal(&back, &zero, sizeof(back));
		memcpy(bad, text, n + 1);
		bad[i] = '\0';
		assert_int_equal(invite_parse(bad, &back, &e), -EBADMSG);
	}
	memcpy(bad, text, n + 1);
	bad[n] = 'A';
	bad[n + 1] = '\0';
	assert_int_equal(invite_parse(bad, &back, &e), -EBADMSG);
	assert_int_equal(invite_parse("hf4-AAAA", &back, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.text, "version 4"));
	assert_int_equal(invite_parse("", &back, &e), -EBADMSG);
}

static void test_token_after_the_key_was_replaced(void **state)
{
	struct invite v = an_invite(), back;
	char text[INVITE_TEXT_BYTES];
	struct errbuf e;

	(void)state;
	v.ring = (struct keyring){.cluster = 77, .count = 2, .use = 1, .key = {{15, {1, 2}}, {16, {3, 4}}}};
	v.members = 1;
	for (; v.members < INVITE_MEMBERS_MAX; v.members++) {
		v.member[v.members] = v.member[0];
		memcpy(v.member[v.members].name, "fifteen-letters", 16);
		memcpy(v.member[v.members].address, "100.100.100.100", 16);
	}
	assert_int_equal(invite_format(&v, text), 0);
	assert_memory_equal(text, "hf2-", 4);
	assert_int_equal(invite_parse(text, &back, &e), 0);
	assert_memory_equal(&v.ring.key, &back.ring.key, sizeof(v.ring.key));
	assert_int_equal(back.ring.use, 1);
	assert_int_equal(back.ring.cluster, 77);
	assert_int_equal(back.members, INVITE_MEMBERS_MAX);
	assert_string_equal(back.member[4].name, "fifteen-letters");
}

/* Of the highest version, so that a release that cannot follow it says so. */
static void test_token_of_members_with_ipv6(void **state)
{
	struct invite v = an_invite(), back;
	char text[INVITE_TEXT_BYTES];
	struct errbuf e;

	(void)state;
	memcpy(v.member[1].address, "2001:db8::3", 12);
	for (unsigned rings = 0; rings < 2; rings++) {
		assert_int_equal(invite_format(&v, text), 0);
		assert_memory_equal(text, "hf3-", 4);
		assert_int_equal(invite_parse(text, &back, &e), 0);
		assert_memory_equal(&v, &back, sizeof(v));
		v.ring = (struct keyring){.cluster = 77, .count = 1, .key = {{15, {1, 2}}}};
	}
	/* The longest. */
	for (v.members = 0; v.members < INVITE_MEMBERS_MAX; v.members++) {
		v.member[v.members] = (struct invite_member){.name = "fifteen-letters", .kind = CONF_KIND_WITNESS};
		memcpy(v.member[v.members].address, "2001:db80:1111:2222:3333:4444:5555:6666", 40);
	}
	memcpy(v.vip, "2001:db80:1111:2222:3333:4444:5555:7777/128", 44);
	v.ring = (struct keyring){.cluster = 77, .count = 2, .use = 1, .key = {{15, {1, 2}}, {16, {3, 4}}}};
	assert_int_equal(invite_format(&v, text), 0);
	assert_int_equal(invite_parse(text, &back, &e), 0);
	assert_int_equal(back.members, INVITE_MEMBERS_MAX);
	memcpy(v.member[4].address, "fe80::1", 8);
	assert_int_equal(invite_format(&v, text), 0);
	assert_int_equal(invite_parse(text, &back, &e), -EBADMSG);
}

static void test_what_has_no_place_in_a_token(void **state)
{
	char text[INVITE_TEXT_BYTES];
	struct invite v = an_invite();

	(void)state;
	v.vip[0] = '\0';
	assert_int_equal(invite_format(&v, text), -EINVAL);
	v = an_invite();
	v.members = INVITE_MEMBERS_MAX + 1;
	assert_int_equal(invite_format(&v, text), -EINVAL);
	v = an_invite();
	v.member[1].name[0] = ' ';
	assert_int_equal(invite_format(&v, text), -EINVAL);
}

static X509 *certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return cert;
}

/* Does leaf come from ca, for this purpose and this address? */
static bool verifies(const char *ca, const char *leaf, int purpose, const char *address)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *root = certificate(ca), *cert = certificate(leaf);
	bool good = root && cert && X509_STORE_add_cert(store, root) == 1 &&
		    X509_STORE_CTX_init(ctx, store, cert, NULL) == 1 && X509_STORE_CTX_set_purpose(ctx, purpose) == 1 &&
		    X509_VERIFY_PARAM_set1_ip_asc(X509_STORE_CTX_get0_param(ctx), address) == 1 &&
		    X509_verify_cert(ctx) == 1;

	X509_free(root);
	X509_free(cert);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return good;
}

static void test_two_nodes_have_one_ca_and_certificates_that_verify(void **state)
{
	static struct pki_pem a, b, other;
	const struct pki_subject is_a = {"pay", "a", "10.0.0.1", "10.0.0.100"}, is_b = {"pay", "b", "10.0.0.2", NULL};
	uint8_t key[PKI_KEY_BYTES] = {1};
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(pki_make(key, &is_a, &a, &e), 0);
	assert_int_equal(pki_make(key, &is_b, &b, &e), 0);
	assert_string_equal(a.ca, b.ca);
	assert_string_not_equal(a.node, b.node);
	assert_string_not_equal(a.node_key, b.node_key);
	assert_string_equal(b.edge, "");
	assert_true(verifies(b.ca, a.node, X509_PURPOSE_SSL_SERVER, "10.0.0.1"));
	assert_true(verifies(a.ca, b.node, X509_PURPOSE_SSL_CLIENT, "10.0.0.2"));
	assert_false(verifies(a.ca, b.node, X509_PURPOSE_SSL_SERVER, "10.0.0.1"));
	assert_true(verifies(a.ca, a.edge, X509_PURPOSE_SSL_SERVER, "10.0.0.100"));
	assert_false(verifies(a.ca, a.edge, X509_PURPOSE_SSL_CLIENT, "10.0.0.100"));
	key[31] = 1;
	assert_int_equal(pki_make(key, &is_a, &other, &e), 0);
	assert_false(verifies(other.ca, a.node, X509_PURPOSE_SSL_SERVER, "10.0.0.1"));
	ERR_clear_error();
}

/* The certificate with another end, in PEM: for its reading only, so the signature need not be good. */
static void put_ending(FILE *f, const char *pem, const char *end)
{
	X509 *one = certificate(pem);

	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(one), end), 1);
	assert_true(i2d_re_X509_tbs(one, NULL) > 0); /* it remembers how it was written */
	assert_int_equal(PEM_write_X509(f, one), 1);
	X509_free(one);
}

/* Writes text, and certificates that end so behind it, and reads the end of all; e.text is never empty when there is none. */
static int end_of(const char *text, const char *const ends[], int64_t *ret_s)
{
	static struct pki_pem a;
	const struct pki_subject is_a = {"pay", "a", "10.0.0.1", "10.0.0.100"};
	char path[] = "/tmp/holdfast-test.XXXXXX";
	uint8_t key[PKI_KEY_BYTES] = {1};
	struct errbuf e = {""};
	FILE *f = fdopen(mkstemp(path), "w");
	int code;

	assert_non_null(f);
	assert_int_equal(pki_make(key, &is_a, &a, &e), 0);
	(void)fputs(text ? text : a.edge, f);
	for (; *ends; ends++)
		put_ending(f, a.node, *ends);
	assert_int_equal(fclose(f), 0);
	code = certificate_end(path, ret_s, &e);
	(void)unlink(path);
	assert_true(!code == !e.text[0]);
	return code;
}

static void test_a_chain_ends_with_the_first_of_it(void **state)
{
	struct errbuf e = {""};
	int64_t end_s = 0;

	(void)state;
	assert_int_equal(end_of(NULL, (const char *const[]){NULL}, &end_s), 0); /* with its key behind it */
	assert_int_equal(end_s, INT64_C(2524607999));
	assert_int_equal(
	    end_of("", (const char *const[]){"20300101000000Z", "20270101000000Z", "20280101000000Z", NULL}, &end_s),
	    0);
	assert_int_equal(end_s, INT64_C(1798761600));
	assert_int_equal(end_of("", (const char *const[]){NULL}, &end_s), -EBADMSG);
	assert_int_equal(end_of("no certificate\n", (const char *const[]){NULL}, &end_s), -EBADMSG);
	assert_int_equal(end_of("-----BEGIN CERTIFICATE-----\nMIIB\n", (const char *const[]){NULL}, &end_s), -EBADMSG);
	assert_int_equal(certificate_end("/nowhere/edge.pem", &end_s, &e), -ENOENT);
}

static void test_the_key_belongs_to_the_certificate(void **state)
{
	static struct pki_pem a;
	const struct pki_subject is_a = {"pay", "a", "10.0.0.1", "10.0.0.100"};
	const char *pairs[2][2] = {{a.node, a.node_key}, {a.edge, a.edge}};
	uint8_t key[PKI_KEY_BYTES] = {1};
	struct errbuf e = {""};

	(void)state;
	assert_int_equal(pki_make(key, &is_a, &a, &e), 0);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		BIO *bio = BIO_new_mem_buf(pairs[i][1], -1);
		EVP_PKEY *private = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
		X509 *cert = certificate(pairs[i][0]);

		assert_int_equal(X509_check_private_key(cert, private), 1);
		X509_free(cert);
		EVP_PKEY_free(private);
		BIO_free(bio);
	}
}

static void test_a_subject_that_is_none_is_refused(void **state)
{
	static struct pki_pem pem;
	static const struct pki_subject bad[] = {
	    {"pay", "", "10.0.0.1", NULL},
	    {"pay", "a,DNS:x", "10.0.0.1", NULL},
	    {"pay", "a", "10.0.0.1,DNS:x", NULL},
	    {"Pay", "a", "10.0.0.1", NULL},
	    {"pay", "a", "10.0.0.1", "10.0.0.100/24"},
	};
	uint8_t key[PKI_KEY_BYTES] = {1};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct errbuf e = {""};

		assert_int_equal(pki_make(key, &bad[i], &pem, &e), -EINVAL);
		assert_string_not_equal(e.text, "");
	}
}

/* Renders template; the result stands in out (512 bytes). */
static int render_text(const char *template, char *out, struct errbuf *e)
{
	static const struct render_pair pairs[] = {{"A", "one@B@"}, {"B", "two"}, {"GONE", NULL}};
	FILE *in = fmemopen((char *)template, strlen(template), "r"), *f = fmemopen(out, 512, "w");
	int code = render(in, "some.in", pairs, COUNT(pairs), f, e);

	(void)fclose(in);
	(void)fclose(f);
	return code;
}

static void test_templates(void **state)
{
	char out[512] = "", *text;
	struct errbuf e = {""};
	int code = 0;

	(void)state;
	assert_int_equal(render_text("x@A@-@B@\nno @GONE@ line\nuser@host @lower@ @\nend", out, &e), 0);
	assert_string_equal(out, "xone@B@-two\nuser@host @lower@ @\nend");
	assert_int_equal(render_text("fine\nfoo @NOBODY@\n", out, &e), -ENOKEY);
	assert_non_null(strstr(e.text, "some.in:2"));
	assert_non_null(strstr(e.text, "NOBODY"));
	text = render_file("/nonexistent/x.in", NULL, 0, &code, &e);
	assert_null(text);
	assert_int_equal(code, -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/x.in"));
}

static void test_a_line_that_is_too_long_is_refused(void **state)
{
	static char line[6000], out[512];
	struct errbuf e = {""};

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	assert_int_equal(render_text(line, out, &e), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_token_comes_back),
	    cmocka_unit_test(test_a_damaged_token_is_refused),
	    cmocka_unit_test(test_token_after_the_key_was_replaced),
	    cmocka_unit_test(test_token_of_members_with_ipv6),
	    cmocka_unit_test(test_what_has_no_place_in_a_token),
	    cmocka_unit_test(test_two_nodes_have_one_ca_and_certificates_that_verify),
	    cmocka_unit_test(test_the_key_belongs_to_the_certificate),
	    cmocka_unit_test(test_a_chain_ends_with_the_first_of_it),
	    cmocka_unit_test(test_a_subject_that_is_none_is_refused),
	    cmocka_unit_test(test_templates),
	    cmocka_unit_test(test_a_line_that_is_too_long_is_refused),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
