-- Which handlers a worker has, where each runs and why: for who looks at the store, never for a claim.
ALTER TABLE workers ADD COLUMN handlers_json TEXT NOT NULL DEFAULT '[]';
