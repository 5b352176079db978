import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The tables of the read models. Names are not qualified: a migration runs with the schema as its search path, so that a
 * rebuild can run the same ones elsewhere. A published migration never changes.
 *
 * Instants and ids are text in the order of their bytes, amounts are exact: what comes out is what the entry says.
 */
const TABLES = `
CREATE TABLE decisions (
  tenant_id text COLLATE "C" NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  decided_at text COLLATE "C" NOT NULL,
  expires_at text COLLATE "C" NOT NULL,
  project_id text COLLATE "C" NOT NULL,
  environment_class text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  resource_reference text COLLATE "C" NOT NULL,
  decision text COLLATE "C" NOT NULL,
  reason_codes text[] NOT NULL,
  monthly_delta_usd numeric(24,4),
  hold_usd numeric(24,4) NOT NULL,
  request_fingerprint text COLLATE "C" NOT NULL,
  key_scope text COLLATE "C" NOT NULL,
  key_text text COLLATE "C" NOT NULL,
  payload_hash text COLLATE "C" NOT NULL,
  approval_id text COLLATE "C",
  is_dry_run boolean NOT NULL,
  hold_state text COLLATE "C" NOT NULL CHECK (hold_state IN ('none', 'held', 'voided', 'expired', 'superseded')),
  is_settled boolean NOT NULL, -- Told by the reservations journal; repeated here so that open holds have an index.
  PRIMARY KEY (tenant_id, decision_id),
  UNIQUE (tenant_id, revision)
);
CREATE INDEX decisions_by_project ON decisions (tenant_id, project_id, revision);
CREATE INDEX decisions_by_key ON decisions (tenant_id, key_scope, left(key_text, 500), revision); -- A page takes 2,704 bytes.
CREATE INDEX decisions_held ON decisions (tenant_id, revision) WHERE hold_state = 'held' AND NOT is_settled;

CREATE TABLE approvals (
  tenant_id text COLLATE "C" NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  status text COLLATE "C" NOT NULL
    CHECK (status IN ('pending', 'granted', 'denied', 'expired', 'withdrawn', 'consumed')),
  project_id text COLLATE "C" NOT NULL,
  requester text COLLATE "C" NOT NULL,
  excluded_voters text[] NOT NULL,
  approved_by text[] NOT NULL,
  quorum integer NOT NULL,
  ticket text COLLATE "C",
  requested_at text COLLATE "C" NOT NULL,
  approve_by text COLLATE "C" NOT NULL,
  use_by text COLLATE "C",
  is_separation_required boolean NOT NULL,
  PRIMARY KEY (tenant_id, approval_id),
  UNIQUE (tenant_id, revision)
);
CREATE INDEX approvals_by_status ON approvals (tenant_id, status, revision);

CREATE TABLE settlements (
  tenant_id text COLLATE "C" NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  expected_usd numeric(24,4) NOT NULL,
  actual_usd numeric(24,4) NOT NULL,
  drift_usd numeric(24,4) NOT NULL,
  overrun_usd numeric(24,4) NOT NULL,
  settled_at text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, decision_id),
  UNIQUE (tenant_id, revision)
);

CREATE TABLE exceptions (
  tenant_id text COLLATE "C" NOT NULL,
  exception_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  expected_usd numeric(24,4) NOT NULL,
  actual_usd numeric(24,4) NOT NULL,
  amount_usd numeric(24,4) NOT NULL,
  owner text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL CHECK (status IN ('open', 'resolved')),
  opened_at text COLLATE "C" NOT NULL,
  due_at text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, exception_id),
  UNIQUE (tenant_id, revision)
);

CREATE TABLE policy_changes (
  tenant_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  summary_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, revision)
);

CREATE TABLE high_water (
  consumer text COLLATE "C" NOT NULL,
  journal text COLLATE "C" NOT NULL,
  next_revision bigint NOT NULL CHECK (next_revision >= 0),
  PRIMARY KEY (consumer, journal)
) WITH (fillfactor = 50); -- Room on the page: a new mark is a heap-only update.

CREATE TABLE parked_journals (
  consumer text COLLATE "C" NOT NULL,
  journal text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  error text NOT NULL,
  since text COLLATE "C" NOT NULL,
  PRIMARY KEY (consumer, journal)
);`;

