#include "tests/chaos/payer_http.h"

#include <string.h>

bool http_definitive(long status, const char *body)
{
	if (status == 409)
		return strstr(body, "\"idempotency_in_progress\"") == NULL;
	return status >= 200 && status < 500 && status != 408 && status != 429;
}
