#include "heartbeat/pki.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "heartbeat/ip_text.h"

#define CA_CONTEXT "hfca-key" /* crypto_kdf: 8 bytes, never changed: another text is another CA */
#define CA_SUBKEY 1
#define NOT_BEFORE "20200101000000Z"
#define NOT_AFTER "20491231235959Z"

struct extension {
	int nid;
	const char *value;
};

static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};
static const struct extension node_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth,clientAuth"},
    {NID_authority_key_identifier, "keyid"},
};
/* Not for clients: who holds the edge's key must not pass for a node in the mesh. */
static const struct extension edge_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_authority_key_identifier, "keyid"},
};
/* CA:TRUE would make whoever holds the page's key a CA to a browser that was told to trust it. */
static const struct extension page_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static EVP_PKEY *ca_key(const uint8_t *cluster_key)
{
	uint8_t seed[crypto_sign_ed25519_SEEDBYTES];
	EVP_PKEY *key = NULL;

	if (crypto_kdf_derive_from_key(seed, sizeof(seed), CA_SUBKEY, CA_CONTEXT, cluster_key) == 0)
		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	sodium_memzero(seed, sizeof(seed));
	return key;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *x;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = x && X509_add_ext(cert, x, -1) == 1;
	X509_EXTENSION_free(x);
	return good;
}

static bool set_name(X509_NAME *name, const char *common)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0) == 1;
}

/* 1 for the CA, whose certificate must come out the same everywhere; otherwise random, as public CAs do. */
static bool set_serial(X509 *cert, bool random)
{
	uint8_t bytes[16];
	BIGNUM *n;
	bool good;

	if (!random)
		return ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1;
	randombytes_buf(bytes, sizeof(bytes));
	bytes[0] &= 0x7f;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return good;
}

/* A certificate for key, signed by signer; issuer NULL: by itself; not_after NULL: for good. NULL when libcrypto refuses. */
static X509 *certify(EVP_PKEY *key, const char *common, X509 *issuer, EVP_PKEY *signer,
    const struct extension *extension, size_t count, const char *alternative, const char *not_after)
{
	X509 *cert = X509_new();
	bool good = cert && X509_set_version(cert, X509_VERSION_3) == 1 &&
		    set_serial(cert, extension != ca_extensions) &&
		    ASN1_TIME_set_string(X509_getm_notBefore(cert), NOT_BEFORE) == 1 &&
		    ASN1_TIME_set_string(X509_getm_notAfter(cert), not_after ? not_after : NOT_AFTER) == 1 &&
		    X509_set_pubkey(cert, key) == 1 && set_name(X509_get_subject_name(cert), common) &&
		    X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert)) == 1;

	for (size_t i = 0; good && i < count; i++)
		good = add_extension(cert, issuer ? issuer : cert, extension[i].nid, extension[i].value);
	if (good && alternative)
		good = add_extension(cert, issuer ? issuer : cert, NID_subject_alt_name, alternative);
	/* Ed25519 signs without randomness, and hashes by itself. */
	if (good && X509_sign(cert, signer, NULL) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool take_pem(BIO *bio, char *ret)
{
	int n = BIO_read(bio, ret, PKI_PEM_BYTES - 1);

	if (n <= 0 || BIO_pending(bio))
		return false;
	ret[n] = '\0';
	return true;
}

/* Certificate, key, or both behind each other, as HAProxy wants it. */
static bool to_pem(X509 *cert, EVP_PKEY *key, char *ret)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = bio && (!cert || PEM_write_bio_X509(bio, cert) == 1) &&
		    (!key || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) && take_pem(bio, ret);

	BIO_free(bio);
	return good;
}

static bool make_leaf(const char *common, X509 *ca, EVP_PKEY *signer, const struct extension *extension, size_t count,
    const char *alternative, X509 **cert, EVP_PKEY **key)
{
	*key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	*cert = *key ? certify(*key, common, ca, signer, extension, count, alternative, NULL) : NULL;
	return *cert;
}

static bool make_node(const struct pki_subject *who, X509 *ca, EVP_PKEY *signer, struct pki_pem *ret)
{
	char alternative[160];
	EVP_PKEY *key;
	X509 *cert;
	bool good;

	(void)snprintf(
	    alternative, sizeof(alternative), "IP:%s,IP:127.0.0.1,DNS:%s,DNS:localhost", who->address, who->name);
	good = make_leaf(who->name, ca, signer, node_extensions, COUNT(node_extensions), alternative, &cert, &key) &&
	       to_pem(cert, NULL, ret->node) && to_pem(NULL, key, ret->node_key);
	X509_free(cert);
	EVP_PKEY_free(key);
	return good;
}

static bool make_edge(const struct pki_subject *who, X509 *ca, EVP_PKEY *signer, struct pki_pem *ret)
{
	char alternative[80];
	EVP_PKEY *key;
	X509 *cert;
	bool good;

	(void)snprintf(alternative, sizeof(alternative), "IP:%s,DNS:%s", who->vip, who->cluster);
	good = make_leaf(who->cluster, ca, signer, edge_extensions, COUNT(edge_extensions), alternative, &cert, &key) &&
	       to_pem(cert, key, ret->edge);
	X509_free(cert);
	EVP_PKEY_free(key);
	return good;
}

