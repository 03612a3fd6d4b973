/* Prints the table of configuration keys, for tests/test_man.sh. */
#include "heartbeat/conf.h"

int main(void)
{
	conf_print_keys(stdout);
	return 0;
}
