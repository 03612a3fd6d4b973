/* For tests/bench/throughput: what an account costs that the ledger has in memory. Prints bytes, of the heap and of the index together. */
#include <malloc.h>
#include <stdio.h>

#include "gateway/image.h"
#include "tests/bench/aim.h"

#define ACCOUNTS 400000 /* as many as the image keeps */

int main(void)
{
	struct mallinfo2 before = mallinfo2(), after;
	struct image *image = image_new();

	for (uint64_t i = 0; i < ACCOUNTS; i++) {
		struct account a = {.kind = ACCOUNT_WALLET, .currency = "CNY", .created_us = 1, .is_row = true};

		aim_id(i, &a.id);
		if (!image || !image_add_account(image, &a, NULL, 0))
			return 1;
	}
	after = mallinfo2();
	printf("%.1f\n", (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / ACCOUNTS);
	image_free(image);
	return 0;
}
