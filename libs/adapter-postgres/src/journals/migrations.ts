/**
 * The log's schema, one step per release that changed it; a published step never changes.
 * @source protocols section 7
 */
const TABLES = `
CREATE TABLE log.journals (
  stream text COLLATE "C" PRIMARY KEY,
  head bigint NOT NULL DEFAULT -1 CHECK (head >= -1)
) WITH (fillfactor = 50); -- Room on the page: a new head is a heap-only update, no index is touched.

CREATE TABLE log.entries (
  stream text COLLATE "C" NOT NULL REFERENCES log.journals,
  revision bigint NOT NULL CHECK (revision >= 0),
  position bigint GENERATED ALWAYS AS IDENTITY (CACHE 100),
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  entry_id uuid NOT NULL UNIQUE,
  type text NOT NULL,
  leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
  entry bytea STORAGE EXTERNAL NOT NULL CHECK (octet_length(entry) BETWEEN 1 AND 330000),
  PRIMARY KEY (stream, revision)
) WITH (toast_tuple_target = 8160); -- Usual entries stay in the row; compressing them would cost more than it saves.
CREATE INDEX entries_feed ON log.entries (txid, position);

CREATE TABLE log.snapshots (
  stream text COLLATE "C" NOT NULL,
  owner text NOT NULL,
  revision bigint NOT NULL,
  leaf_hash bytea NOT NULL,
  schema_version integer NOT NULL,
  state bytea STORAGE EXTERNAL NOT NULL,
  PRIMARY KEY (stream, owner)
);`;

const GUARDS = `
CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of %: the log is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.entries
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();
CREATE TRIGGER journals_append_only BEFORE DELETE OR TRUNCATE ON log.journals
  FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();
CREATE TRIGGER journals_only_grow BEFORE UPDATE ON log.journals
  FOR EACH ROW WHEN (NEW.head <= OLD.head OR NEW.stream <> OLD.stream) EXECUTE FUNCTION log.refuse();

REVOKE ALL ON FUNCTION log.refuse() FROM PUBLIC;
GRANT USAGE ON SCHEMA log TO verdict_service;
GRANT SELECT ON log.journals, log.entries, log.snapshots TO verdict_service;
GRANT INSERT (stream), UPDATE (head) ON log.journals TO verdict_service;
GRANT INSERT (stream, revision, entry_id, type, leaf_hash, entry) ON log.entries TO verdict_service;
GRANT INSERT, UPDATE ON log.snapshots TO verdict_service;`;

export const LOG_MIGRATIONS: readonly string[] = [`${TABLES}\n${GUARDS}`];
