/* ledgercheck_helper SOCKET: does the ledger in that database add up? Says what does not. */
#include "replication/ledgercheck.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct errbuf e = {""};
	struct ledger_facts facts = {0};
	struct database *db;
	int code;

	if (argc != 2)
		return 2;
	db = database_new(argv[1]);
	code = db ? database_open(db, &e) : -1;
	if (!code)
		code = ledgercheck_run(db, NULL, &facts, &e);
	if (!code && facts.findings)
		code = err_set(&e, -1, "%s", facts.said);
	if (code)
		(void)printf("%s\n", e.text);
	database_free(db);
	return code ? 1 : 0;
}
