/* Prints the table of metrics as doc/metrics.md has it, for tests/test_metrics.sh. */
#include "heartbeat/metrics.h"

int main(void)
{
	for (unsigned i = 0; i < METRICS_COUNT; i++) {
		const struct metrics_family *m = metrics_family((enum metrics_id)i);

		(void)printf("| %s | %s | %s |\n", m->name, metrics_type_word(m->type), m->help);
	}
	return 0;
}
