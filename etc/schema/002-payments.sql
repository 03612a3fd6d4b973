-- Holds and withdrawals.

-- status (enum payment_status) is for lists: it follows from hold (enum hold_state) and the amounts. fee: what was taken so far.
-- expires_us is NULL for a payment that was captured at once. `due` is what the expiry of holds walks.
CREATE TABLE IF NOT EXISTS payment (
	id BINARY(16) NOT NULL PRIMARY KEY,
	payer BINARY(16) NOT NULL,
	payee BINARY(16) NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	status TINYINT UNSIGNED NOT NULL,
	hold TINYINT UNSIGNED NOT NULL,
	authorized BIGINT NOT NULL,
	captured BIGINT NOT NULL,
	refunded BIGINT NOT NULL,
	voided BIGINT NOT NULL,
	fee BIGINT NOT NULL,
	fee_bps INT UNSIGNED NULL,
	fee_fixed BIGINT NULL,
	last_seq BIGINT UNSIGNED NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	expires_us BIGINT UNSIGNED NULL,
	reference VARBINARY(256) NULL,
	metadata MEDIUMBLOB NOT NULL,
	KEY due (hold, expires_us),
	KEY payer (payer, id),
	KEY payee (payee, id),
	KEY status (status, id),
	KEY reference (reference, id),
	CONSTRAINT within_authorized CHECK (captured >= 0 AND voided >= 0 AND captured + voided <= authorized),
	CONSTRAINT within_captured CHECK (refunded >= 0 AND refunded <= captured AND fee >= 0 AND fee <= captured)
) ENGINE=InnoDB;

GRANT INSERT, UPDATE ON payment TO 'holdfast-ledger'@localhost;

-- status: enum withdrawal_status. destination: as the client named it, opaque.
CREATE TABLE IF NOT EXISTS withdrawal (
	id BINARY(16) NOT NULL PRIMARY KEY,
	account BINARY(16) NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	channel VARBINARY(32) NOT NULL,
	status TINYINT UNSIGNED NOT NULL,
	amount BIGINT NOT NULL,
	last_seq BIGINT UNSIGNED NOT NULL,
	created_us BIGINT UNSIGNED NOT NULL,
	destination VARBINARY(512) NOT NULL,
	KEY account (account, id),
	KEY status (status, id),
	CONSTRAINT withdrawal_positive CHECK (amount > 0)
) ENGINE=InnoDB;

GRANT INSERT, UPDATE ON withdrawal TO 'holdfast-ledger'@localhost;
