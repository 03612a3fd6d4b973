/* For the benchmarks: ledger_check SOCKET; does the ledger in this database add up (replication/ledgercheck.h)? Prints how many operations it
 * has; else exits with 1 and says why not. */
#include <errno.h>
#include <stdio.h>

#include "replication/ledgercheck.h"

#define LIMIT_S 3600

int main(int argc, char **argv)
{
	struct ledger_facts facts;
	struct errbuf e = {""};
	struct database *db = argc == 2 ? database_new(argv[1]) : NULL;
	int code;

	if (!db)
		return 2;
	database_set_limit(db, LIMIT_S);
	code = database_open(db, &e);
	if (!code)
		code = ledgercheck_run(db, NULL, &facts, &e);
	if (!code && facts.findings)
		code = err_set(&e, -EBADMSG, "%s", facts.said);
	if (code)
		(void)fprintf(stderr, "ledger_check: %s\n", e.text);
	else
		printf("%llu\n", (unsigned long long)facts.operations);
	database_free(db);
	return code != 0;
}
