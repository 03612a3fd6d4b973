#include "heartbeat/rolepage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROLEPAGE_MAGIC 0x48464f4cu /* "HFOL" */
#define PAGE_BYTES 4096

/* What lies in the file. The view is copied word by word so that a torn read is never undefined behaviour. */
#define VIEW_WORDS ((sizeof(struct role_view) + 7) / 8)

struct shared {
	_Atomic uint32_t magic;
	_Atomic uint32_t sequence; /* odd while being written */
	_Atomic uint64_t words[VIEW_WORDS];
};

struct rolepage {
	struct shared *shared;
};

static_assert(sizeof(struct shared) <= PAGE_BYTES, "the role page is one page");

static int map(int fd, int protection, struct rolepage **ret, struct errbuf *e)
{
	struct rolepage *page = calloc(1, sizeof(*page));

	if (!page)
		return err_set(e, -ENOMEM, "out of memory");
	page->shared = mmap(NULL, PAGE_BYTES, protection, MAP_SHARED, fd, 0);
	if (page->shared == MAP_FAILED) {
		int code = -errno;

		free(page);
		return err_set(e, code, "mmap: %s", strerror(-code));
	}
	*ret = page;
	return 0;
}

int rolepage_create(const char *path, struct rolepage **ret, struct errbuf *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	int code;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	/* The same file is kept over a restart of heartbeatd: the other daemons hold it mapped. */
	if (ftruncate(fd, PAGE_BYTES) || fchmod(fd, 0640))
		code = err_set(e, -errno, "%s: %s", path, strerror(errno));
	else
		code = map(fd, PROT_READ | PROT_WRITE, ret, e);
	close(fd);
	if (!code) {
		struct role_view nobody = {.self = ROLEPAGE_NO_NODE, .active = ROLEPAGE_NO_NODE};
		uint32_t sequence = atomic_load(&(*ret)->shared->sequence);

		/* A writer that was killed in the middle left an odd number behind. */
		atomic_store(&(*ret)->shared->sequence, (sequence + 1) & ~1u);
		rolepage_write(*ret, &nobody);
		atomic_store(&(*ret)->shared->magic, ROLEPAGE_MAGIC);
	}
	return code;
}

int rolepage_open(const char *path, struct rolepage **ret, struct errbuf *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int code;

	if (fd < 0)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) || st.st_size < PAGE_BYTES)
		code = err_set(e, -ENOENT, "%s: not written yet", path);
	else
		code = map(fd, PROT_READ, ret, e);
	close(fd);
	return code;
}

void rolepage_close(struct rolepage *page)
{
	if (!page)
		return;
	munmap(page->shared, PAGE_BYTES);
	free(page);
}

void rolepage_write(struct rolepage *page, const struct role_view *view)
{
	uint64_t words[VIEW_WORDS] = {0};
	uint32_t sequence = atomic_load_explicit(&page->shared->sequence, memory_order_relaxed);

	assert((sequence & 1) == 0);
	memcpy(words, view, sizeof(*view));
	atomic_store_explicit(&page->shared->sequence, sequence + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < VIEW_WORDS; i++)
		atomic_store_explicit(&page->shared->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&page->shared->sequence, sequence + 2, memory_order_release);
}

void rolepage_read(const struct rolepage *page, struct role_view *ret)
{
	static const struct role_view nobody = {.self = ROLEPAGE_NO_NODE, .active = ROLEPAGE_NO_NODE};
	uint64_t words[VIEW_WORDS];
	uint32_t before, after;
	/* The writer holds the lock for nanoseconds; one that died in the middle left it odd: read as "nobody". */
	unsigned tries = 1000000;

	if (atomic_load(&page->shared->magic) != ROLEPAGE_MAGIC) {
		*ret = nobody;
		return;
	}
	do {
		before = atomic_load_explicit(&page->shared->sequence, memory_order_acquire);
		for (size_t i = 0; i < VIEW_WORDS; i++)
			words[i] = atomic_load_explicit(&page->shared->words[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&page->shared->sequence, memory_order_relaxed);
	} while ((before != after || (before & 1)) && --tries);
	if (tries)
		memcpy(ret, words, sizeof(*ret));
	else
		*ret = nobody;
}

uint64_t clock_boottime_us(void)
{
	struct timespec ts;
	int failed = clock_gettime(CLOCK_BOOTTIME, &ts);

	assert(!failed);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

bool role_is_ours(const struct role_view *view, uint64_t epoch)
{
	return epoch && view->active == view->self && view->open && view->epoch == epoch &&
	       view->writable_epoch == epoch;
}

bool role_may_answer(const struct role_view *view, uint64_t version, uint64_t now_us)
{
	return view->active == view->self && view->open && view->version == version && now_us < view->gate_until_us;
}

bool role_has_seen(const struct role_view *view, uint64_t off_us)
{
	return view->mode != ROLE_MODE_SYNC || view->looked_us > off_us;
}
