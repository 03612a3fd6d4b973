/*
 * For tests/lab/steps.sh: preloaded into a replicationd of the lab, it kills at a step of the plan. The plan says each step before
 * it takes it; that line is what is waited for, so not a millisecond is left to chance, and the product knows nothing of it.
 *
 * DIR/armed holds "STEP KIND DELAY_US"; at the first line that names STEP it becomes DIR/hit, and after the delay
 *   replicationd  kills itself,
 *   mariadbd      kills mariadbd (waits for one to be there, 5 s at most), and the step goes on meanwhile; DIR/hit says how many,
 *   machine       stands still until the power goes, which is the host's business.
 * Without a delay nothing of the step has happened yet.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIR_PATH "/var/lib/kill-at-step"
#define ARMED DIR_PATH "/armed"
#define HIT DIR_PATH "/hit"
#define WAIT_MS 5000

static struct order {
	char step[32], kind[16];
	unsigned delay_us;
} order;

/* How many processes of that name there are; they get the signal, with 0 none. */
static int signal_all(const char *name, int signal)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (proc && (entry = readdir(proc))) {
		char path[300], comm[32] = "";
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		FILE *f;

		if (pid <= 1)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		(void)fclose(f);
		if (!strcmp(comm, name) && !kill(pid, signal))
			count++;
	}
	if (proc)
		(void)closedir(proc);
	return count;
}

static void strike(void)
{
	int killed = 0;
	FILE *f;

	if (!strcmp(order.kind, "replicationd"))
		(void)kill(getpid(), SIGKILL);
	if (!strcmp(order.kind, "machine"))
		(void)kill(getpid(), SIGSTOP);
	if (strcmp(order.kind, "mariadbd") != 0)
		return;
	for (unsigned ms = 0; ms < WAIT_MS && !killed; ms++) {
		killed = signal_all("mariadbd", SIGKILL);
		if (!killed)
			usleep(1000);
	}
	f = fopen(HIT, "ae");
	if (f) {
		(void)fprintf(f, "killed %d\n", killed);
		(void)fclose(f);
	}
}

static void *strike_later(void *unused)
{
	usleep(order.delay_us);
	strike();
	return unused;
}

/* Is this the line that is waited for? Whoever comes first has it. */
static int matches(const char *line, size_t n)
{
	char text[200], wanted[64];
	struct order read = {{0}, {0}, 0};
	FILE *f;
	int fields;

	(void)snprintf(text, sizeof(text), "%.*s", (int)n, line);
	if (!strstr(text, "event=plan.step ") || !(f = fopen(ARMED, "re")))
		return 0;
	fields = fscanf(f, "%31s %15s %u", read.step, read.kind, &read.delay_us);
	(void)fclose(f);
	(void)snprintf(wanted, sizeof(wanted), " step=%s ", read.step);
	if (fields != 3 || !strstr(text, wanted) || rename(ARMED, HIT))
		return 0;
	order = read;
	return 1;
}

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	pthread_t thread;
	ssize_t sent;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "send");
	sent = real(fd, buf, n, flags);
	if (fd != STDERR_FILENO || !matches(buf, n))
		return sent;
	/* The step is not held up by a wait for mariadbd, which it may be about to start. */
	if (!order.delay_us && (strcmp(order.kind, "mariadbd") != 0 || signal_all("mariadbd", 0)))
		strike();
	else if (!pthread_create(&thread, NULL, strike_later, NULL))
		(void)pthread_detach(thread);
	return sent;
}

/* Not for the programs that replicationd starts. */
__attribute__((constructor)) static void begin(void)
{
	(void)unsetenv("LD_PRELOAD");
}
