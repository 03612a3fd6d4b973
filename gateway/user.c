#include "gateway/user.h"

#include <string.h>

static bool is_login_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._@+-", c));
}

bool user_login_is_good(const char *login, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (!is_login_char(login[i]))
			return false;
	return bytes >= LOGIN_CHARS_MIN && bytes <= LOGIN_CHARS_MAX;
}

void user_fold_login(char *login, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (login[i] >= 'A' && login[i] <= 'Z')
			login[i] = (char)(login[i] - 'A' + 'a');
}

static void put_id(struct text *t, const struct ulid *id)
{
	char buf[ID_TEXT_BYTES];

	text_puts(t, "\"");
	text_puts(t, id_format("usr_", id, buf));
	text_puts(t, "\"");
}

void user_render(struct text *t, const struct user *u)
{
	text_puts(t, "{\"object\":\"user\",\"id\":");
	put_id(t, &u->id);
	text_puts(t, ",\"login\":");
	text_put_json(t, u->login, strlen(u->login));
	text_puts(t, ",\"display_name\":");
	text_put_json(t, u->display_name, strlen(u->display_name));
	text_puts(t, ",\"created_at\":");
	text_put_time(t, u->created_us);
	text_puts(t, "}");
}

void session_render(struct text *t, const struct session *s, const char *token)
{
	text_puts(t, "{\"object\":\"session\"");
	if (token) {
		text_puts(t, ",\"token\":");
		text_put_json(t, token, strlen(token));
	}
	text_puts(t, ",\"user\":");
	put_id(t, &s->user);
	text_puts(t, ",\"created_at\":");
	text_put_time(t, s->created_us);
	text_puts(t, ",\"expires_at\":");
	text_put_time(t, s->expires_us);
	text_puts(t, "}");
}
