/*
 * For tests/chaos/faults.sh: preloaded into a program of the lab, it makes its disk one that lies: what is to be forced to the disk is said to be
 * there, and stays in memory. With a lab up --own-disks a power loss takes it then. It shows that the proof can fail.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { HONEST = O_DIRECT | O_SYNC | O_DSYNC }; /* past the memory, or not before it is on the disk */

typedef int open_call(const char *path, int flags, ...);
typedef int openat_call(int dir, const char *path, int flags, ...);
typedef int fcntl_call(int fd, int command, ...);

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int fsync(int fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

int fdatasync(int fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

int msync(void *start, size_t bytes, int flags)
{
	(void)start;
	(void)bytes;
	(void)flags;
	return 0;
}

int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned flags)
{
	(void)fd;
	(void)from;
	(void)bytes;
	(void)flags;
	return 0;
}

/* The mode is there only if a file may be made; the caller's registers hold something anyway. */
static mode_t mode_of(int flags, va_list rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

/* parameters: as they are declared; the rest: those before the flags, as they are called. */
#define OPENS(name, type, parameters, ...)                                                                             \
	int name parameters                                                                                            \
	{                                                                                                              \
		static type *real;                                                                                     \
		void *symbol = next(#name);                                                                            \
		va_list rest;                                                                                          \
		mode_t mode;                                                                                           \
                                                                                                                       \
		memcpy(&real, &symbol, sizeof(symbol));                                                                \
		va_start(rest, flags);                                                                                 \
		mode = mode_of(flags, rest);                                                                           \
		va_end(rest);                                                                                          \
		return real(__VA_ARGS__, flags & ~HONEST, mode);                                                       \
	}
OPENS(open, open_call, (const char *path, int flags, ...), path)
OPENS(open64, open_call, (const char *path, int flags, ...), path)
OPENS(openat, openat_call, (int dir, const char *path, int flags, ...), dir, path)
OPENS(openat64, openat_call, (int dir, const char *path, int flags, ...), dir, path)

/* Every third argument that there is fits into a long. */
#define FCNTL(name)                                                                                                    \
	int name(int fd, int command, ...)                                                                             \
	{                                                                                                              \
		static fcntl_call *real;                                                                               \
		void *symbol = next(#name);                                                                            \
		va_list rest;                                                                                          \
		long argument;                                                                                         \
                                                                                                                       \
		memcpy(&real, &symbol, sizeof(symbol));                                                                \
		va_start(rest, command);                                                                               \
		argument = va_arg(rest, long);                                                                         \
		va_end(rest);                                                                                          \
		return real(fd, command, command == F_SETFL ? argument & ~(long)HONEST : argument);                    \
	}
FCNTL(fcntl)
FCNTL(fcntl64)
