/*
 * Another program, run without a shell: argv, standard input and output, a time limit, and the end of what it
 * printed to standard error for the case that it fails. It dies with the thread that started it (PDEATHSIG
 * KILL).
 */
#ifndef HOLDFAST_REPLICATION_PROCESS_H
#define HOLDFAST_REPLICATION_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "heartbeat/err.h"

#define PROCESS_ERRORS_BYTES 2048

struct process_spec {
	const char *const *argv;      /* argv[0] is an absolute path; ends with NULL */
	int stdin_fd, stdout_fd;      /* borrowed; -1: /dev/null */
	bool background;	      /* nice 10, idle input and output */
	bool group;		      /* a process group of its own, killed as a whole: for scripts that start others */
	bool utc;		      /* takes and prints times in UTC, whatever zone this machine is in */
	void (*look)(void *userdata); /* NULL, or called by process_wait: see there */
	void *userdata;
	const char *awaited; /* NULL, or a word in what it prints to standard error: see struct process, came */
};

struct process {
	pid_t pid;     /* 0: none, or waited for */
	int pid_fd;    /* readable when it has ended */
	int errors_fd; /* its standard error; -1 once at its end */
	bool group;
	void (*look)(void *userdata);
	void *userdata;
	const char *name;    /* argv[0], borrowed */
	const char *awaited; /* borrowed */
	bool came;	     /* the awaited word was read */
	size_t errors_length;
	char errors[PROCESS_ERRORS_BYTES]; /* the last bytes of it */
};

/* Starts it. 0, or -errno with e filled (also when the program cannot be executed); *p needs process_kill
 * then, too. */
int process_start(const struct process_spec *spec, struct process *p, struct errbuf *e);

/* Reads what has arrived on errors_fd, without waiting. For callers with a poll loop of their own. */
void process_read_errors(struct process *p);

/* Waits until it has ended and drains its errors. 0: exit status 0. -ETIMEDOUT after limit_ms, -ECANCELED
 * when *cancel became true (looked at every 50 ms; may be NULL): it was killed. -EIO: another exit status or
 * a signal. e is filled unless 0, with the last line of its errors. Meanwhile `look`, which must not wait, is called
 * every 50 ms or more often, for the last time when it has ended. */
int process_wait(struct process *p, uint32_t limit_ms, const atomic_bool *cancel, struct errbuf *e);

/* Kills it, waits for it and closes everything; harmless when it has ended. */
void process_kill(struct process *p);

/* Start and wait. The codes of both. */
int process_run(const struct process_spec *spec, uint32_t limit_ms, const atomic_bool *cancel, struct errbuf *e);

#endif
