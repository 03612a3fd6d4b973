/*
 * What test_mariadb.sh and test_gateway_system.sh cannot do in a shell: our salvage of the logs that a real mariadbd has written.
 *
 * salvage_helper cut DATADIR INDEX ABOVE TARGET: salvage_cut_range, verified; prints "GROUPS FIRST-SEQ LAST-GTID", and "hole" when there is one
 *
 * salvage_helper apply FILE SOCKET: salvage_apply; prints nothing when all is well
 *
 * salvage_helper print FILE: salvage_print; prints nothing when all is well
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "heartbeat/gtid.h"
#include "replication/salvage.h"

static int command_cut(char **argv)
{
	char last[GTID_TEXT_BYTES];
	struct salvage_range range = {.verify = true};
	struct salvage_result r = {0};
	struct errbuf e = {""};
	struct gtid above;

	if (gtid_parse(argv[2], &above)) {
		(void)printf("'%s' is not a GTID\n", argv[2]);
		return 1;
	}
	range.above_seq = above.seq;
	if (salvage_cut_range(argv[0], argv[1], &range, argv[3], &r, &e)) {
		(void)printf("%s\n", e.text);
		return 1;
	}
	(void)printf(
	    "%" PRIu64 " %" PRIu64 " %s%s\n", r.groups, r.first_seq, gtid_format(r.last, last), r.hole ? " hole" : "");
	return 0;
}

static int command_apply(char **argv)
{
	struct errbuf e = {""};
	int code = salvage_apply(argv[0], argv[1], NULL, &e);

	(void)printf("%s", e.text);
	return code ? 1 : 0;
}

static int command_print(char **argv)
{
	struct errbuf e = {""};
	struct journal_counts made;
	int code = salvage_print(argv[0], NULL, &made, &e);

	(void)printf("%s", e.text);
	return code ? 1 : 0;
}

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 6 && strcmp(argv[1], "cut") == 0)
		return command_cut(argv + 2);
	if (argc == 4 && strcmp(argv[1], "apply") == 0)
		return command_apply(argv + 2);
	if (argc == 3 && strcmp(argv[1], "print") == 0)
		return command_print(argv + 2);
	(void)fprintf(stderr, "usage: %s cut DATADIR INDEX ABOVE TARGET | apply FILE SOCKET | print FILE\n", argv[0]);
	return 2;
}
