#include "tests/chaos/payer_history.h"

const struct payer_kind_row payer_kinds[PAYER_KINDS] = {
    [PAYER_ACCOUNT] = {"account", "/v1/accounts", NULL, NULL},
    [PAYER_TOPUP] = {"topup", "/v1/topups", NULL, "account"},
    [PAYER_TRANSFER] = {"transfer", "/v1/transfers", "from", "to"},
};
