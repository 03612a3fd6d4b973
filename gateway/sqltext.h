/* What MariaDB says of an error, fit for a log: without the values of rows and statements, which are somebody's business. Pure. */
#ifndef HOLDFAST_GATEWAY_SQLTEXT_H
#define HOLDFAST_GATEWAY_SQLTEXT_H

#include "gateway/text.h"

/* Appends it: what is between ' and ' becomes '...', but for the name of a key, column or table at its end, as in
 * Duplicate entry '...' for key 'login_key'. What has no value in it stays as it is. */
void sqltext_put(struct text *t, const char *said);

#endif
