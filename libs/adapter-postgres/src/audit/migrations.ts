/**
 * The schema of audit-export, one step per release that changed it; a published step never changes. The frontier stands
 * with the signed head only: the tree grows from there, never from an older checkpoint.
 */
const TABLES = `
CREATE TABLE audit.signed_heads (
  journal text COLLATE "C" PRIMARY KEY,
  size bigint NOT NULL CHECK (size >= 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  frontier bytea NOT NULL,
  last_leaf bytea CHECK (octet_length(last_leaf) = 32),
  refusal text
) WITH (fillfactor = 50);

CREATE TABLE audit.checkpoints (
  journal text COLLATE "C" NOT NULL REFERENCES audit.signed_heads,
  size bigint NOT NULL CHECK (size > 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  note text NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (journal, size)
);

CREATE TABLE audit.export_jobs (
  tenant text COLLATE "C" NOT NULL,
  export_id uuid NOT NULL,
  series text COLLATE "C" NOT NULL,
  ranges json NOT NULL,
  ranges_sha256 text NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'running', 'ready', 'failed', 'expired')),
  progress bigint NOT NULL,
  total bigint NOT NULL,
  result json,
  failure text,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  ended_at timestamptz,
  expires_at timestamptz,
  idempotency_key text COLLATE "C",
  asked text NOT NULL,
  attempt integer NOT NULL,
  lease_until timestamptz,
  PRIMARY KEY (tenant, export_id)
);
CREATE UNIQUE INDEX export_jobs_key ON audit.export_jobs (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX export_jobs_list ON audit.export_jobs (tenant, created_at DESC, export_id DESC);
CREATE INDEX export_jobs_series ON audit.export_jobs (tenant, series, created_at DESC, export_id DESC);
CREATE INDEX export_jobs_open ON audit.export_jobs (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX export_jobs_ready ON audit.export_jobs (expires_at) WHERE status = 'ready';

CREATE TABLE audit.export_terms (
  tenant text COLLATE "C" NOT NULL,
  series text COLLATE "C" NOT NULL,
  ranges_sha256 text NOT NULL,
  terms json NOT NULL,
  is_signed boolean NOT NULL,
  PRIMARY KEY (tenant, series, ranges_sha256)
);`;

export const AUDIT_MIGRATIONS: readonly string[] = [TABLES];
