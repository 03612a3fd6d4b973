/* Which machine of the cluster is there? By the name in the certificate that it shows, which the cluster's CA has signed. */
#ifndef HOLDFAST_HEARTBEAT_CTL_PEERNAME_H
#define HOLDFAST_HEARTBEAT_CTL_PEERNAME_H

#include <stdbool.h>
#include <stdint.h>

/* Begins a TLS connection to that address and port, and shows no certificate of ours, which is enough to see the other's. For at most 2 s in all. False: nobody
 * answered so in that time, or with none of that CA. */
bool ctl_peername(const char *address, uint32_t port, const char *ca_path, char ret[static 64]);

#endif