const NAMES = [
  'parked_journals',
  'high_water',
  'policy_changes',
  'exceptions',
  'settlements',
  'approvals',
  'decisions',
];

class CreateReadModels1763769600000 implements MigrationInterface {
  readonly name = 'CreateReadModels1763769600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${NAMES.join(', ')}`);
  }
}

/** Found without a tenant: by a proof, by their id, or by being the only one of a kind. */
const INTEGRATIONS = `
CREATE TABLE integrations (
  tenant_id text COLLATE "C" NOT NULL,
  integration_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('k8s', 'run_task')),
  revision bigint NOT NULL,
  created_at text COLLATE "C" NOT NULL,
  is_revoked boolean NOT NULL,
  PRIMARY KEY (tenant_id, integration_id)
);
CREATE INDEX integrations_by_id ON integrations (integration_id);
CREATE INDEX integrations_by_kind ON integrations (kind, created_at, integration_id) WHERE NOT is_revoked;

CREATE TABLE integration_proofs (
  tenant_id text COLLATE "C" NOT NULL,
  proof_id text COLLATE "C" NOT NULL,
  integration_id text COLLATE "C" NOT NULL,
  way text COLLATE "C" NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, proof_id)
);
CREATE INDEX integration_proofs_by_hash ON integration_proofs (sha256, way);`;

class AddIntegrations1764288000000 implements MigrationInterface {
  readonly name = 'AddIntegrations1764288000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INTEGRATIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE integration_proofs, integrations');
  }
}

/** What is booked without, or after, a settlement, and how exceptions were resolved. */
const BOOKINGS = `
CREATE TABLE bookings (
  tenant_id text COLLATE "C" NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  status text COLLATE "C" NOT NULL CHECK (status IN ('assumed', 'released', 'matched', 'overage', 'savings')),
  actual_usd numeric(24,4) NOT NULL,
  drift_usd numeric(24,4) NOT NULL,
  overrun_usd numeric(24,4) NOT NULL,
  booked_at text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, decision_id, revision)
);
ALTER TABLE exceptions ADD COLUMN resolution text COLLATE "C", ADD COLUMN resolved_revision bigint;`;

class AddBookings1764291600000 implements MigrationInterface {
  readonly name = 'AddBookings1764291600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(BOOKINGS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE exceptions DROP COLUMN resolution, DROP COLUMN resolved_revision; DROP TABLE bookings',
    );
  }
}

/**
 * What a list at an earlier point needs to know: when a hold was ended, and when first something was booked for it. Of
 * holds that have ended already it is null here: it was before any point that a cursor of this release names.
 */
const HOLD_ENDS = `
SET LOCAL statement_timeout = 0; -- Indexes of tables that may be large.
ALTER TABLE decisions ADD COLUMN hold_ended_revision bigint, ADD COLUMN settled_revision bigint;
CREATE INDEX decisions_hold_ended ON decisions (tenant_id, hold_ended_revision, revision)
  WHERE hold_ended_revision IS NOT NULL; -- A decision whose hold has not ended has no place in either.
CREATE INDEX decisions_settled ON decisions (tenant_id, settled_revision, revision) WHERE settled_revision IS NOT NULL;`;

class AddHoldEnds1764295200000 implements MigrationInterface {
  readonly name = 'AddHoldEnds1764295200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(HOLD_ENDS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE decisions DROP COLUMN hold_ended_revision, DROP COLUMN settled_revision');
  }
}

