/* The configuration of HAProxy, keepalived and MariaDB that follows from ours and from the members there are.
 */
#ifndef HOLDFAST_HEARTBEAT_SETTINGS_H
#define HOLDFAST_HEARTBEAT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/render.h"
#include "heartbeat/roster.h"
#include "heartbeat/settings_same.h"

/* What a gateway tells worker hosts there: a line with name and address for each gateway. */
#define SETTINGS_GATEWAYS_PATH "/gateways"

struct settings_member {
	char name[16];
	char address[48];
	uint32_t kind; /* enum conf_kind */
};
enum settings_changed { SETTINGS_HAPROXY = 1, SETTINGS_KEEPALIVED = 2, SETTINGS_MARIADB = 4, SETTINGS_UNITS = 8 };

/* Renders every configuration file that follows from conf and the members into place, each by
 * write+fsync+rename and only if its content differs, and if haproxy -c, keepalived -t or mariadbd takes it: what one of them refuses is
 * -EINVAL, and the old file stays. 0 or -errno with e filled. Nothing on a witness. */
int settings_write(
    const struct conf *conf, const struct settings_member *member, unsigned count, unsigned *changed, struct errbuf *e);

/*
 * The certificates must be in CONF_PKI_DIR by then: node.pem and node.key are put together there as HAProxy
 * (node-full.pem) and MariaDB (mariadb.pem, mariadb.key, owned by mysql) want them. All files are made in
 * memory before the first is written. *changed has the bits of what is different from before, also when a
 * later file failed.
 *
 * The same elsewhere, where all files stay the caller's own: for tests.
 */
struct settings_place {
	const char *root;      /* "/tmp/x" for /tmp/x/etc/holdfast/... */
	const char *templates; /* their directory */
	/* Would the program whose file target is take the new one, which is at path? Asked of such files only (heartbeat/settings_check.h). 0, or -EINVAL with e filled: it stays the old one, and
	 * the other files are written; another -errno ends it. NULL: nobody is asked. */
	int (*check)(const char *target, const char *path, struct errbuf *e);
};
int settings_write_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, unsigned *changed, struct errbuf *e);

#define SETTINGS_FILES_MAX 14
#define SETTINGS_PROGRAMS 3

/* Has a node of that kind (enum conf_kind) a file of that name from settings_write? */
bool settings_has(uint32_t kind, const char *target);

/* Those programs that do not take their file as it is now, or could not be asked, and how many. */
struct settings_refusal {
	const char *program, *path; /* constant */
	struct errbuf why;
};
unsigned settings_refusals(uint32_t kind, struct settings_refusal ret[static SETTINGS_PROGRAMS]);

/* Of what settings_write makes on a node of that kind (enum conf_kind), what not everybody may read, and how many. The texts are constant. */
struct settings_secret {
	const char *path, *owner, *group;
	uint32_t mode;
};
unsigned settings_secrets(uint32_t kind, struct settings_secret ret[static SETTINGS_FILES_MAX]);

/* Writes nothing: the names of those files whose content differs from what settings_write would write, and how many they are. The names
 * are constant. 0 or -errno with e filled. */
int settings_look(const struct conf *conf, const struct settings_member *member, unsigned count,
    const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e);
/* The same, and each of those is shown to the program that would read it, if there is one, in a file without a name: -EINVAL, one is refused. Makes no
 * file and no directory. */
int settings_try(const struct conf *conf, const struct settings_member *member, unsigned count,
    const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e);
int settings_look_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e);
int settings_try_at(const struct settings_place *place, const struct conf *conf, const struct settings_member *member,
    unsigned count, const char *ret[static SETTINGS_FILES_MAX], unsigned *different, struct errbuf *e);

#define SETTINGS_PAIRS 45
#define SETTINGS_WORKERS_MAX 64
#define SETTINGS_SEED_BYTES 640 /* of a replica's way to one gateway */
#define SETTINGS_SEEDS_MAX 5
#define SETTINGS_WAY_BYTES 1792 /* to one worker host, or from one to a gateway */

/* What the templates are filled with: the pairs point into the texts and into conf and member. */
struct settings_values {
	struct render_pair pair[SETTINGS_PAIRS];
	size_t pairs;
	bool vip_is_v4, own_is_v4; /* own: the family in which keepalived talks */
	char vip[IP_URL_BYTES], address[IP_URL_BYTES], peer_address[IP_URL_BYTES]; /* as before a port */
	char router_id[8], answer_ms[16], hold_ms[16], database_port[8], buffer_pool_mb[16], worker_count[8];
	char mesh_port[3][8];
	char same[SETTINGS_SAME_BYTES];
	char workers[SETTINGS_WORKERS_MAX * 48];
	char seed_peers[SETTINGS_SEED_BYTES * SETTINGS_SEEDS_MAX];
	char host_addresses[ROSTER_LIVE_MAX * 48]; /* behind each other */
	char host_servers[ROSTER_LIVE_MAX * 160], host_admit[ROSTER_LIVE_MAX * 192];
	char host_certificates[ROSTER_LIVE_MAX * 256 + 512], host_ways[ROSTER_LIVE_MAX * SETTINGS_WAY_BYTES];
	char gateway_names[SETTINGS_SEEDS_MAX * 17], ledger_servers[SETTINGS_SEEDS_MAX * 320];
	char ledger_ways[SETTINGS_SEEDS_MAX * SETTINGS_WAY_BYTES];
};

/* Fills *ret, on a replica and a worker host with a way to every gateway, on a gateway that has a peer with ways to the worker hosts in roster
 * (NULL: there is no list of them); count may be 0, or the members may be without a peer yet: every line about the peer is then
 * left out. 0, or -EINVAL with e filled: a vip that is no address with prefix length, a member that is no
 * name and address, more than one peer, too many workers. */
int settings_values(const struct conf *conf, const struct settings_member *member, unsigned count,
    const struct roster *roster, struct settings_values *ret, struct errbuf *e);

/* An address of a member or a worker host as it stands before a port: of IPv6 in brackets. Returns ret. */
const char *settings_url(const char *address, char ret[static IP_URL_BYTES]);

/* The part of it that is about worker hosts: on a gateway from roster, on a worker host from the members. */
void settings_hosts(const struct conf *conf, const struct settings_member *member, unsigned count,
    const struct roster *roster, struct settings_values *v);

#endif
