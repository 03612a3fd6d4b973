/* holdfastctl replace: another machine may join in the place of a member that is gone for good. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_token.h"

static const struct settings_member *find(const struct settings_member *member, unsigned members, const char *name)
{
	for (unsigned i = 0; i < members; i++)
		if (strcmp(member[i].name, name) == 0)
			return &member[i];
	return NULL;
}

static int ask(const struct settings_member *gone, const char *words, bool yes)
{
	int code = yes ? 0 : ctl_command_look("replace", words);

	if (!code && !yes)
		code = ctl_command_confirm("replace", gone->name,
		    "%s at %s is gone for good? With the disk that it has it will be no member any more, whatever is "
		    "on it; another "
		    "machine joins as %s, with an empty disk.",
		    gone->name, gone->address, gone->name);
	return code ? code : ctl_command_begin("replace", words);
}

int ctl_replace(const struct ctl_options *o)
{
	static struct ctl_token_source source;
	const struct settings_member *gone;
	struct errbuf e = {""};
	char words[64];
	int code = ctl_token_load(&source, &e);

	if (!code && source.conf.kind != CONF_KIND_GATEWAY)
		code = err_set(
		    &e, -EINVAL, "this machine is a %s: run it on a gateway", conf_kind_words[source.conf.kind]);
	gone = code ? NULL : find(source.member, source.members, o->node);
	if (code || !gone || strcmp(o->node, source.conf.name) == 0) {
		sodium_memzero(&source, sizeof(source));
		if (code)
			return ctl_command_refuse("replace", e.text);
		(void)snprintf(e.text, sizeof(e.text), "'%.16s' is %s", o->node,
		    gone ? "this machine, which is not gone" : "no member: see 'holdfastctl status'");
		return ctl_command_refuse("replace", e.text);
	}
	(void)snprintf(words, sizeof(words), "replace %.32s", o->node);
	code = ask(gone, words, o->yes);
	if (!code && ctl_token_print_replacement(stdout, &source, gone, &e))
		code = ctl_command_refuse("replace", e.text);
	sodium_memzero(&source, sizeof(source));
	return code;
}
