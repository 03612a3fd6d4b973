/* holdfastctl page-password: sets the password of this machine's status page, makes its certificate if there is none, and starts it. */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "heartbeat/conf.h"
#include "heartbeat/conf_value.h"
#include "heartbeat/ctl_command.h"
#include "heartbeat/ctl_commands.h"
#include "heartbeat/ctl_files.h"
#include "heartbeat/ctl_run.h"
#include "heartbeat/durable.h"
#include "heartbeat/ip_text.h"
#include "heartbeat/paged_file.h"
#include "heartbeat/pki.h"

#define COMMAND "page-password"
#define UNIT "holdfast-page.service"
#define UNIT_TIMEOUT_MS 30000
#define LINE_BYTES (PAGED_CHARS_MAX + 3) /* one more than may be, and a newline: too long is said, not cut */

/* A line without its newline; a terminal does not show it. False: there is none. */
static bool read_line(const char *prompt, char ret[static LINE_BYTES])
{
	struct termios before, quiet;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0, good;

	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		(void)fprintf(stderr, "%s", prompt);
	}
	good = fgets(ret, LINE_BYTES, stdin);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)fputc('\n', stderr);
	}
	if (good)
		ret[strcspn(ret, "\n")] = '\0';
	return good;
}

static int read_password(char ret[static LINE_BYTES], struct errbuf *e)
{
	char again[LINE_BYTES];
	bool same;

	if (!read_line("Password of the status page: ", ret))
		return err_set(e, -EINVAL, "no password on the standard input");
	if (!isatty(STDIN_FILENO))
		return 0;
	same = read_line("Once more: ", again) && strcmp(again, ret) == 0;
	sodium_memzero(again, sizeof(again));
	return same ? 0 : err_set(e, -EINVAL, "that was another one: nothing was done");
}

/* Everything that has to be so before anything is changed. */
static int check(struct conf *conf, struct errbuf *e)
{
	char url[IP_URL_BYTES];
	struct ip own;

	if (geteuid() != 0)
		return err_set(e, -EPERM, "run as root");
	if (conf_load(CONF_PATH, conf, stderr))
		return err_set(e, -EINVAL, "this machine has no configuration that is right");
	own = ip_before_slash(conf->address);
	if (access(HOLDFAST_SBINDIR "/holdfast-paged", X_OK))
		return err_set(e, -ENOENT, "the package holdfast-page is not installed");
	if (!conf->page_listen[0])
		return err_set(e, -EINVAL,
		    CONF_PATH
		    " does not say where it is to be: [page] listen = %s:8407, or another address of this machine",
		    ip_url(&own, url));
	return 0;
}

static int make_certificate(const struct conf *conf, char pem[static PAGED_CERT_BYTES], struct errbuf *e)
{
	static const struct ctl_owner owner = {"root", "holdfast-page", 0640};
	char address[IP_TEXT_BYTES];
	struct ip ip;
	uint32_t port;
	const struct pki_subject who = {.cluster = conf->cluster, .name = conf->name, .address = address};
	int code;

	/* One that is there and cannot be read is the operator's all the same. */
	code = paged_cert_read(CONF_PAGE_DIR, pem, e);
	if (code != -ENOENT)
		return code;
	if (!value_is_endpoint(conf->page_listen, &ip, &port))
		return err_set(e, -EINVAL, "'%s' is no address", conf->page_listen);
	(void)ip_text(&ip, address);
	code = pki_make_page(&who, pem, e);
	return code ? code : ctl_file_write(CONF_PAGE_DIR "/" PAGED_CERT_NAME, pem, &owner, e);
}

static int make_files(
    const struct conf *conf, const char *hash, char fingerprint[static PKI_FINGERPRINT_BYTES], struct errbuf *e)
{
	static const struct ctl_owner dir = {"root", "holdfast-page", 0750}, owner = {"root", "holdfast-page", 0640};
	char pem[PAGED_CERT_BYTES];
	int code = ctl_dir_make(CONF_PAGE_DIR, &dir, e);

	_Static_assert(PAGED_CERT_BYTES >= PKI_PEM_BYTES, "a certificate of ours has room");
	if (!code)
		code = make_certificate(conf, pem, e);
	if (!code)
		code = pki_fingerprint(pem, fingerprint, e);
	sodium_memzero(pem, sizeof(pem));
	return code ? code : ctl_file_write(CONF_PAGE_DIR "/" PAGED_PASSWORD_NAME, hash, &owner, e);
}

/* Whoever is logged in with the old password is out then. */
static int start(struct errbuf *e)
{
	const char *const enable[] = {"systemctl", "enable", UNIT, NULL}, *const restart[] = {
									      "systemctl", "restart", UNIT, NULL};
	int code = ctl_run(enable, UNIT_TIMEOUT_MS, NULL, e);

	if (!code)
		code = ctl_run(restart, UNIT_TIMEOUT_MS, NULL, e);
	return code ? err_wrap(e, code, "the password is set, but " UNIT " does not start (journalctl -u " UNIT ")")
		    : 0;
}

int ctl_page_password(const struct ctl_options *o)
{
	char password[LINE_BYTES], hash[PAGED_HASH_BYTES + 2], fingerprint[PKI_FINGERPRINT_BYTES] = "";
	struct errbuf e = {""};
	struct conf conf;
	int code = check(&conf, &e);

	(void)o;
	/* Whoever gives up at the prompt wants to see again what is typed. */
	ctl_catch_signals();
	if (!code)
		code = read_password(password, &e);
	if (!code)
		code = paged_password_make(password, hash, &e);
	sodium_memzero(password, sizeof(password));
	if (!code)
		code = make_files(&conf, hash, fingerprint, &e);
	if (!code)
		code = start(&e);
	if (code)
		return ctl_command_refuse(COMMAND, e.text);
	(void)printf("the status page is at https://%s/\nSHA-256 of its certificate, for the first visit: %s\n",
	    conf.page_listen, fingerprint);
	return 0;
}
