/* What the members of requests have to be, as data. */
#include "gateway/fields.h"

#include "gateway/account.h"
#include "gateway/currency.h"
#include "gateway/items.h"
#include "gateway/metadata.h"
#include "gateway/password.h"
#include "gateway/payment.h"
#include "gateway/user.h"

#include <string.h>

#define REFERENCE_CHARS_MAX 64
#define DESTINATION_CHARS_MAX 128

_Static_assert(HOLD_SECONDS_DEFAULT == 7 * 86400, "what FIELD_HOLD_SECONDS says");

static bool put(const char *word, char ret[static FIELD_WORD_BYTES])
{
	size_t n = word ? strlen(word) : FIELD_WORD_BYTES;

	if (n >= FIELD_WORD_BYTES)
		return false;
	memcpy(ret, word, n + 1);
	return true;
}

static bool kind_word(unsigned i, char ret[static FIELD_WORD_BYTES])
{
	return put(account_kind_word((uint8_t)(i + ACCOUNT_WALLET)), ret);
}

static bool capture_word(unsigned i, char ret[static FIELD_WORD_BYTES])
{
	static const char *const words[] = {"automatic", "manual"}; /* by op.manual */

	return put(i < 2 ? words[i] : NULL, ret);
}

static bool destination_word(unsigned i, char ret[static FIELD_WORD_BYTES])
{
	return put(i == 0 ? "token" : NULL, ret);
}

static const struct field_shape shapes[FIELD_TYPE_END] = {
    [FIELD_AMOUNT] = {"Amount", FIELD_INTEGER, 1, AMOUNT_MAX, .says = "minor units of the currency"},
    [FIELD_CURRENCY] = {"Currency", FIELD_STRING, 3, 3, .word = currency_word, .says = "active code of ISO 4217"},
    [FIELD_KIND] = {"AccountKind", FIELD_STRING, 1, FIELD_WORD_BYTES - 1, .word = kind_word},
    [FIELD_OWNER] = {"UserId", FIELD_STRING, sizeof("usr_") - 1 + ULID_CHARS, sizeof("usr_") - 1 + ULID_CHARS,
	.prefix = "usr_"},
    [FIELD_FIRST_MIN] = {"FirstMinBalance", FIELD_INTEGER, -AMOUNT_MAX, 0,
	.says = "left out: 0 for wallet and merchant, none for the others"},
    [FIELD_FIRST_MAX] = {"FirstMaxBalance", FIELD_INTEGER, 0, AMOUNT_MAX, .says = "left out: none"},
    [FIELD_MIN] = {"MinBalance", FIELD_INTEGER, -AMOUNT_MAX, AMOUNT_MAX, .nullable = true, .says = "null: none"},
    [FIELD_MAX] = {"MaxBalance", FIELD_INTEGER, -AMOUNT_MAX, AMOUNT_MAX, .nullable = true, .says = "null: none"},
    [FIELD_METADATA] = {"Metadata", FIELD_OBJECT, 0, METADATA_MEMBERS_MAX,
	.says = "names of 1 to 64 bytes, strings of at most 500 bytes"},
    [FIELD_METADATA_PATCH] = {"MetadataPatch", FIELD_OBJECT, 0, 2 * METADATA_MEMBERS_MAX,
	.says = "merged into what is there; null takes a member away; at most 20 afterwards"},
    [FIELD_FROM] = {"AccountId", FIELD_STRING, sizeof("acc_") - 1 + ULID_CHARS, sizeof("acc_") - 1 + ULID_CHARS,
	.prefix = "acc_"},
    [FIELD_TO] = {"AccountId", FIELD_STRING, sizeof("acc_") - 1 + ULID_CHARS, sizeof("acc_") - 1 + ULID_CHARS,
	.prefix = "acc_"},
    [FIELD_CHANNEL] = {"Channel", FIELD_STRING, 1, CHANNEL_CHARS_MAX, .pattern = "^[a-z0-9_-]+$",
	.says = "one of [gateway] channels of holdfast.conf"},
    [FIELD_REFERENCE] = {"Reference", FIELD_STRING, 1, REFERENCE_CHARS_MAX, .says = "nothing like a card number"},
    [FIELD_CAPTURE] = {"Capture", FIELD_STRING, 1, FIELD_WORD_BYTES - 1, .word = capture_word,
	.says = "left out: automatic"},
    [FIELD_HOLD_SECONDS] = {"HoldSeconds", FIELD_INTEGER, 1, HOLD_SECONDS_MAX, .says = "left out: 7 days"},
    [FIELD_FEE] = {"Fee", FIELD_OBJECT, 0, 2, .says = "borne by the payee, never above what is captured"},
    [FIELD_FEE_BPS] = {"FeeBps", FIELD_INTEGER, 0, FEE_BPS_MAX, .says = "of each capture, halves to the even number"},
    [FIELD_FEE_FIXED] = {"FeeFixed", FIELD_INTEGER, 0, AMOUNT_MAX, .says = "with the first capture"},
    [FIELD_FINAL] = {"Final", FIELD_BOOLEAN, .says = "true: the rest is let go; left out: false"},
    [FIELD_DESTINATION] = {"Destination", FIELD_OBJECT, .min = 2, .max = 2},
    [FIELD_DESTINATION_TYPE] = {"DestinationType", FIELD_STRING, 1, FIELD_WORD_BYTES - 1, .word = destination_word},
    [FIELD_DESTINATION_VALUE] = {"DestinationValue", FIELD_STRING, 1, DESTINATION_CHARS_MAX,
	.says = "opaque; nothing like a card number"},
    [FIELD_ATOMIC] = {"Atomic", FIELD_BOOLEAN, .says = "true: all or nothing"},
    [FIELD_ITEMS] = {"Items", FIELD_ARRAY, .min = 1, .max = ITEMS_MAX},
    [FIELD_LOGIN] = {"Login", FIELD_STRING, LOGIN_CHARS_MIN, LOGIN_CHARS_MAX, .pattern = "^[A-Za-z0-9._@+-]+$",
	.says = "compared without case"},
    [FIELD_NAME] = {"DisplayName", FIELD_STRING, 1, DISPLAY_NAME_CHARS_MAX, .says = "nothing like a card number"},
    [FIELD_PASSWORD] = {"Password", FIELD_STRING, .min = 1, .max = PASSWORD_CHARS_MAX},
    [FIELD_NEW_PASSWORD] = {"NewPassword", FIELD_STRING, .min = PASSWORD_CHARS_MIN, .max = PASSWORD_CHARS_MAX},
};

const struct field_shape *field_shape(enum field_type type)
{
	return &shapes[type];
}
