/* A worker host learns where the gateways are, when one was replaced by a machine at another address. */
#include "heartbeat/ctl_worker.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_peername.h"
#include "heartbeat/ctl_status_host.h"
#include "heartbeat/hostfiles.h"
#include "heartbeat/hostinvite.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/pending.h"

#define ASK_FORMAT "/run/holdfast/ask-%s.sock"
#define LIST_BYTES 512

static bool has(const struct settings_member *list, unsigned count, const struct settings_member *one)
{
	struct ip ip = ip_before_slash(one->address);

	for (unsigned i = 0; i < count; i++) {
		struct ip its = ip_before_slash(list[i].address);

		if (strcmp(list[i].name, one->name) == 0 && ip_same(&its, &ip))
			return true;
	}
	return false;
}

static const struct settings_member *named(const struct settings_member *list, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

int ctl_worker_take_list(const char *text, const struct settings_member *teller,
    struct settings_member ret[static CTL_MEMBERS_MAX], unsigned *count, struct errbuf *e)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int code = f ? hostfiles_read_gateways(f, "the list of a gateway", ret, count, e)
		     : err_set(e, -EBADMSG, "the list of a gateway: empty");

	if (f)
		(void)fclose(f);
	if (code)
		return code;
	if (*count != HOSTINVITE_GATEWAYS)
		return err_set(e, -EBADMSG, "the list of %s has %u gateways", teller->name, *count);
	if (!named(ret, *count, teller->name))
		return err_set(e, -EBADMSG, "the list of %s does not have it", teller->name);
	for (unsigned i = 1; i < *count; i++)
		if (!ip_text_same_family(ret[i].address, ret[0].address))
			return err_set(e, -EBADMSG, "the list of %s has addresses of two families", teller->name);
	return 0;
}

unsigned ctl_worker_merge_lists(const struct settings_member *have, unsigned of_have,
    const struct settings_member *told, unsigned of_told, const bool *seen,
    struct settings_member ret[static CTL_MEMBERS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < of_told; i++) {
		const struct settings_member *line = seen[i] ? &told[i] : named(have, of_have, told[i].name);

		if (line)
			ret[n++] = *line;
	}
	return n;
}

bool ctl_worker_lists_differ(
    const struct settings_member *a, unsigned of_a, const struct settings_member *b, unsigned of_b)
{
	bool same = of_a == of_b;

	for (unsigned i = 0; i < of_a && same; i++)
		same = has(b, of_b, &a[i]);
	return !same;
}

/* With the owner and mode that it has. */
static int write_list(const struct settings_member *list, unsigned count, struct errbuf *e)
{
	struct ctl_owner owner = {NULL, NULL, 0644};
	const struct passwd *user = NULL;
	const struct group *group = NULL;
	char text[LIST_BYTES] = "";
	size_t used = 0;
	struct stat st;
	int code = pending_mark(HOSTFILES_PENDING_PATH, e);

	if (code)
		return code;
	if (stat(CONF_GATEWAYS_PATH, &st) == 0) {
		user = getpwuid(st.st_uid);
		group = getgrgid(st.st_gid);
		owner.mode = st.st_mode & 07777;
	}
	owner.user = user ? user->pw_name : NULL;
	owner.group = group ? group->gr_name : NULL;
	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s\n", list[i].name, list[i].address);
	return ctl_file_write(CONF_GATEWAYS_PATH, text, &owner, e);
}

/* The active one: it decides who is a member. */
static const struct settings_member *find_active(const struct settings_member *have, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(ctl_host_ask(have[i].name), CTL_HOST_ACTIVE) == 0)
			return &have[i];
	return NULL;
}

/* Not where our list has it, if that does, and there now. */
static bool is_elsewhere(
    const struct conf *conf, const struct settings_member *ours, const struct settings_member *told)
{
	char name[64];

	if (ours && (has(ours, 1, told) || strcmp(ctl_host_ask(ours->name), CTL_HOST_SILENT) != 0))
		return false;
	if (!ctl_peername(told->address, conf->mesh_http_port, CONF_PKI_DIR "/ca.pem", name) ||
	    strcmp(name, told->name) != 0)
		return false;
	/* Once more: a HAProxy that was loaded anew was silent for a moment. */
	return !ours || strcmp(ctl_host_ask(ours->name), CTL_HOST_SILENT) == 0;
}

int ctl_worker_learn(
    const struct conf *conf, const struct settings_member *have, unsigned count, bool *news, struct errbuf *e)
{
	struct settings_member told[CTL_MEMBERS_MAX], merged[CTL_MEMBERS_MAX];
	const struct settings_member *teller = find_active(have, count);
	bool seen[CTL_MEMBERS_MAX] = {false};
	struct errbuf ignored = {""};
	char path[64], text[LIST_BYTES];
	unsigned n = 0, of_merged;
	int code;

	*news = false;
	if (!teller)
		return 0;
	(void)snprintf(path, sizeof(path), ASK_FORMAT, teller->name);
	/* What has no such list is of an older release. */
	if (ctl_fetch(path, SETTINGS_GATEWAYS_PATH, text, sizeof(text), &ignored))
		return 0;
	code = ctl_worker_take_list(text, teller, told, &n, e);
	if (code)
		return code;
	for (unsigned i = 0; i < n; i++)
		seen[i] = strcmp(told[i].name, teller->name) != 0 &&
			  is_elsewhere(conf, named(have, count, told[i].name), &told[i]);
	of_merged = ctl_worker_merge_lists(have, count, told, n, seen, merged);
	if (of_merged < n || !ctl_worker_lists_differ(have, count, merged, of_merged))
		return 0;
	for (unsigned i = 1; i < of_merged; i++)
		if (!ip_text_same_family(merged[i].address, merged[0].address))
			return err_set(e, -EBADMSG, "%s is at %s now: " CONF_GATEWAYS_PATH " would have two families",
			    merged[i].name, merged[i].address);
	code = write_list(merged, of_merged, e);
	*news = !code;
	return code;
}