/**
 * What requests have been, and who used what was granted. Rows that are there hold from their beginning to now, which is
 * true of every point that a cursor of this release names; in which stages their votes count is not known, so in all.
 */
const APPROVAL_VERSIONS = `
SET LOCAL statement_timeout = 0;
ALTER TABLE approvals
  ADD COLUMN approved_stages text[] NOT NULL DEFAULT '{}',
  ADD COLUMN filed_revision bigint,
  ADD COLUMN since_revision bigint NOT NULL DEFAULT 0;
UPDATE approvals SET since_revision = revision,
  approved_stages = array_fill('[]'::text, ARRAY[cardinality(approved_by)]);
ALTER TABLE approvals ALTER COLUMN approved_stages DROP DEFAULT, ALTER COLUMN since_revision DROP DEFAULT;

CREATE TABLE approval_versions (
  tenant_id text COLLATE "C" NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  since_revision bigint NOT NULL,
  until_revision bigint NOT NULL CHECK (until_revision > since_revision),
  status text COLLATE "C" NOT NULL,
  excluded_voters text[] NOT NULL,
  approved_by text[] NOT NULL,
  approved_stages text[] NOT NULL,
  ticket text COLLATE "C",
  filed_revision bigint,
  use_by text COLLATE "C",
  PRIMARY KEY (tenant_id, until_revision)
);
CREATE INDEX approval_versions_by_approval ON approval_versions (tenant_id, approval_id, until_revision);

CREATE TABLE grant_uses (
  tenant_id text COLLATE "C" NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  decision_id text COLLATE "C" NOT NULL,
  use integer NOT NULL,
  is_last boolean NOT NULL,
  PRIMARY KEY (tenant_id, approval_id, revision)
);`;

class AddApprovalVersions1764298800000 implements MigrationInterface {
  readonly name = 'AddApprovalVersions1764298800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(APPROVAL_VERSIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE grant_uses, approval_versions;
ALTER TABLE approvals DROP COLUMN approved_stages, DROP COLUMN filed_revision, DROP COLUMN since_revision`);
  }
}

/** By which entry an explicit key was answered, so that a service finds it when it has left memory. */
const KEYED_ANSWERS = `
CREATE TABLE keyed_answers (
  tenant_id text COLLATE "C" NOT NULL,
  answer_id text COLLATE "C" NOT NULL, -- <kind>/<revision>
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('approvals', 'reservations')),
  revision bigint NOT NULL,
  scope text COLLATE "C" NOT NULL,
  key_text text COLLATE "C" NOT NULL,
  payload_hash text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, answer_id)
);
CREATE INDEX keyed_answers_by_key
  ON keyed_answers (tenant_id, kind, left(scope, 500), left(key_text, 500), revision); -- A page takes 2,704 bytes.`;

/** The log alone has the keys of old: the rows of these two journals are dropped, so that they are projected again. */
const PROJECT_AGAIN = `
SET LOCAL statement_timeout = 0;
DELETE FROM approval_versions;
DELETE FROM approvals;
DELETE FROM settlements;
DELETE FROM bookings;
DELETE FROM exceptions;
DELETE FROM high_water WHERE journal LIKE 'approvals-%' OR journal LIKE 'reservations-%';
DELETE FROM parked_journals WHERE journal LIKE 'approvals-%' OR journal LIKE 'reservations-%';`;

class AddKeyedAnswers1764324000000 implements MigrationInterface {
  readonly name = 'AddKeyedAnswers1764324000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEYED_ANSWERS);
    await runner.query(PROJECT_AGAIN);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE keyed_answers');
  }
}

/** In the order of the time stamps in their names. */
export const READ_MODEL_MIGRATIONS = [
  CreateReadModels1763769600000,
  AddIntegrations1764288000000,
  AddBookings1764291600000,
  AddHoldEnds1764295200000,
  AddApprovalVersions1764298800000,
  AddKeyedAnswers1764324000000,
];
