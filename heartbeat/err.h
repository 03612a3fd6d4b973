/* Words for an error: a caller-owned buffer that is filled where something fails and logged once, at the top. */
#ifndef HOLDFAST_HEARTBEAT_ERR_H
#define HOLDFAST_HEARTBEAT_ERR_H

#define ERR_TEXT_BYTES 256

struct errbuf {
	char text[ERR_TEXT_BYTES]; /* one line, no newline; "" when nothing failed */
};

/* Writes the words and returns code, so that `return err_set(e, -EIO, "...")` is one statement. e may be NULL. */
int err_set(struct errbuf *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before what e already says and returns code. e may be NULL. */
int err_wrap(struct errbuf *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
