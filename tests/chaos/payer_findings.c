#include "tests/chaos/payer_findings.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_PER_CLASS 12

struct findings {
	pthread_mutex_t lock;
	uint64_t count[FINDING_CLASSES];
};

struct findings *findings_new(void)
{
	struct findings *f = calloc(1, sizeof(*f));

	if (f)
		(void)pthread_mutex_init(&f->lock, NULL);
	return f;
}

void findings_free(struct findings *f)
{
	free(f);
}

void findings_add(struct findings *f, enum finding_class class, const char *format, ...)
{
	static const char *const words[FINDING_CLASSES] = {"LOST", "DUPLICATE", "WRONG"};
	va_list ap;

	if (!f)
		return;
	(void)pthread_mutex_lock(&f->lock);
	f->count[class]++;
	if (f->count[class] <= SHOWN_PER_CLASS) {
		printf("payer: %s ", words[class]);
		va_start(ap, format);
		(void)vprintf(format, ap);
		va_end(ap);
		printf("\n");
	} else if (f->count[class] == SHOWN_PER_CLASS + 1) {
		printf("payer: %s ... and more\n", words[class]);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

uint64_t findings_count(const struct findings *f, enum finding_class class)
{
	return f->count[class];
}
