/* What must be true before a machine is made a member: form of words, addresses, programs, users, nothing
 * there yet. */
#ifndef HOLDFAST_HEARTBEAT_CTL_CHECK_H
#define HOLDFAST_HEARTBEAT_CTL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"

/* An address of this machine. */
struct ctl_address {
	char interface[16];
	uint32_t ipv4, mask; /* host order */
	bool loopback;
};

#define CTL_ADDRESSES_MAX 64

struct ctl_host {
	struct ctl_address address[CTL_ADDRESSES_MAX];
	unsigned addresses;
};

bool ctl_is_name(const char *text);	 /* of a node or a cluster */
bool ctl_is_ipv4(const char *text);	 /* numeric */
bool ctl_is_cidr(const char *text);	 /* numeric, with prefix length 1 to 32 */
bool ctl_is_interface(const char *text); /* could be one */
bool ctl_is_moment(const char *text);	 /* could be a GTID, or a time */
bool ctl_is_path(const char *text);	 /* absolute, and not too long */

/* The address of a text that is IPv4 or CIDR by the checks above, in host order. */
uint32_t ctl_ipv4_of(const char *text);

/* The IPv4 addresses of this machine. 0 or -errno with e filled. */
int ctl_host_read(struct ctl_host *ret, struct errbuf *e);

/* Is conf's address one of the host's, on conf's interface (any, when that is ""), and can its vip ("": none)
 * be held there? Pure but for if_nametoindex. 0, or -EINVAL with e filled. */
int ctl_check_network(const struct conf *conf, const struct ctl_host *host, struct errbuf *e);

/* Root, no member yet, state directories empty. 0, or -EPERM, -EEXIST, -errno with e filled. */
int ctl_check_fresh(const char *datadir, struct errbuf *e);

/* Programs, users and groups that a node of this kind (enum conf_kind) needs. 0, or -ENOENT with e filled. */
int ctl_check_installed(uint32_t kind, struct errbuf *e);

#endif
