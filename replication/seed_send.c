#include "replication/seed.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "replication/copydir.h"
#include "replication/hotcopy.h"
#include "replication/seed_frame.h"

/* May a copy of this node's data be handed out? Fills the epoch. */
static int check_role(const char *path, uint64_t *ret_epoch, struct errbuf *e)
{
	struct role_view v;
	int code = hotcopy_read_role(path, &v, e);

	if (code)
		return code;
	if (v.active == ROLEPAGE_NO_NODE || v.active != v.self)
		return err_set(e, -EPERM, "this node is not the active one");
	if (!v.open || !v.epoch || v.writable_epoch != v.epoch)
		return err_set(e, -EPERM, "this node has not been opened in epoch %" PRIu64 " yet", v.epoch);
	code = hotcopy_check_age(&v, e);
	if (code)
		return code;
	*ret_epoch = v.epoch;
	return 0;
}

/* The whole database goes to the peer, which comes through the mesh, or to root. What is no socket was opened by whoever
 * runs us, and only root could read the data. */
static int check_receiver(int fd, struct errbuf *e)
{
	const struct passwd *mesh = getpwnam(SEED_MESH_USER);
	struct ucred who = {.uid = UINT32_MAX};
	socklen_t length = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length))
		return errno == ENOTSOCK ? 0 : err_set(e, -errno, "who asks? %s", strerror(errno));
	if (who.uid == 0 || (mesh && who.uid == mesh->pw_uid))
		return 0;
	return err_set(e, -EACCES, "user %u may not have a copy", who.uid);
}

struct outlet {
	const struct seed_send *s;
	struct seed_sum sum;
};

static int send_piece(void *userdata, const uint8_t *data, size_t length, struct errbuf *e)
{
	struct outlet *o = userdata;

	seed_sum_add(&o->sum, data, length);
	return seed_frame_write(o->s->out_fd, SEED_DATA, data, length, e);
}

/* Tells the receiver that we live. */
static int send_alive(void *userdata, struct errbuf *e)
{
	const struct outlet *o = userdata;

	return seed_frame_write(o->s->out_fd, SEED_ALIVE, NULL, 0, e);
}

static_assert(HOTCOPY_PIECE_BYTES <= SEED_DATA_BYTES, "a piece is a frame");
static_assert(HOTCOPY_IDLE_MS <= SEED_ALIVE_MS, "the receiver hears often enough that we live");

static int stream(const struct seed_send *s, uint64_t epoch, struct errbuf *e)
{
	const struct hotcopy_source from = {s->database_conf, s->database_socket};
	struct outlet o = {.s = s};
	const struct hotcopy_sink to = {.piece = send_piece, .idle = send_alive, .userdata = &o, .watch_fd = s->out_fd};
	uint8_t end[SEED_END_BYTES];
	uint64_t epoch_now = 0;
	int code;

	seed_sum_begin(&o.sum);
	code = hotcopy_take(&from, &to, NULL, e);
	if (code)
		return code;
	/* A copy from an active that was deposed meanwhile may hold what nobody acknowledged. */
	code = check_role(s->role_path, &epoch_now, e);
	if (code || epoch_now != epoch)
		return code ? code : err_set(e, -ESTALE, "the epoch changed meanwhile");
	seed_sum_end(&o.sum, end);
	return seed_frame_write(s->out_fd, SEED_END, end, sizeof(end), e);
}

static int greet(const struct seed_send *s, uint64_t *ret_epoch, struct errbuf *e)
{
	char line[SEED_LINE_BYTES];
	struct errbuf ignored;
	uint64_t bytes;
	int n, code = check_receiver(s->out_fd, e);

	if (!code)
		code = check_role(s->role_path, ret_epoch, e);
	if (!code)
		code = copydir_size(s->datadir, &bytes, e);
	if (code)
		n = snprintf(line, sizeof(line), SEED_REFUSED "%.200s\n", e->text);
	else
		n = snprintf(line, sizeof(line), SEED_GREETING "%" PRIu64 "\n", bytes);
	if (code)
		(void)seed_write(s->out_fd, line, (size_t)n, "receiver", &ignored);
	else
		code = seed_write(s->out_fd, line, (size_t)n, "receiver", e);
	return code;
}

int seed_send_run(const struct seed_send *s, struct errbuf *e)
{
	struct errbuf ignored;
	uint64_t epoch;
	int code = greet(s, &epoch, e);

	if (code)
		return code;
	code = stream(s, epoch, e);
	if (code && code != -EPIPE && code != -ETIMEDOUT)
		(void)seed_frame_write(s->out_fd, SEED_FAIL, e->text, strlen(e->text), &ignored);
	return code;
}
