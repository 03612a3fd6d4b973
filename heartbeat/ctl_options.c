#include "heartbeat/ctl_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/conf_value.h"
#include "heartbeat/ctl_check.h"
#include "heartbeat/ctl_event.h"
#include "heartbeat/ctl_fsm.h"

struct option {
	const char *name;
	enum ctl_option bit;
	bool (*good)(const char *value); /* NULL: takes no value */
	size_t at;			 /* in struct ctl_options */
	const char *wanted;
};

static bool is_not_empty(const char *value)
{
	return *value;
}

#define AT(member) offsetof(struct ctl_options, member)

/* clang-format off */
static const struct option options[] = {
	{ "--name", CTL_NAME, ctl_is_name, AT(name), "1 to 15 of a-z 0-9 -, beginning with a letter" },
	{ "--address", CTL_ADDRESS, value_is_address, AT(address), "an IPv4 or IPv6 address of the machine, such as 10.0.0.1 or 2001:db8::1, and not of one link only (fe80::) or of a group" },
	{ "--second-address", CTL_SECOND, value_is_address, AT(second_address), "an IPv4 or IPv6 address of this machine on a second network, and not of one link only (fe80::) or of a group" },
	{ "--vip", CTL_VIP, value_is_cidr, AT(vip), "an IPv4 or IPv6 address with prefix length, such as 10.0.0.100/24 or 2001:db8::100/64" },
	{ "--interface", CTL_INTERFACE, ctl_is_interface, AT(interface), "a network interface of this machine, such as eth0" },
	{ "--cluster", CTL_CLUSTER, ctl_is_name, AT(cluster), "1 to 15 of a-z 0-9 -, beginning with a letter" },
	{ "--witness", CTL_WITNESS, NULL, AT(witness), NULL },
	{ "--replica", CTL_REPLICA, NULL, AT(replica), NULL },
	{ "--worker", CTL_WORKER, NULL, AT(worker), NULL },
	{ "--yes", CTL_YES, NULL, AT(yes), NULL },
	{ "--json", CTL_JSON, NULL, AT(json), NULL },
	{ "--http", CTL_HTTP, NULL, AT(http), NULL },
	{ "--since", CTL_SINCE, ctl_is_since, AT(since), "how long ago, such as 90s, 10m, 2h or 3d, or a time in UTC, such as 2026-11-21T21:00:00Z" },
	{ "--follow", CTL_FOLLOW, NULL, AT(follow), NULL },
	{ "--to", CTL_TO, ctl_is_name, AT(to), "the name of a gateway" },
	{ "--from", CTL_FROM, ctl_is_path, AT(from), "the directory of a backup, as an absolute path" },
	{ "--logs", CTL_LOGS, ctl_is_path, AT(logs), "the directory of the logs archived since, as an absolute path" },
	{ "--until", CTL_UNTIL, ctl_is_moment, AT(until), "a GTID, such as 0-1-500, or a time in UTC, such as 2026-11-21T21:00:00Z" },
	{ "--adopt", CTL_ADOPT, ctl_is_path, AT(adopt), "the data directory of a MariaDB, as an absolute path, such as /var/lib/mysql" },
	{ "--accept-findings", CTL_ACCEPT_FINDINGS, NULL, AT(accept_findings), NULL },
	{ "--accept-loss", CTL_ACCEPT_LOSS, NULL, AT(accept_loss), "it from whoever gives up for good what that gateway lacks" },
	{ "--format", CTL_FORMAT, ctl_fsm_is_format, AT(format), "text, dot or mermaid" },
};

static const struct option words[] = {
	{ "the token", CTL_TOKEN, NULL, AT(token), "the word that 'holdfastctl token' prints on a gateway, or - to read it" },
	{ "NODE", CTL_NODE, ctl_is_name, AT(node), "the name of a node: 1 to 15 of a-z 0-9 -, beginning with a letter" },
	{ "NAME", CTL_HOST, ctl_is_name, AT(host), "the name of a worker host: 1 to 15 of a-z 0-9 -, beginning with a letter" },
	{ "FILE", CTL_FILE, is_not_empty, AT(file), "the name of a file" },
};
/* clang-format on */
#define OPTIONS (sizeof(options) / sizeof(options[0]))
#define WORDS (sizeof(words) / sizeof(words[0]))

size_t ctl_command_first(const struct ctl_command *c)
{
	return strcspn(c->word, " ");
}

bool ctl_command_alike(const struct ctl_command *one, const struct ctl_command *other)
{
	size_t n = ctl_command_first(one);

	return n == ctl_command_first(other) && strncmp(one->word, other->word, n) == 0;
}

static bool begins_with(const struct ctl_command *c, const char *word)
{
	size_t n = ctl_command_first(c);

	return strlen(word) == n && strncmp(c->word, word, n) == 0;
}

