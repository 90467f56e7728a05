-- Durable domain events: the outbox, its subscribers, and what is on its way to them.

-- Numbers are never used again: the newest event is never removed.
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL,
  name TEXT NOT NULL,
  publisher TEXT NOT NULL,
  step_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  template_id INTEGER NOT NULL,
  template_step INTEGER NOT NULL,
  claimed_at_us INTEGER NOT NULL,
  fired_at_us INTEGER NOT NULL,
  payload_json TEXT,                -- NULL: the step's result
  document_json TEXT                -- the attempt's result document; NULL: the completed step says it
) STRICT;

-- position: up to here events were taken. worker_id: whose they are, 0 for nobody's.
CREATE TABLE subscribers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  patterns_json TEXT NOT NULL,
  position INTEGER NOT NULL,
  worker_id INTEGER NOT NULL DEFAULT 0,
  in_flight_max INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL
) STRICT;

-- What a subscriber has taken and not acknowledged. state: 0 waits for a retry, 1 out, 2 dead.
CREATE TABLE deliveries (
  subscriber_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  due_at_us INTEGER NOT NULL DEFAULT 0,
  ended_at_us INTEGER NOT NULL DEFAULT 0,
  error_json TEXT,
  PRIMARY KEY (subscriber_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_open ON deliveries (subscriber_id, state, due_at_us) WHERE state < 2;
