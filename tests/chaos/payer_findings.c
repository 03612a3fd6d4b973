#include "tests/chaos/payer_findings.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_PER_CLASS 12

const char *const findings_word[FINDING_CLASSES] = {
#define X(name, word) [FINDING_##name] = (word),
    FINDING_CLASS_LIST(X)
#undef X
};

struct findings {
	const char *who; /* borrowed; NULL: silent */
	pthread_mutex_t lock;
	uint64_t count[FINDING_CLASSES];
};

struct findings *findings_new(const char *who)
{
	struct findings *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->who = who;
	(void)pthread_mutex_init(&f->lock, NULL);
	return f;
}

void findings_free(struct findings *f)
{
	free(f);
}

void findings_add(struct findings *f, enum finding_class class, const char *format, ...)
{
	va_list ap;

	if (!f)
		return;
	(void)pthread_mutex_lock(&f->lock);
	f->count[class]++;
	if (!f->who) {
		/* counted, that is all */
	} else if (f->count[class] <= SHOWN_PER_CLASS) {
		printf("%s: %s ", f->who, findings_word[class]);
		va_start(ap, format);
		(void)vprintf(format, ap);
		va_end(ap);
		printf("\n");
	} else if (f->count[class] == SHOWN_PER_CLASS + 1) {
		printf("%s: %s ... and more\n", f->who, findings_word[class]);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

uint64_t findings_count(const struct findings *f, enum finding_class class)
{
	return f->count[class];
}

uint64_t findings_total(const struct findings *f)
{
	uint64_t total = 0;

	for (size_t i = 0; i < FINDING_CLASSES; i++)
		total += f->count[i];
	return total;
}
