/* A worker host learns where the gateways are, when one was replaced by a machine at another address. */
#include "heartbeat/ctl_worker.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "heartbeat/ctl_fetch.h"
#include "heartbeat/ctl_files.h"
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
	if (!has(ret, *count, teller))
		return err_set(
		    e, -EBADMSG, "the list of %s does not have it at %s, where it is", teller->name, teller->address);
	for (unsigned i = 0; i < *count; i++)
		if (!ip_text_same_family(ret[i].address, teller->address))
			return err_set(e, -EBADMSG, "the list of %s has addresses of two families", teller->name);
	return 0;
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

int ctl_worker_learn(const struct settings_member *have, unsigned count, bool *news, struct errbuf *e)
{
	struct settings_member told[CTL_MEMBERS_MAX];
	struct errbuf ignored = {""};
	char path[64], text[LIST_BYTES];
	unsigned n = 0;
	int code;

	*news = false;
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), ASK_FORMAT, have[i].name);
		/* The active one decides who is a member. What has no such list is of an older release. */
		if (ctl_fetch(path, "/activez", text, sizeof(text), &ignored) ||
		    ctl_fetch(path, SETTINGS_GATEWAYS_PATH, text, sizeof(text), &ignored))
			continue;
		code = ctl_worker_take_list(text, &have[i], told, &n, e);
		if (code || !ctl_worker_lists_differ(have, count, told, n))
			return code;
		code = write_list(told, n, e);
		*news = !code;
		return code;
	}
	return 0;
}
