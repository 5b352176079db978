import type * as application from '@verdict/application';
import type { JournalKind, Journals, RecordedEntry, ReplaySource } from '@verdict/application';
import { type BundleJournals, leafHash, openBundleJournals, readEntry, storeIdOf } from '@verdict/ledger';
import { CliFailure, wrongCall } from '../failure.js';
import { EXIT } from '../io.js';
import type { Keep } from './opened.js';

type Application = typeof application;

/** Tenants of a log that have decisions, or the one that was named. */
export const tenantsOf = async (
  { parseJournalName }: Application,
  journals: Journals,
  named: string | undefined,
): Promise<readonly string[]> => {
  const found = (await journals.list()).flatMap((name) => {
    const parsed = parseJournalName(name);
    return parsed?.kind === 'decisions' ? [parsed.tenantId] : [];
  });
  if (named === undefined) return found;
  if (!found.includes(named)) throw wrongCall('tenant_unknown', `there are no decisions of ${named}`);
  return [named];
};

export const sourceOfLog = (
  { journalName, recordEntry }: Application,
  log: Journals,
  tenantId: string,
): ReplaySource => ({
  tenantId,
  async *read(kind, from) {
    for await (const stored of log.read(journalName(kind, tenantId), from)) yield recordEntry(stored);
  },
});

const recorded = ({ recordEntry }: Application, bytes: Uint8Array): RecordedEntry => {
  const { envelope, envelopeBytes } = readEntry(bytes);
  const hash = leafHash(envelopeBytes);
  const stored = { type: envelope.type, storeId: storeIdOf(hash), leafHash: hash, bytes };
  return recordEntry({ ...stored, revision: BigInt(envelope.revision) });
};

async function* bundled(
  modules: Application,
  bundle: BundleJournals,
  kind: JournalKind,
  from: bigint,
): AsyncGenerator<RecordedEntry> {
  let isFirst = true;
  for await (const bytes of bundle.read(kind)) {
    const entry = recorded(modules, bytes);
    if (isFirst && entry.revision > 0n)
      throw wrongCall(
        'bundle_partial',
        `the bundle begins at revision ${String(entry.revision)} of ${kind}`,
        'export from the first day: what a decision saw is not all in it',
      );
    isFirst = false;
    if (entry.revision >= from) yield entry;
  }
}

/** The tenant of a bundle, from its own entries: origins are `<log host>/<tenant>/<kind>`. */
const tenantIn = async (bundle: BundleJournals): Promise<string> => {
  for (const kind of bundle.kinds) {
    for await (const bytes of bundle.read(kind)) return readEntry(bytes).envelope.origin.split('/').at(-2) ?? '';
  }
  throw wrongCall('bundle_empty', 'the bundle holds no entry');
};

export const sourceOfBundle = async (modules: Application, keep: Keep, path: string): Promise<ReplaySource> => {
  const bundle = keep(await openBundleJournals(path));
  return {
    tenantId: await tenantIn(bundle),
    read: (kind, from) => bundled(modules, bundle, kind, from),
  };
};

const interrupted = (): CliFailure =>
  new CliFailure(EXIT.interrupted, {
    ...{ code: 'interrupted', title: 'interrupted', retry: 'later', idempotencyKey: null },
  });

/** The same, until somebody interrupts: then what was opened for it is closed and removed as after any other end. */
export const interruptible = (source: ReplaySource, signal: AbortSignal): ReplaySource => ({
  ...source,
  async *read(kind, from) {
    for await (const entry of source.read(kind, from)) {
      if (signal.aborted) throw interrupted();
      yield entry;
    }
  },
});
