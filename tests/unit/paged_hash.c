/* paged_hash PASSWORD: the line that holdfastctl page-password writes, for a test that is not root. */
#include <sodium.h>
#include <stdio.h>

#include "heartbeat/paged_file.h"

int main(int argc, char **argv)
{
	char line[PAGED_HASH_BYTES + 2];
	struct errbuf e = {""};

	if (argc != 2 || sodium_init() < 0 || paged_password_make(argv[1], line, &e))
		return 1;
	return fputs(line, stdout) < 0;
}
