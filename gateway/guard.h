/*
 * Checks of the ledger, named where they are made. In the product LEDGER_GUARD is its condition and nothing else, and LEDGER_OFF is
 * false. The differential test is built from the same sources with -DHOLDFAST_LEDGER_MUTANTS and does without one check at a time: each
 * has to be missed (tests/differential, `--mutants`). Pure.
 */
#ifndef HOLDFAST_GATEWAY_GUARD_H
#define HOLDFAST_GATEWAY_GUARD_H

#include <stdbool.h>

/* id, what happens without it */
#define LEDGER_GUARDS(X)                                                                                               \
	X(L01_EXPIRES_ON_TIME, "a hold lives a microsecond too long")                                                  \
	X(L02_CAPTURE_WITHIN_REST, "more is captured than is held back")                                               \
	X(L03_REFUND_WITHIN_CAPTURED, "more is refunded than was captured")                                            \
	X(L04_FINAL_RELEASES, "the last capture does not let the rest go")                                             \
	X(L05_HALF_TO_EVEN, "halves of a fee are rounded up")                                                          \
	X(L06_FIXED_ONCE, "the fixed fee is taken with every capture")                                                 \
	X(L07_FROZEN_COUNTS, "money moves out of frozen accounts")                                                     \
	X(L08_PENDING_OUT_COUNTS, "money that is held back is spent")                                                  \
	X(L09_PENDING_IN_COUNTS, "max_balance does not count what holds promise")                                      \
	X(L10_REVERSED_ONCE, "a transfer is reversed twice")                                                           \
	X(L11_FINGERPRINT_COUNTS, "a key that was used for another request answers for that")                          \
	X(L12_REFUSALS_STICK, "a refusal is not stored")                                                               \
	X(L13_CLOSED_WITHOUT_HOLDS, "an account with holds is closed")                                                 \
	X(L14_FEE_IS_PAID, "the payee does not pay the fee it is charged")                                             \
	X(L15_NO_CHANGE_NO_EVENT, "freezing what is frozen is an event")                                               \
	X(L16_WITHDRAWN_ONCE, "a withdrawal is confirmed twice")                                                       \
	X(L17_CLOSED_COUNTS, "money moves through closed accounts")                                                    \
	X(L18_TOPUP_ONCE, "a channel's reference is paid in twice")                                                    \
	X(L19_LIMIT_FITS, "a limit is set that the balance is beyond")                                                 \
	X(L20_FEE_WITHIN_CAPTURE, "a fee is more than what was captured")                                              \
	X(L21_OWNER_COUNTS, "a session pays from somebody else's account")                                             \
	X(L22_WITHDRAWN_ELSEWHERE, "a clearing account is paid out to itself")                                         \
	X(L23_LEDGERS_OWN_STAY, "the ledger's own accounts are closed")                                                \
	X(L24_FEE_ACCOUNT_FIT_FOR_HOLD, "money is held for a fee that nobody may receive")                             \
	X(L25_FEE_ACCOUNT_WRITTEN, "the fee account's new balance is not written")                                     \
	X(L26_AFTER_IS_AFTER, "the balance after a movement is told before it")                                        \
	X(L27_METADATA_BOUNDED, "an account gathers more members of metadata than it may have")                        \
	X(L28_SESSION_OPENS_WALLETS, "a session opens accounts of other kinds")                                        \
	X(L29_ATOMIC_IS_TAKEN_BACK, "an atomic batch that fails keeps the balances of its first items")                \
	X(L30_ATOMIC_ENDS_AT_FIRST, "an atomic batch goes on after an item that fails")                                \
	X(L31_TAKEN_BACK_NUMBERS, "a failed atomic batch leaves a gap in the journal")                                 \
	X(L32_TAKEN_BACK_ROWS, "the items of a failed atomic batch have rows")                                         \
	X(L33_BOTH_ARE_TAKEN_BACK, "who was paid by an atomic batch that fails keeps it")                              \
	X(L34_UNSTORED_REPEATED, "a repeated batch does not tell its items that have no row")                          \
	X(L35_BATCH_HAS_ITS_ROW, "a batch that failed for what may change uses its key up")

#ifdef HOLDFAST_LEDGER_MUTANTS
enum ledger_guard {
	LEDGER_GUARDS_ALL_ON,
#define X(id, text) LEDGER_##id,
	LEDGER_GUARDS(X)
#undef X
	    LEDGER_GUARD_END
};
extern unsigned ledger_guard_off; /* enum ledger_guard */
#define LEDGER_OFF(id) (ledger_guard_off == LEDGER_##id)
#else
#define LEDGER_OFF(id) false
#endif
#define LEDGER_GUARD(id, condition) (LEDGER_OFF(id) || (condition))

#endif
