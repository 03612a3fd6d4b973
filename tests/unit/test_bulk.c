/* Rows of a prepared statement and the packets that carry them, byte for byte. What the server makes of them is shown by
 * tests/unit/test_gateway_*.sh. */
#include "gateway/bulk.h"
#include "gateway/pipeline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void test_bulk(void **state)
{
	static const struct bulk b = {.sql = "", .types = "uib"};
	static const char head[] = "\xfa\x01\x02\x00\x80\x80\x00\x08\x80\x08\x00\xfc\x00",
			  row[] = "\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x02"
				  "ab\x01\x01\x00\x00";
	static char buf[200000], long_one[70000];
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	bulk_put_head(&t, &b, 0x80000201);
	assert_int_equal(t.used, sizeof(head) - 1);
	assert_memory_equal(buf, head, t.used);
	text_clear(&t);
	bulk_put_u64(&t, 0x102);
	bulk_put_optional_i64(&t, true, -1);
	bulk_put_optional_bytes(&t, true, "ab", 2);
	bulk_put_optional_i64(&t, false, -1);
	bulk_put_optional_bytes(&t, false, NULL, 2);
	bulk_put_bytes(&t, "", 0);
	assert_int_equal(t.used, sizeof(row) - 1);
	assert_memory_equal(buf, row, t.used);
	/* Where a length takes more bytes. */
	text_clear(&t);
	bulk_put_bytes(&t, long_one, 250);
	assert_memory_equal(buf, "\x00\xfa", 2);
	bulk_put_bytes(&t, long_one, 251);
	assert_memory_equal(buf + 252, "\x00\xfc\xfb\x00", 4);
	text_clear(&t);
	bulk_put_bytes(&t, long_one, 65535);
	assert_memory_equal(buf, "\x00\xfc\xff\xff", 4);
	bulk_put_bytes(&t, long_one, 65536);
	assert_memory_equal(buf + 65539, "\x00\xfd\x00\x00\x01", 5);
	assert_int_equal(t.used, 65539 + 5 + 65536);
}

/* Packets one behind the other, each with its length and the number 0. */
static void test_pipeline(void **state)
{
	static const char wanted[] = "\x02\x00\x00\x00"
				     "ab"
				     "\x00\x00\x00\x00"
				     "\x01\x00\x00\x00"
				     "c";
	static char buf[0x1000010];
	struct pipeline p;
	char got[64];
	int fd[2];

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	pipeline_init(&p, buf, sizeof(buf));
	pipeline_next(&p);
	text_puts(&p.out, "ab");
	pipeline_next(&p);
	pipeline_next(&p);
	text_puts(&p.out, "c");
	assert_int_equal(pipeline_send(&p, fd[0]), 0);
	assert_int_equal(p.count, 3);
	assert_int_equal(read(fd[1], got, sizeof(got)), sizeof(wanted) - 1);
	assert_memory_equal(got, wanted, sizeof(wanted) - 1);
	/* The protocol would cut one that is longer in two. */
	pipeline_clear(&p);
	pipeline_next(&p);
	p.out.used += 0xfffffe;
	text_puts(&p.out, "c");
	assert_int_equal(pipeline_send(&p, fd[0]), -EMSGSIZE);
	pipeline_clear(&p);
	pipeline_next(&p);
	(void)close(fd[1]);
	assert_int_equal(pipeline_send(&p, fd[0]), -EPIPE);
	(void)close(fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bulk),
	    cmocka_unit_test(test_pipeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
