#include "heartbeat/ctl_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/ctl_ask.h"
#include "heartbeat/conf.h"
#include "heartbeat/local.h"

#define WORDS_BYTES 128
#define LINE_BYTES 64

const char *ctl_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

json_int_t ctl_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

const json_t *ctl_node(const json_t *status, const char *name)
{
	const json_t *nodes = json_object_get(status, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++)
		if (strcmp(ctl_text(json_array_get(nodes, i), "name"), name) == 0)
			return json_array_get(nodes, i);
	return NULL;
}

bool ctl_array_has(const json_t *array, const char *name)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

bool ctl_conf_take(struct conf *ret)
{
	FILE *silence = fopen("/dev/null", "we");
	bool taken = silence && access(CONF_PATH, R_OK) == 0 && conf_load(CONF_PATH, ret, silence) == 0;

	if (silence)
		(void)fclose(silence);
	return taken;
}

int ctl_command_refuse(const char *command, const char *why)
{
	(void)fprintf(stderr, "holdfastctl: %s: %s\n", command, why);
	return 1;
}

int ctl_command_confirm(const char *command, const char *name, const char *question, ...)
{
	char line[LINE_BYTES];
	bool yes = false;
	va_list ap;

	if (!isatty(STDIN_FILENO)) {
		(void)ctl_command_refuse(command, "nobody is there to ask: add --yes");
		return EXIT_NOBODY;
	}
	va_start(ap, question);
	(void)vprintf(question, ap);
	va_end(ap);
	(void)printf("%s ", name ? ", type its name:" : " [y/N]");
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		yes = name ? strcmp(line, name) == 0 : line[0] == 'y' || line[0] == 'Y';
	}
	return yes ? 0 : ctl_command_refuse(command, "nothing was done");
}

int ctl_show(const char *command, const json_t *answer, bool as_json, void (*print)(FILE *f, const json_t *answer))
{
	if (as_json) {
		(void)json_dumpf(answer, stdout, JSON_COMPACT);
		(void)putchar('\n');
	} else {
		print(stdout, answer);
	}
	if (fflush(stdout) == 0)
		return 0;
	(void)fprintf(stderr, "holdfastctl: %s: standard output: %s\n", command, strerror(errno));
	return EXIT_NO_ANSWER;
}

int ctl_ask_and_show(const char *question, bool as_json, void (*print)(FILE *f, const json_t *answer))
{
	struct errbuf e = {""};
	json_t *answer = ctl_ask(LOCAL_SOCKET, question, &e);
	int code;

	if (!answer) {
		(void)ctl_command_refuse(question, e.text);
		return EXIT_NO_ANSWER;
	}
	code = ctl_show(question, answer, as_json, print);
	json_decref(answer);
	return code;
}

/* Whether it was, or would be, begun; *answer is for the caller to free. */
static int send_words(const char *command, const char *words, json_t **answer)
{
	struct errbuf e = {""};
	const char *error;

	*answer = ctl_ask(LOCAL_SOCKET, words, &e);
	if (!*answer)
		return ctl_command_refuse(command, e.text);
	error = ctl_text(*answer, "error");
	if (!json_is_true(json_object_get(*answer, "started")))
		return ctl_command_refuse(command, error[0] ? error : ctl_text(*answer, "text"));
	return 0;
}

int ctl_command_look(const char *command, const char *words)
{
	char text[WORDS_BYTES];
	json_t *answer;
	int code;

	(void)snprintf(text, sizeof(text), "may %s", words);
	code = send_words(command, text, &answer);
	json_decref(answer);
	return code;
}

int ctl_command_begin(const char *command, const char *words)
{
	json_t *answer;
	int code = send_words(command, words, &answer);

	if (!code)
		(void)puts(ctl_text(answer, "text"));
	(void)fflush(stdout);
	json_decref(answer);
	return code;
}
