-- Sessions that end without a row being written for each.

-- A session that began at sessions_from_us or before is over, but for session_kept: the one that set the password.
ALTER TABLE user
	ADD COLUMN IF NOT EXISTS sessions_from_us BIGINT UNSIGNED NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS session_kept BINARY(32) NULL,
	ALGORITHM=INSTANT;
