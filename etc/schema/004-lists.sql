-- The ways into lists: an index in their order for each filter.

-- All of one kind (gateway/op.h), newest first: appended to at as many places as there are kinds.
ALTER TABLE journal ADD KEY IF NOT EXISTS kind (kind, seq), ALGORITHM=INPLACE, LOCK=NONE;

ALTER TABLE account ADD KEY IF NOT EXISTS status (status, id), ALGORITHM=INPLACE, LOCK=NONE;
