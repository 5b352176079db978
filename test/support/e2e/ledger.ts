// From its file: through the index every suite that reads the log would load TypeORM.
import { openPostgresJournals } from '../../../libs/adapter-postgres/src/journals/postgres-journals.js';
import { JOURNAL_KINDS, type JournalKind, journalName, type Journals } from '@verdict/application';
import { type Envelope, readEntry } from '@verdict/ledger';
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { expectReplayable } from '../replay-journals.js';
import { postmasterOf } from './processes.js';

export interface ReadLedgerEntry {
  readonly type: string;
  readonly revision: number;
  readonly envelope: Envelope;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly payload: any;
  readonly text: string;
}

/** Reads the log beside the product, straight from its database: what is durable, not what the product says of it. */
export class LedgerReader {
  private constructor(
    private readonly journals: Journals,
    private readonly adminUrl: string,
  ) {}

  /** Of the embedded server on this folder. */
  static async open(postgresDir: string): Promise<LedgerReader> {
    const server = await postmasterOf(postgresDir);
    if (server === undefined) throw new Error('there is no database server');
    const secrets = JSON.parse(await readFile(`${postgresDir}.secrets.json`, 'utf8')) as {
      adminPassword: string;
      servicePassword: string;
    };
    const urlOf = (role: string, password: string): string =>
      `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/verdict`;
    return LedgerReader.at(urlOf('verdict_service', secrets.servicePassword), urlOf('postgres', secrets.adminPassword));
  }

  static async at(serviceUrl: string, adminUrl: string): Promise<LedgerReader> {
    return new LedgerReader(await openPostgresJournals({ url: serviceUrl }), adminUrl);
  }

  get log(): Journals {
    return this.journals;
  }

  async entries(tenant: string, kind: JournalKind): Promise<readonly ReadLedgerEntry[]> {
    const found: ReadLedgerEntry[] = [];
    for await (const { type, revision, bytes } of this.journals.read(journalName(kind, tenant), 0n)) {
      const { envelope, payload } = readEntry(bytes);
      found.push({ type, revision: Number(revision), envelope, payload, text: Buffer.from(bytes).toString() });
    }
    return found;
  }

  async typesOf(tenant: string, kind: JournalKind): Promise<readonly string[]> {
    return (await this.entries(tenant, kind)).map(({ type }) => type);
  }

  /** Last revision of each journal of a tenant; -1 for an empty one. */
  async heads(tenant: string): Promise<Readonly<Record<JournalKind, number>>> {
    const heads = await this.journals.heads(JOURNAL_KINDS.map((kind) => journalName(kind, tenant)));
    return Object.fromEntries(JOURNAL_KINDS.map((kind, index) => [kind, Number(heads[index])])) as Record<
      JournalKind,
      number
    >;
  }

  /** Every row of every table of the database, as text; bytes are shown as the text they hold. */
  async dump(): Promise<string> {
    const client = new Client({ connectionString: this.adminUrl });
    await client.connect();
    try {
      const { rows: tables } = await client.query<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
      );
      const parts: string[] = [];
      for (const { name } of tables) {
        const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
        for (const row of rows) {
          parts.push(
            JSON.stringify(row, (_, value: unknown) =>
              isBufferJson(value) ? Buffer.from(value.data).toString('latin1') : value,
            ),
          );
        }
      }
      return parts.join('\n');
    } finally {
      await client.end();
    }
  }

  /** Whatever a test did to the product, its decisions can be derived again from what they left (G7). */
  async close(): Promise<void> {
    try {
      await expectReplayable(this.journals);
    } finally {
      await this.journals.close();
    }
  }
}

const isBufferJson = (value: unknown): value is { readonly data: readonly number[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
