#include "heartbeat/hostseen.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char unknown[] = "unknown";

void hostseen_print(const struct hostseen *s, char ret[static HOSTSEEN_BYTES])
{
	size_t used = (size_t)snprintf(ret, HOSTSEEN_BYTES, "%" PRIu64 "\n", s->at_ms);

	for (unsigned i = 0; i < s->count; i++)
		used += (size_t)snprintf(ret + used, HOSTSEEN_BYTES - used, "%s %s %s\n", s->host[i].name,
		    s->host[i].address, s->host[i].state);
}

static bool is_state(const char *word)
{
	static const char *const words[] = {"up", "not ready", "down", unknown};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

bool hostseen_parse(const char *text, struct hostseen *ret)
{
	int n = 0;

	*ret = (struct hostseen){0};
	if (sscanf(text, "%20" SCNu64 "%n", &ret->at_ms, &n) != 1 || text[n] != '\n')
		return false;
	for (text += n + 1; *text; text += n) {
		if (ret->count == ROSTER_LIVE_MAX)
			return false;
		n = 0;
		if (sscanf(text, "%15[^ \n] %47[^ \n] %11[^\n]%n", ret->host[ret->count].name,
			ret->host[ret->count].address, ret->host[ret->count].state, &n) != 3 ||
		    text[n] != '\n' || !is_state(ret->host[ret->count].state))
			return false;
		ret->count++;
		n++;
	}
	return true;
}

bool hostseen_take(const char *run_dir, struct hostseen *ret)
{
	char path[PATH_MAX], text[HOSTSEEN_BYTES + 1];
	struct stat st;
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/" HOSTSEEN_NAME, run_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, HOSTSEEN_BYTES);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 && hostseen_parse(text, ret);
}

bool hostseen_has(const struct hostseen *s, const char *name)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->host[i].name, name) == 0)
			return true;
	return false;
}

bool hostseen_is_old(const struct hostseen *s, uint64_t now_ms)
{
	return now_ms > s->at_ms && now_ms - s->at_ms > HOSTSEEN_OLD_MS;
}

const char *hostseen_state(const struct hostseen *s, unsigned i, uint64_t now_ms)
{
	return hostseen_is_old(s, now_ms) ? unknown : s->host[i].state;
}
