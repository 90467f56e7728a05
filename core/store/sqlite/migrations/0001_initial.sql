-- One store: templates, tasks, steps and who works on them.
-- Times are microseconds since 1970-01-01 UTC, 0 for "not yet". State numbers are those of core/model/states.h.

CREATE TABLE handlers (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  callable TEXT NOT NULL,
  UNIQUE (namespace, callable)
) STRICT;

CREATE TABLE templates (
  id INTEGER PRIMARY KEY,
  uuid BLOB NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  handler_ids BLOB NOT NULL,        -- 32-bit little-endian handler id for each step
  body_json TEXT NOT NULL,
  UNIQUE (namespace, name, version, revision)
) STRICT;

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY,
  uuid BLOB NOT NULL UNIQUE,
  template_id INTEGER NOT NULL,
  state INTEGER NOT NULL,
  sinks_open INTEGER NOT NULL,      -- steps that nothing depends on and that are not complete yet; 0: all is done
  priority INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  updated_at_us INTEGER NOT NULL,
  completed_at_us INTEGER NOT NULL DEFAULT 0,
  requested_at_us INTEGER NOT NULL,
  correlation_id BLOB NOT NULL,
  parent_correlation_id BLOB,
  initiator TEXT NOT NULL,
  source_system TEXT NOT NULL,
  reason TEXT NOT NULL,
  tags_json TEXT,
  options_json TEXT,
  idempotency_scope TEXT,           -- namespace/name, set together with the key
  idempotency_key TEXT,
  context_json TEXT NOT NULL
) STRICT;

-- Only what is not complete: a finished task costs no index entry.
CREATE INDEX tasks_unfinished ON tasks (state, id) WHERE state <> 4;
CREATE UNIQUE INDEX tasks_idempotency ON tasks (idempotency_scope, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- id = task id * 2^20 + index of the step in its task, so that a task's steps lie side by side and need no index.
-- missing = dependencies not complete yet, plus 2^20 while the task is blocked by a failed step (the hold).
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  missing INTEGER NOT NULL,
  handler_id INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  template_id INTEGER NOT NULL,
  template_step INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  worker_id INTEGER NOT NULL DEFAULT 0,
  claimed_at_us INTEGER NOT NULL DEFAULT 0,
  completed_at_us INTEGER NOT NULL DEFAULT 0,
  execution_us INTEGER NOT NULL DEFAULT 0,
  retry_at_us INTEGER NOT NULL DEFAULT 0,
  error_json TEXT,
  metadata_json TEXT,
  result_json TEXT
) STRICT;

-- What can be claimed, and what waits for its back-off. Nothing else is indexed: steps that are claimed in the
-- commit that makes them ready never touch an index.
CREATE INDEX steps_enqueued ON steps (handler_id, priority DESC, id) WHERE state = 1;
CREATE INDEX steps_waiting ON steps (retry_at_us) WHERE state = 3;

-- Attempts that did not complete their step.
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  step_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker_id INTEGER NOT NULL,
  next_state INTEGER NOT NULL,
  started_at_us INTEGER NOT NULL,
  ended_at_us INTEGER NOT NULL,
  error_json TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_step ON attempts (step_id, id);

CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY,
  step_id INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  resolved_at_us INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX dead_letters_step ON dead_letters (step_id);

CREATE TABLE workers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  hostname TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_identity TEXT NOT NULL,
  started_at_us INTEGER NOT NULL,
  lease_expires_at_us INTEGER NOT NULL
) STRICT;

-- Grows with each cancellation, so that a worker sees with one look whether to check its claims.
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('revocations', 0);
