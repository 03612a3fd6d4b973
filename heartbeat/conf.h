/* The configuration, /etc/holdfast/holdfast.conf: read by every daemon, written by `holdfastctl init` and `join`. */
#ifndef HOLDFAST_HEARTBEAT_CONF_H
#define HOLDFAST_HEARTBEAT_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONF_PATH "/etc/holdfast/holdfast.conf"
#define CONF_KEY_PATH "/etc/holdfast/cluster.key" /* 64 hex digits and a newline, 0640 root:holdfast */
#define CONF_PKI_DIR "/etc/holdfast/pki" /* ca.pem node.pem (certificate) node.key edge.pem (certificate + key) */
#define CONF_HOST_PEM                                                                                                  \
	CONF_PKI_DIR "/worker-%s.pem" /* on a gateway: the certificate of a worker host, by its id in the roster */
#define CONF_GATEWAYS_PATH "/etc/holdfast/gateways" /* on a worker host: "NAME ADDRESS", a line each */
#define CONF_PAGE_DIR "/etc/holdfast/page"	    /* password, page.pem (certificate + key): heartbeat/paged_file.h */
#define CONF_STATE_DIR "/var/lib/holdfast"
#define CONF_VERIFY_PATH CONF_STATE_DIR "/verify.json"	/* what came out of the last `holdfastctl verify` here */
#define CONF_BACKUP_PATH CONF_STATE_DIR "/backup.json"	/* when `holdfastctl backup make` ended well here last */
#define CONF_TAILS_DIR CONF_STATE_DIR "/unacknowledged" /* exports of what was written and given up */

enum conf_kind { CONF_KIND_GATEWAY, CONF_KIND_WITNESS, CONF_KIND_REPLICA, CONF_KIND_WORKER };
#define CONF_KINDS 4
/* As they are written in the file. */
extern const char *const conf_kind_words[CONF_KINDS];

enum conf_log { CONF_LOG_OFF, CONF_LOG_ON, CONF_LOG_ERRORS };

struct conf {
	char cluster[16];	 /* [cluster] name */
	char name[16];		 /* [node] name: a-z 0-9 -, starting with a letter */
	uint32_t kind;		 /* [node] kind = gateway | witness | replica | worker */
	char address[48];	 /* [node] address, numeric, no prefix, in its shortest form */
	char second_address[48]; /* [node] second-address: on a second network, for heartbeats; "" none */
	char interface[16];
	char vip[56]; /* [cluster] vip, numeric IPv4 or IPv6 with prefix length; "" on a witness and a worker host */
	char seed_address[48];	      /* [cluster] join: a member to ask for admission; "" on the first node */
	uint32_t heartbeat_port;      /* [heartbeat] port */
	uint32_t interval_ms;	      /* [heartbeat] interval-ms */
	uint32_t lease_ms;	      /* [heartbeat] lease-ms */
	uint32_t peer_timeout_ms;     /* [heartbeat] peer-timeout-ms */
	uint32_t observe_only;	      /* [heartbeat] observe-only = no (0) | yes (1) */
	char datadir[108];	      /* [replication] datadir */
	uint32_t database_port;	      /* [replication] port: mariadbd on the node's address */
	uint32_t relay_port;	      /* [replication] relay-port: our relay on 127.0.0.1 */
	uint32_t max_backlog_ms;      /* [replication] max-backlog-ms */
	uint32_t buffer_pool_mb;      /* [replication] buffer-pool-mb */
	uint32_t durability_received; /* [replication] durability = on-disk (0) | received (1) */
	uint32_t workers;	      /* [gateway] workers */
	uint32_t worker_port;	      /* [gateway] worker-port: worker N listens on 127.0.0.1:port+N-1, too */
	uint32_t hold_timeout_ms;     /* [gateway] hold-timeout-ms */
	uint32_t in_flight_max;	      /* [gateway] in-flight-max: of one API key, or of one session */
	uint32_t tickle;	      /* [gateway] tickle = no (0) | yes (1) */
	uint32_t access_log;	      /* [gateway] access-log = off | on | errors: enum conf_log */
	uint32_t edge_log;	      /* [gateway] edge-log, the same */
	char channels[256];	      /* [gateway] channels: names separated by blanks */
	uint32_t mesh_http_port, mesh_ledger_port, mesh_seed_port; /* [gateway] mutual-TLS ports between the nodes */
	char page_listen[56];					   /* [page] listen, numeric with a port; "" nowhere */
};

/* Fills in the defaults and reads f, whose name is used in messages. Every error is printed to errs, one a line, as
 * "name:line: what is wrong and what is allowed". Returns the number of errors; *ret is complete only when it is 0. */
unsigned conf_read(FILE *f, const char *name, struct conf *ret, FILE *errs);

/* The same for a path; a file that cannot be opened is one error. */
unsigned conf_load(const char *path, struct conf *ret, FILE *errs);

/* Writes a file that conf_read takes back unchanged; only values that differ from the defaults. 0 or -errno. */
int conf_write(FILE *f, const struct conf *conf);

/* Who does what a key says. RENDERED: the files of HAProxy, keepalived and MariaDB, which `holdfastctl reconfigure` writes. */
enum conf_reader {
	CONF_READER_HEARTBEATD = 1,
	CONF_READER_REPLICATIOND = 2,
	CONF_READER_LEDGERD = 4,
	CONF_READER_WORKERD = 8,
	CONF_READER_TICKLED = 16,
	CONF_READER_RENDERED = 32,
	CONF_READER_PAGED = 64
};
#define CONF_HOST_WORKERS_MAX 16 /* on a worker host */
#define CONF_KEYS_MAX 40

/* The names of the keys that this one reader has and that differ, with live those that it takes while it runs, otherwise those for which
 * it has to be started again; constant. Returns how many they are. */
unsigned conf_changes(const struct conf *running, const struct conf *now, unsigned reader, bool live,
    const char *ret[static CONF_KEYS_MAX]);

/* Prints what differs, a line for each key: the value before and after, who has to be told, and whether the other gateway needs it, too. Returns how many they are. */
unsigned conf_print_changes(FILE *f, const struct conf *then, const struct conf *now);

/* Prints the table of keys (section, key, allowed range, default, meaning, what a change needs, "same": both gateways are to have the same), for the man page's test. */
void conf_print_keys(FILE *f);

#endif
