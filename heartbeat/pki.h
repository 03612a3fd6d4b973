/*
 * The cluster's own certificates. The CA is a function of the cluster key, so every node makes its own certificates
 * from the key alone and nobody has to sign anything for anybody; but for worker hosts, which have not got that key.
 */
#ifndef HOLDFAST_HEARTBEAT_PKI_H
#define HOLDFAST_HEARTBEAT_PKI_H

#include <stdint.h>

#include "heartbeat/err.h"

#define PKI_KEY_BYTES 32
#define PKI_PEM_BYTES 4096

/* Before the name of a replica in its certificate: no member can have such a name (etc/haproxy.cfg.in, mesh_seed). */
#define PKI_REPLICA "replica."

struct pki_subject {
	const char *cluster;
	const char *name;    /* of the node: CN and DNS name */
	const char *address; /* numeric address of the node */
	const char *vip;     /* numeric address of the edge, no prefix length; NULL or "": no edge certificate */
};

struct pki_pem {
	char ca[PKI_PEM_BYTES];	      /* certificate; the same bytes on every node of the cluster */
	char node[PKI_PEM_BYTES];     /* certificate: CN the node, good for server and client */
	char node_key[PKI_PEM_BYTES]; /* a secret */
	char edge[PKI_PEM_BYTES];     /* certificate and key for the virtual IP: a secret; "" without a vip */
};

/* 0, or -EINVAL (a subject that is no name or address), -EIO (libcrypto refused) with *e filled. The caller wipes *ret. */
int pki_make(const uint8_t cluster_key[static PKI_KEY_BYTES], const struct pki_subject *who, struct pki_pem *ret,
    struct errbuf *e);

/* How long the certificate of a worker host is good; it is renewed when fewer are left than PKI_WORKER_RENEW_DAYS. */
#define PKI_WORKER_DAYS 30
#define PKI_WORKER_RENEW_DAYS 25

struct pki_worker {
	const char *cluster, *common,
	    *address;		    /* the cluster's name; CN and DNS name; numeric: checked by the caller */
	uint8_t key[PKI_KEY_BYTES]; /* public, Ed25519 */
};

/* The certificate of a worker host, good for server and client until end_s (Unix time), and that of the CA: a worker host has not got the
 * cluster key, so it makes neither. 0, or -EIO with e filled. */
int pki_make_worker(const uint8_t cluster_key[static PKI_KEY_BYTES], const struct pki_worker *who, int64_t end_s,
    char ca_pem[static PKI_PEM_BYTES], char ret[static PKI_PEM_BYTES], struct errbuf *e);

/* The private key that a seed is, which the caller wipes. 0, or -EIO with e filled. */
int pki_worker_key(const uint8_t seed[static PKI_KEY_BYTES], char ret[static PKI_PEM_BYTES], struct errbuf *e);

/* May new_pem take the place of old_pem? 0; -EALREADY it ends no later, and e is not filled; -EINVAL with e filled: it is none, not the CA's,
 * or for another name or key. */
int pki_check_renewal(const char *ca_pem, const char *old_pem, const char *new_pem, struct errbuf *e);

/* A certificate and key for the status page of a node, behind each other in ret: ECDSA on P-256, for browsers take no Ed25519, and signed by
 * itself, for they take no CA of Ed25519 either. Nobody lets it in anywhere: it is for no client, and of no CA. vip is not looked at.
 * 0, -EINVAL or -EIO with e filled. */
int pki_make_page(const struct pki_subject *who, char ret[static PKI_PEM_BYTES], struct errbuf *e);

#define PKI_FINGERPRINT_BYTES 96

/* SHA-256 of the first certificate in pem, as browsers show it: "AB:CD:...". 0, or -EINVAL with e filled. */
int pki_fingerprint(const char *pem, char ret[static PKI_FINGERPRINT_BYTES], struct errbuf *e);

#endif
