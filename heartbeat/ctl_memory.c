#include "heartbeat/ctl_memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "heartbeat/durable.h"

#define MEMINFO_PATH "/proc/meminfo"
#define LIMIT_PATH "/sys/fs/cgroup/memory.max" /* of a container; the kernel's own root group has none */
#define MEMINFO_BYTES 8192
#define LIMIT_BYTES 64
#define SHARE 4
#define POOL_MIN_MB 128
#define POOL_MAX_MB 1048576 /* heartbeat/conf.c */

static uint64_t number_after(const char *text, const char *word)
{
	const char *at = text ? strstr(text, word) : NULL;

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

uint64_t ctl_memory_bytes(const char *meminfo, const char *limit)
{
	uint64_t all = number_after(meminfo, "MemTotal:") * 1024, most = number_after(limit, "");

	if (!all || !most)
		return all ? all : most;
	return all < most ? all : most;
}

uint32_t ctl_memory_pool_mb(uint64_t memory_bytes)
{
	uint64_t mb = memory_bytes / SHARE >> 20;

	if (!memory_bytes)
		return 0;
	if (mb < POOL_MIN_MB)
		return POOL_MIN_MB;
	return mb > POOL_MAX_MB ? POOL_MAX_MB : (uint32_t)mb;
}

void ctl_memory_apply(struct conf *conf)
{
	char meminfo[MEMINFO_BYTES], limit[LIMIT_BYTES];
	struct errbuf ignored;
	bool known = !durable_read(MEMINFO_PATH, meminfo, sizeof(meminfo), &ignored);
	bool limited = !durable_read(LIMIT_PATH, limit, sizeof(limit), &ignored);
	uint32_t pool_mb = ctl_memory_pool_mb(ctl_memory_bytes(known ? meminfo : NULL, limited ? limit : NULL));

	if (pool_mb && (conf->kind == CONF_KIND_GATEWAY || conf->kind == CONF_KIND_REPLICA))
		conf->buffer_pool_mb = pool_mb;
}
