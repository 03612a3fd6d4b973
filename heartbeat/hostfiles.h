/* The files about worker hosts: the roster and the certificates of a gateway, the list of gateways of a worker host. */
#ifndef HOLDFAST_HEARTBEAT_HOSTFILES_H
#define HOLDFAST_HEARTBEAT_HOSTFILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heartbeat/conf.h"
#include "heartbeat/ctl_ask.h"
#include "heartbeat/pki.h"
#include "heartbeat/roster.h"

/* HAProxy of this machine has not been told of all that was changed here (heartbeat/pending.h). */
#define HOSTFILES_PENDING_PATH "/etc/holdfast/workers.pending"

/* ROSTER_PATH; empty when there is none. 0, or -errno with e filled. Storing marks HOSTFILES_PENDING_PATH first. */
int hostfiles_load(struct roster *ret, struct errbuf *e);
int hostfiles_store(const struct roster *r, struct errbuf *e);

/* Has that certificate to be made anew? end_s 0: there is none. Pure. */
bool hostfiles_is_due(int64_t end_s, int64_t now_s);

/* Makes the certificates of those worker hosts whose own are due. 0, or -errno with e filled. */
int hostfiles_certify(const struct conf *conf, const uint8_t key[static PKI_KEY_BYTES], const struct roster *r,
    int64_t now_s, struct errbuf *e);

/* Takes away the certificates of removed ones: when HAProxy has a configuration that does not name them, and not before. */
void hostfiles_tidy(const struct roster *r);

/* One more, whose end is there whatever there was. ca and ret as in pki_make_worker. Marks HOSTFILES_PENDING_PATH first. */
int hostfiles_make(const struct conf *conf, const uint8_t key[static PKI_KEY_BYTES], const struct roster_entry *one,
    int64_t now_s, char ca[static PKI_PEM_BYTES], char ret[static PKI_PEM_BYTES], struct errbuf *e);

/* When the certificate that this gateway has for that id ends. False: it has none. */
bool hostfiles_end(const char *id, int64_t *ret_s);

/* CONF_GATEWAYS_PATH as a list of members, at most CTL_MEMBERS_MAX. 0, or -EINVAL or -errno with e filled. */
int hostfiles_gateways(struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

/* The same of what f has; file: how e calls it. No name and no address is there twice. */
int hostfiles_read_gateways(
    FILE *f, const char *file, struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e);

#endif
