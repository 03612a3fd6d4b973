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

void ctl_completion_print(FILE *f, const struct ctl_command *commands, size_t count)
{
	char words[WORDS_BYTES];

	(void)fputs("# Completion of holdfastctl for bash: made from its table of commands.\n"
		    "_holdfastctl()\n"
		    "{\n"
		    "\tlocal words before=${COMP_WORDS[COMP_CWORD - 1]}\n"
		    "\tCOMPREPLY=()\n"
		    "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
		    "\t\twords='",
	    f);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(f, "%s%s", i ? " " : "", commands[i].word);
	(void)fputs("'\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n", f);
	for (size_t i = 0; i < count; i++)
		if (ctl_completion_words(commands[i].synopsis, words, sizeof(words)))
			(void)fprintf(f, "\t\t%s) words='%s --help' ;;\n", commands[i].word, words);
	/* Names of members where one belongs; nobody else than root may ask for them. compgen expands the words that it is given, as a shell
	 * does: nothing but a name comes that far. */
	(void)fputs("\t\t*) words=--help ;;\n"
		    "\t\tesac\n"
		    "\tfi\n"
		    "\tcase ${COMP_WORDS[1]}/$before in\n"
		    "\tswitchover/--to | maintenance/on | maintenance/off | force/promote)\n"
		    "\t\twords=$(timeout 2 holdfastctl status --json 2>/dev/null | grep -o '\"name\":\"[^\"]*\"' | cut "
		    "-d '\"' -f 4 | grep -x '[a-z][a-z0-9-]*')\n"
		    "\t\t;;\n"
		    "\tesac\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
		    "}\n"
		    "complete -o default -F _holdfastctl holdfastctl\n",
	    f);
}
