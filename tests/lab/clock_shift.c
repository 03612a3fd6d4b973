/*
 * For tests/chaos/faults.sh: preloaded into a daemon of the lab, it makes its wall clock wrong. The machines of the lab share the kernel's
 * clock, which is the host's and nobody's to change. /var/lib/clock-shift/offset holds so many seconds, as text, and may change at any time.
 * What waits in the kernel for a moment of the wall clock is not moved: mariadbd does, so it is not for that.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FILE_PATH "/var/lib/clock-shift/offset"
#define FILE_BYTES 32

static const char *shared; /* NULL: no such file, and no shift */
static int (*real_clock_gettime)(clockid_t clock, struct timespec *t);

__attribute__((constructor)) static void begin(void)
{
	int fd = open(FILE_PATH, O_RDONLY | O_CLOEXEC);
	void *symbol = dlsym(RTLD_NEXT, "clock_gettime"), *map;

	memcpy(&real_clock_gettime, &symbol, sizeof(symbol));
	if (fd < 0)
		return;
	map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (map != MAP_FAILED)
		shared = map;
}

static time_t shift_s(void)
{
	char text[FILE_BYTES];

	if (!shared)
		return 0;
	memcpy(text, shared, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int code;

	if (!real_clock_gettime)
		begin();
	code = real_clock_gettime(clock, t);
	if (!code && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += shift_s();
	return code;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	t->tv_sec = now.tv_sec;
	t->tv_usec = (suseconds_t)(now.tv_nsec / 1000);
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}
