/* The listening end of ledgerd: a stream socket for workers (and the peer's workers, through HAProxy), framed
 * by wire.h. */
#ifndef HOLDFAST_GATEWAY_SERVER_H
#define HOLDFAST_GATEWAY_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/wire.h"
#include "heartbeat/err.h"

struct server;

/* An operation has come. root: the other end is a process of root on this host. sent_us: when it was sent, by
 * our own CLOCK_BOOTTIME, as near as can be known. The message is borrowed. */
typedef void server_handler(
    void *userdata, uint64_t session, bool root, uint64_t sent_us, uint64_t id, const struct op_message *m);

#define SERVER_USERS_MAX 8

/* Who may connect; everybody else is hung up on, and that is logged. */
struct server_users {
	uint32_t uid[SERVER_USERS_MAX];
	size_t count;
	uint32_t mesh_uid; /* whose connections come from another host; UINT32_MAX: nobody's */
	uint64_t hello_us; /* one that has said no hello that fits for so long ends when the next one comes */
};

/* Binds path (0660, an old socket there is replaced) and listens. 0, or -errno with e filled. */
int server_new(sd_event *event, const char *path, const struct server_users *users, server_handler *handler,
    void *userdata, struct server **ret, struct errbuf *e);
void server_free(struct server *s);

/* Listens anew where nobody could come any more: somebody has removed the socket. Sessions go on. 0, also when there was
 * nothing to be done, or -errno with e filled: nobody new can come. */
int server_mend(struct server *s, struct errbuf *e);

/* Queues an answer; a session that is gone is ignored. server_flush sends; never call that from the handler.
 */
void server_send(struct server *s, uint64_t session, uint64_t id, const struct wire_answer *a, const char *body);
void server_flush(struct server *s);

/* Closes the sessions that have not taken their answers yet: what was not sent under the old view will not
 * be. */
void server_drop_unsent(struct server *s);

#endif