const struct ctl_command *ctl_command_find(
    const struct ctl_command *commands, size_t count, char **argv, size_t *used, struct errbuf *e)
{
	const char *second = argv[1] ? argv[1] : "", *separator = ":";

	e->text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct ctl_command *c = &commands[i];
		size_t n = ctl_command_first(c), said = strlen(e->text);

		if (!begins_with(c, argv[0]))
			continue;
		*used = c->word[n] ? 2 : 1;
		if (!c->word[n] || strcmp(c->word + n + 1, second) == 0)
			return c;
		if (!said)
			said = (size_t)snprintf(e->text, sizeof(e->text),
			    *second ? "%s: there is no '%s %.32s', want" : "%s: want", argv[0], argv[0], second);
		(void)snprintf(e->text + said, sizeof(e->text) - said, "%s '%s%s%s'", separator, c->word,
		    c->synopsis[0] ? " " : "", c->synopsis);
		separator = " or";
	}
	if (!e->text[0])
		(void)err_set(e, -EINVAL, "'%.64s' is no command; see 'holdfastctl help'", argv[0]);
	return NULL;
}

bool ctl_command_help(FILE *f, const struct ctl_command *commands, size_t count, const char *word)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct ctl_command *c = &commands[i];

		if (!begins_with(c, word))
			continue;
		(void)fprintf(
		    f, "holdfastctl %s%s%s\n    %s\n", c->word, c->synopsis[0] ? " " : "", c->synopsis, c->help);
		any = true;
	}
	return any;
}

/* The option that word names, "--name" or "--name=value"; *value is what follows the sign, or NULL. */
static const struct option *find(const char *word, const char **value)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		size_t n = strlen(options[i].name);

		if (strncmp(word, options[i].name, n) != 0 || (word[n] && word[n] != '='))
			continue;
		*value = word[n] ? word + n + 1 : NULL;
		return &options[i];
	}
	return NULL;
}

static int take_value(const struct option *o, const char *value, struct ctl_options *ret, struct errbuf *e)
{
	if (!value)
		return err_set(e, -EINVAL, "%s wants a value: %s", o->name, o->wanted);
	if (!o->good(value))
		return err_set(e, -EINVAL, "%s is '%.64s', want %s", o->name, value, o->wanted);
	memcpy((char *)ret + o->at, &value, sizeof(value));
	return 0;
}

static int take_flag(const struct option *o, const char *value, struct ctl_options *ret, struct errbuf *e)
{
	if (value)
		return err_set(e, -EINVAL, "%s takes no value", o->name);
	*(bool *)((char *)ret + o->at) = true;
	return 0;
}

static int check_needs(const struct ctl_command *c, unsigned seen, struct errbuf *e)
{
	unsigned missing = c->needs & ~seen;

	for (size_t i = 0; i < WORDS + OPTIONS; i++) {
		const struct option *o = i < WORDS ? &words[i] : &options[i - WORDS];

		if (missing & o->bit)
			return err_set(e, -EINVAL, "%s is missing: want %s", o->name, o->wanted);
	}
	return 0;
}

/* Of what is no option; NULL: it takes none, or has it. */
static const struct option *find_word(const struct ctl_command *c, unsigned seen, const char *word)
{
	if (word[0] == '-' && word[1])
		return NULL;
	for (size_t i = 0; i < WORDS; i++)
		if (c->takes & words[i].bit & ~seen)
			return &words[i];
	return NULL;
}

static int take_word(const struct option *o, const char *word, struct ctl_options *ret, struct errbuf *e)
{
	if (o->good && !o->good(word))
		return err_set(e, -EINVAL, "'%.64s' is not %s", word, o->wanted);
	memcpy((char *)ret + o->at, &word, sizeof(word));
	return 0;
}

int ctl_options_parse(const struct ctl_command *command, char **argv, struct ctl_options *ret, struct errbuf *e)
{
	unsigned seen = 0;

	*ret = (struct ctl_options){.rest = argv};
	if (command->takes & CTL_REST)
		return 0;
	for (; *argv; argv++) {
		const char *value = NULL;
		const struct option *o = find(*argv, &value), *word = o ? NULL : find_word(command, seen, *argv);
		int code;

		if (word) {
			seen |= word->bit;
			code = take_word(word, *argv, ret, e);
			if (code)
				return code;
			continue;
		}
		if (!o || !(command->takes & o->bit))
			return err_set(e, -EINVAL, "'%.64s' is not for this command: holdfastctl %s%s%s", *argv,
			    command->word, command->synopsis[0] ? " " : "", command->synopsis);
		if (seen & o->bit)
			return err_set(e, -EINVAL, "%s is there twice", o->name);
		seen |= o->bit;
		if (o->good && !value && argv[1])
			value = *++argv;
		code = o->good ? take_value(o, value, ret, e) : take_flag(o, value, ret, e);
		if (code)
			return code;
	}
	return check_needs(command, seen, e);
}
