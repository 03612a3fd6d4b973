/* What must be true before a machine is made a member: form of words, addresses, programs, users, nothing
 * there yet. */
#ifndef HOLDFAST_HEARTBEAT_CTL_CHECK_H
#define HOLDFAST_HEARTBEAT_CTL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "heartbeat/conf.h"
#include "heartbeat/err.h"
#include "heartbeat/ip.h"

/* An address of this machine. */
struct ctl_address {
	char interface[16];
	struct ip ip;
	unsigned bits; /* of its network, counted in IP_BITS */
	bool loopback;
};

#define CTL_ADDRESSES_MAX 64

struct ctl_host {
	struct ctl_address address[CTL_ADDRESSES_MAX];
	unsigned addresses;
};

bool ctl_is_name(const char *text);	 /* of a node or a cluster */
bool ctl_is_interface(const char *text); /* could be one */
bool ctl_is_moment(const char *text);	 /* could be a GTID, or a time */
bool ctl_is_path(const char *text);	 /* absolute, and not too long */

/* The addresses of this machine but for those of IPv6 that mean something on one link only. 0 or -errno with e filled. */
int ctl_host_read(struct ctl_host *ret, struct errbuf *e);

/* NULL: the machine does not have it. */
const struct ctl_address *ctl_host_find(const struct ctl_host *host, const struct ip *ip);

/* Is conf's address one of the host's, on conf's interface (any, when that is ""), and can its vip ("": none)
 * be held there? Pure but for if_nametoindex. 0, or -EINVAL with e filled. */
int ctl_check_network(const struct conf *conf, const struct ctl_host *host, struct errbuf *e);

/* Root, no member yet, state directories empty. 0, or -EPERM, -EEXIST, -errno with e filled. */
int ctl_check_fresh(const char *datadir, struct errbuf *e);

/* Programs, users and groups that a node of this kind (enum conf_kind) needs. 0, or -ENOENT with e filled. */
int ctl_check_installed(uint32_t kind, struct errbuf *e);

#endif
