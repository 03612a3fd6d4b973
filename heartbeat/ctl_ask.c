#include "heartbeat/ctl_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/localclient.h"
#include "heartbeat/monotonic.h"

#define ANSWER_TIMEOUT_MS 2000
#define ANSWER_BYTES_MAX (1 << 20)

/* Waits for the next packet, but not beyond until_ms. Its size, or -errno. */
static ssize_t next_packet(int fd, struct local_text *packet, int64_t until_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until_ms - monotonic_ms();
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		n = local_receive(fd, packet, sizeof(*packet));
		if (n == -EAGAIN || n == -EINTR)
			continue;
		if (n > 0 && packet->header.type != LOCAL_ANSWER)
			continue;
		return n ? n : -EPIPE;
	}
}

/* All packets of an answer, joined; the caller frees. NULL with *code set. */
static char *collect(int fd, int *code)
{
	int64_t until_ms = monotonic_ms() + ANSWER_TIMEOUT_MS;
	struct local_text packet;
	char *text = NULL, *longer;
	size_t have = 0;

	do {
		ssize_t n = next_packet(fd, &packet, until_ms);
		size_t more;

		*code = n < 0 ? (int)n : -EPROTO;
		if (n < 0 || have > ANSWER_BYTES_MAX)
			goto fail;
		more = strnlen(packet.text, sizeof(packet.text));
		longer = realloc(text, have + more + 1);
		*code = -ENOMEM;
		if (!longer)
			goto fail;
		text = longer;
		memcpy(text + have, packet.text, more);
		have += more;
		text[have] = '\0';
	} while (!packet.last);
	*code = 0;
	return text;
fail:
	free(text);
	return NULL;
}

int ctl_ask_for(const char *socket_path, const char *question, json_t **ret, struct errbuf *e)
{
	struct local_text packet = {0};
	struct errbuf why = {""};
	json_t *answer = NULL;
	char *text = NULL;
	int fd = local_connect(socket_path, LOCAL_CLIENT_CTL, &why), code = fd;

	if (fd < 0 && strcmp(socket_path, LOCAL_SOCKET) == 0 && access(CONF_PATH, F_OK) && errno == ENOENT)
		return err_set(e, -ENXIO, CTL_NO_CLUSTER);
	if (fd < 0)
		return err_set(e, code, "holdfast-heartbeatd does not answer: %s%s", why.text,
		    code == -EACCES ? " (run as root)" : "; systemctl status holdfast-heartbeatd");
	memcpy(packet.text, question, strlen(question));
	packet.last = 1;
	code = local_send(fd, LOCAL_ASK, &packet, sizeof(packet));
	if (!code)
		text = collect(fd, &code);
	close(fd);
	if (text)
		answer = json_loads(text, 0, NULL);
	free(text);
	if (code)
		return err_set(e, code,
		    "holdfast-heartbeatd does not answer: %s: %s; systemctl status holdfast-heartbeatd", socket_path,
		    strerror(-code));
	if (!answer)
		return err_set(e, -EPROTO, "holdfast-heartbeatd answered something that is no JSON");
	*ret = answer;
	return 0;
}

json_t *ctl_ask(const char *socket_path, const char *question, struct errbuf *e)
{
	json_t *answer = NULL;

	return ctl_ask_for(socket_path, question, &answer, e) ? NULL : answer;
}

static int take_member(const json_t *o, struct settings_member *ret)
{
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *address = json_string_value(json_object_get(o, "address"));
	const char *kind = json_string_value(json_object_get(o, "kind"));

	if (!name || !address || !kind || strlen(name) >= sizeof(ret->name) || strlen(address) >= sizeof(ret->address))
		return -EPROTO;
	*ret = (struct settings_member){.kind = strcmp(kind, "witness") == 0 ? CONF_KIND_WITNESS : CONF_KIND_GATEWAY};
	memcpy(ret->name, name, strlen(name));
	memcpy(ret->address, address, strlen(address));
	return 0;
}

int ctl_members_take(
    const json_t *answer, struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e)
{
	size_t n = json_array_size(answer);

	*count = 0;
	if (!json_is_array(answer) || n > CTL_MEMBERS_MAX)
		return err_set(e, -EPROTO, "holdfast-heartbeatd answered something that is no list of members");
	for (size_t i = 0; i < n; i++)
		if (take_member(json_array_get(answer, i), &ret[i]))
			return err_set(e, -EPROTO, "holdfast-heartbeatd named a member without name, kind or address");
	*count = (unsigned)n;
	return 0;
}

int ctl_members_ask(struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e)
{
	json_t *answer = ctl_ask(LOCAL_SOCKET, "members", e);
	int code;

	if (!answer)
		return -EAGAIN;
	code = ctl_members_take(answer, ret, count, e);
	json_decref(answer);
	return code;
}
