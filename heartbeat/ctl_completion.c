#include "heartbeat/ctl_completion.h"

#include <stdbool.h>
#include <string.h>

#define BETWEEN " []|(),:'"
#define WORDS_BYTES 512

/* An option, or what is to be typed as it stands: a value has capital letters. */
static bool is_literal(const char *word, size_t n)
{
	return strspn(word, "abcdefghijklmnopqrstuvwxyz-") >= n && word[0] != '.' && (n > 2 || word[0] != '-');
}

static bool has_word(const char *list, const char *word, size_t n)
{
	for (const char *at = list; *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == n && strncmp(at, word, n) == 0)
			return true;
	return false;
}

unsigned ctl_completion_words(const char *synopsis, char *ret, size_t size)
{
	size_t used = 0;
	unsigned count = 0;

	ret[0] = '\0';
	for (const char *at = synopsis + strspn(synopsis, BETWEEN); *at; at += strspn(at, BETWEEN)) {
		size_t n = strcspn(at, BETWEEN);

		if (is_literal(at, n) && !has_word(ret, at, n) && used + n + 2 <= size) {
			if (used)
				ret[used++] = ' ';
			memcpy(ret + used, at, n);
			used += n;
			ret[used] = '\0';
			count++;
		}
		at += n;
	}
	return count;
}

/* A word for each command that begins with another one than the command before it. */
static void print_firsts(FILE *f, const struct ctl_command *commands, size_t count)
{
	(void)fputs("\t1/*) words='", f);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !ctl_command_alike(&commands[i], &commands[i - 1]))
			(void)fprintf(
			    f, "%s%.*s", i ? " " : "", (int)ctl_command_first(&commands[i]), commands[i].word);
	(void)fputs("' ;;\n", f);
}

/* Of the commands that begin as the first of these does. */
static void print_seconds(FILE *f, const struct ctl_command *commands, size_t count)
{
	size_t n = ctl_command_first(commands);

	if (!commands->word[n])
		return;
	(void)fprintf(f, "\t2/%.*s/*) words='", (int)n, commands->word);
	for (size_t i = 0; i < count && ctl_command_alike(commands, &commands[i]); i++)
		(void)fprintf(f, "%s ", commands[i].word + n + 1);
	(void)fputs("--help' ;;\n", f);
}

static void print_options(FILE *f, const struct ctl_command *c)
{
	char words[WORDS_BYTES];
	size_t n = ctl_command_first(c);
	unsigned count = ctl_completion_words(c->synopsis, words, sizeof(words));

	(void)fprintf(f, "\t*/%.*s/%s) words='%s%s--help'", (int)n, c->word, c->word[n] ? c->word + n + 1 : "*", words,
	    count ? " " : "");
	if (c->takes & CTL_NODE)
		(void)fprintf(f, " at=%d", c->word[n] ? 3 : 2);
	(void)fputs(" ;;\n", f);
}

void ctl_completion_print(FILE *f, const struct ctl_command *commands, size_t count)
{
	(void)fputs("# Completion of holdfastctl for bash: made from its table of commands.\n"
		    "_holdfastctl()\n"
		    "{\n"
		    "\tlocal words=--help at=0\n"
		    "\tCOMPREPLY=()\n"
		    "\tcase $COMP_CWORD/${COMP_WORDS[1]}/${COMP_WORDS[2]-} in\n",
	    f);
	print_firsts(f, commands, count);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || !ctl_command_alike(&commands[i], &commands[i - 1]))
			print_seconds(f, &commands[i], count - i);
		print_options(f, &commands[i]);
	}
	/* Names of members where one belongs; nobody else than root may ask for them. compgen expands the words that it is given, as a shell
	 * does: nothing but a name comes that far. */
	(void)fputs("\tesac\n"
		    "\tif [ \"$at\" = \"$COMP_CWORD\" ] || [ \"${COMP_WORDS[COMP_CWORD - 1]}\" = --to ]; then\n"
		    "\t\twords=$(timeout 2 holdfastctl status --json 2>/dev/null | grep -o '\"name\":\"[^\"]*\"' | cut "
		    "-d '\"' -f 4 | grep -x '[a-z][a-z0-9-]*')\n"
		    "\tfi\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
		    "}\n"
		    "complete -o default -F _holdfastctl holdfastctl\n",
	    f);
}