/* These go into a list that libcrypto parses: nothing but letters, digits and dashes may pass. */
static bool is_name(const char *text)
{
	if (strncmp(text, PKI_REPLICA, strlen(PKI_REPLICA)) == 0)
		text += strlen(PKI_REPLICA);
	return *text && strlen(text) < 16 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

int pki_make(const uint8_t cluster_key[static PKI_KEY_BYTES], const struct pki_subject *who, struct pki_pem *ret,
    struct errbuf *e)
{
	bool edge = who->vip && *who->vip;
	struct ip ip;
	char common[40];
	EVP_PKEY *key;
	X509 *ca;
	bool good;

	memset(ret, 0, sizeof(*ret));
	if (!is_name(who->cluster) || !is_name(who->name) || !ip_parse(who->address, &ip) ||
	    (edge && !ip_parse(who->vip, &ip)))
		return err_set(e, -EINVAL, "certificates: '%s', '%s', '%s' are not a cluster, a node and its address",
		    who->cluster, who->name, who->address);
	(void)snprintf(common, sizeof(common), "%s Holdfast CA", who->cluster);
	key = ca_key(cluster_key);
	ca = key ? certify(key, common, NULL, key, ca_extensions, COUNT(ca_extensions), NULL, NULL) : NULL;
	good =
	    ca && to_pem(ca, NULL, ret->ca) && make_node(who, ca, key, ret) && (!edge || make_edge(who, ca, key, ret));
	X509_free(ca);
	EVP_PKEY_free(key);
	return good ? 0 : err_set(e, -EIO, "certificates: libcrypto refused");
}

static void write_time(int64_t at_s, char ret[static 16])
{
	time_t at = (time_t)at_s;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || strftime(ret, 16, "%Y%m%d%H%M%SZ", &tm) != 15)
		ret[0] = '\0';
}

int pki_make_worker(const uint8_t cluster_key[static PKI_KEY_BYTES], const struct pki_worker *who, int64_t end_s,
    char ca_pem[static PKI_PEM_BYTES], char ret[static PKI_PEM_BYTES], struct errbuf *e)
{
	EVP_PKEY *signer = ca_key(cluster_key);
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, who->key, sizeof(who->key));
	char common[40], alternative[160], not_after[16];
	X509 *ca, *cert;
	bool good;

	(void)snprintf(common, sizeof(common), "%s Holdfast CA", who->cluster);
	(void)snprintf(alternative, sizeof(alternative), "IP:%s,DNS:%s", who->address, who->common);
	write_time(end_s, not_after);
	ca = signer ? certify(signer, common, NULL, signer, ca_extensions, COUNT(ca_extensions), NULL, NULL) : NULL;
	cert = ca && key ? certify(key, who->common, ca, signer, node_extensions, COUNT(node_extensions), alternative,
			       not_after)
			 : NULL;
	good = cert && to_pem(ca, NULL, ca_pem) && to_pem(cert, NULL, ret);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(signer);
	return good ? 0 : err_set(e, -EIO, "certificates: libcrypto refused");
}

int pki_worker_key(const uint8_t seed[static PKI_KEY_BYTES], char ret[static PKI_PEM_BYTES], struct errbuf *e)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, PKI_KEY_BYTES);
	bool good = key && to_pem(NULL, key, ret);

	EVP_PKEY_free(key);
	return good ? 0 : err_set(e, -EIO, "certificates: libcrypto refused");
}

/* NULL when there is none in it. */
static X509 *from_pem(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return cert;
}

int pki_check_renewal(const char *ca_pem, const char *old_pem, const char *new_pem, struct errbuf *e)
{
	X509 *ca = from_pem(ca_pem), *old = from_pem(old_pem), *renewed = from_pem(new_pem);
	EVP_PKEY *issuer = ca ? X509_get0_pubkey(ca) : NULL, *key = old ? X509_get0_pubkey(old) : NULL;
	int code = 0;

	if (!issuer || !key || !renewed)
		code = err_set(e, -EINVAL, "no certificate");
	else if (X509_verify(renewed, issuer) != 1)
		code = err_set(e, -EINVAL, "a certificate that the cluster's CA has not signed");
	else if (EVP_PKEY_eq(key, X509_get0_pubkey(renewed)) != 1 ||
		 X509_NAME_cmp(X509_get_subject_name(old), X509_get_subject_name(renewed)) != 0)
		code = err_set(e, -EINVAL, "a certificate for another name or key than that of this machine");
	else if (ASN1_TIME_compare(X509_get0_notAfter(renewed), X509_get0_notAfter(old)) <= 0)
		code = -EALREADY;
	X509_free(ca);
	X509_free(old);
	X509_free(renewed);
	return code;
}

int pki_make_page(const struct pki_subject *who, char ret[static PKI_PEM_BYTES], struct errbuf *e)
{
	char alternative[160];
	EVP_PKEY *key;
	struct ip ip;
	X509 *cert;
	bool good;

	if (!is_name(who->cluster) || !is_name(who->name) || !ip_parse(who->address, &ip))
		return err_set(e, -EINVAL, "certificates: '%s', '%s', '%s' are not a cluster, a node and its address",
		    who->cluster, who->name, who->address);
	(void)snprintf(alternative, sizeof(alternative), "IP:%s,DNS:%s", who->address, who->name);
	key = EVP_EC_gen("P-256");
	cert =
	    key ? certify(key, who->name, NULL, key, page_extensions, COUNT(page_extensions), alternative, NULL) : NULL;
	good = cert && to_pem(cert, key, ret);
	X509_free(cert);
	EVP_PKEY_free(key);
	return good ? 0 : err_set(e, -EIO, "certificates: libcrypto refused");
}

int pki_fingerprint(const char *pem, char ret[static PKI_FINGERPRINT_BYTES], struct errbuf *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned n = 0;
	bool good = cert && X509_digest(cert, EVP_sha256(), digest, &n) == 1;

	for (unsigned i = 0; good && i < n; i++)
		(void)snprintf(ret + (size_t)3 * i, 4, "%02X%s", digest[i], i + 1 < n ? ":" : "");
	X509_free(cert);
	BIO_free(bio);
	return good ? 0 : err_set(e, -EINVAL, "there is no certificate in it");
}
