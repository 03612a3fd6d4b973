/* What MariaDB says of an error, fit for a log: without the values of rows and statements, which are somebody's business. Pure. */
#ifndef HOLDFAST_GATEWAY_SQLTEXT_H
#define HOLDFAST_GATEWAY_SQLTEXT_H

#include <stdbool.h>

#include "gateway/text.h"

/* Appends it: what is between ' and ' becomes '...', but for the name of a key, column or table at its end, as in
 * Duplicate entry '...' for key 'login_key'. What has no value in it stays as it is. */
void sqltext_put(struct text *t, const char *said);

/* Is an error of that number about the values of a statement, so that another statement is spared it? Only of these is a culprit looked
 * for: everything else, a damaged table or a column that is not there among it, is the database's. Numbers:
 * https://mariadb.com/kb/en/mariadb-error-codes/. */
bool sqltext_is_of_data(unsigned number);

#endif
