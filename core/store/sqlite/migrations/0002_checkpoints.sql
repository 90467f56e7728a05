-- The latest checkpoint of a step that is not done yet, and the last cursors before it.

-- 1: the step has a row in checkpoints. In the step's own row, so that claiming and completing a step without one
-- look nowhere else.
ALTER TABLE steps ADD COLUMN has_checkpoint INTEGER NOT NULL DEFAULT 0;

CREATE TABLE checkpoints (
  step_id INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,          -- how many the step has stored, with this one
  stored_at_us INTEGER NOT NULL,
  items_processed INTEGER NOT NULL, -- unsigned, in two's complement
  cursor_json TEXT NOT NULL,
  accumulated_json TEXT             -- the handler's partial results, or NULL
) STRICT;

CREATE TABLE checkpoint_history (
  step_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  stored_at_us INTEGER NOT NULL,
  cursor_json TEXT NOT NULL,
  PRIMARY KEY (step_id, number)
) STRICT, WITHOUT ROWID;
