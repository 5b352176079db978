import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  approvalsService,
  decodeState,
  encodeState,
  foldInOrder,
  type Folded,
  gateService,
  JOURNAL_KINDS,
  type JournalKind,
  journalName,
  NOTHING_FOLDED,
  reconciliationService,
  type RecordedEntry,
  type ReplaySource,
} from '@verdict/application';
import type { MemoryStore } from '@verdict/adapter-memory';
import type { ApprovalsState, GateState, Instant, ReservationsState } from '@verdict/domain';
import { balanceOf, termsOf } from '@verdict/domain';
import { readEntry, sha256Hex } from '@verdict/ledger';

/** Entries of one tenant as they were written: one canonical entry per line, per journal. */
export type Recording = Readonly<Record<JournalKind, readonly string[]>>;

/** What folding a recording must give. `states` is compared while the shape of that state is the recorded one. */
export interface Expected {
  readonly at: Instant;
  readonly folded: Readonly<Record<string, string>>;
  readonly states: Readonly<Record<string, { readonly version: number; readonly sha256: string }>>;
  /** What the states mean, whatever their shape: balances, answers, approvals, what is still open. */
  readonly meaning: unknown;
}

/** What the code between two releases writes: the only recording that is made anew. See README.md. */
export const UNRELEASED = 'unreleased';

const HERE = new URL('./', import.meta.url);
const folderOf = (release: string): URL => new URL(`${release}/`, HERE);

export const releases = (): readonly string[] =>
  readdirSync(HERE, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name)
    .sort();

const linesOf = (file: URL): readonly string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];

export const readRecording = (release: string): { readonly recording: Recording; readonly expected: Expected } => ({
  recording: Object.fromEntries(
    JOURNAL_KINDS.map((kind) => [kind, linesOf(new URL(`${kind}.ndjson`, folderOf(release)))]),
  ) as unknown as Recording,
  expected: JSON.parse(readFileSync(new URL('expected.json', folderOf(release)), 'utf8')) as Expected,
});

/** A recorded release is what that release wrote: it is never written again. */
export const writeRecording = (release: string, recording: Recording, expected: Expected): void => {
  if (release !== UNRELEASED && !/^\d+\.\d+\.\d+$/.test(release)) throw new Error(`not a release: ${release}`);
  if (release !== UNRELEASED && existsSync(folderOf(release)))
    throw new Error(`release ${release} has been recorded already`);
  mkdirSync(folderOf(release), { recursive: true });
  for (const kind of JOURNAL_KINDS) {
    writeFileSync(new URL(`${kind}.ndjson`, folderOf(release)), recording[kind].map((line) => `${line}\n`).join(''));
  }
  writeFileSync(new URL('expected.json', folderOf(release)), `${JSON.stringify(expected, null, 2)}\n`);
};

export const recordingOf = (store: MemoryStore, tenantId: string): Recording =>
  Object.fromEntries(
    JOURNAL_KINDS.map((kind) => [
      kind,
      (store.journals.get(journalName(kind, tenantId)) ?? []).map(({ bytes }) => Buffer.from(bytes).toString('utf8')),
    ]),
  ) as unknown as Recording;

const recorded = (line: string, index: number): RecordedEntry => {
  const { envelope, payload } = readEntry(Buffer.from(line, 'utf8'));
  return {
    type: envelope.type,
    payload,
    observed: envelope.observed,
    commandId: envelope.command_id,
    revision: BigInt(index),
  } as unknown as RecordedEntry;
};

async function* open(recording: Recording, kind: JournalKind, from: bigint): AsyncGenerator<RecordedEntry> {
  await Promise.resolve();
  yield* recording[kind].map(recorded).slice(Number(from));
}

/** A recording as the re-derivation reads it. */
export const recordedSource = (recording: Recording, tenantId = 'acme'): ReplaySource => ({
  tenantId,
  read: (kind, from) => open(recording, kind, from),
});

type Onto<State> = (state: State, kind: JournalKind, entry: RecordedEntry) => void;

const folding = <State>(
  recording: Recording,
  service: {
    readonly initial: State;
    readonly own: readonly JournalKind[];
    readonly kinds: readonly JournalKind[];
    readonly evolve: (state: State, kind: JournalKind, entry: RecordedEntry) => State;
  },
  before: Onto<State> = () => undefined,
): Promise<{ readonly state: State; readonly folded: Folded }> => {
  const evolve = (state: State, kind: JournalKind, entry: RecordedEntry): State => {
    before(state, kind, entry);
    return service.evolve(state, kind, entry);
  };
  return foldInOrder({ state: service.initial, folded: NOTHING_FOLDED }, { ...service, evolve }, (kind, from) =>
    open(recording, kind, from),
  );
};

/** Folds a recording with today's code; `before` sees the gate's state in front of each entry. */
export const foldRecording = async (recording: Recording, before?: Onto<GateState>) => ({
  gate: await folding(recording, gateService, before),
  approvals: await folding(recording, approvalsService),
  reconciliation: await folding(recording, reconciliationService),
});
type States = Awaited<ReturnType<typeof foldRecording>>;

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
};
/** Of the state with its members sorted: their order in the code means nothing. */
const hashOf = (state: unknown): string =>
  sha256Hex(Buffer.from(JSON.stringify(sorted(JSON.parse(Buffer.from(encodeState(state)).toString())))));
const text = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? each.toString() : each)));
const listed = <V>(map: Iterable<readonly [string, V]>): readonly (readonly [string, V])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

const moneyOf = (gate: GateState, at: Instant) => {
  const accounts = new Set([
    ...gate.accounts.held.keys(),
    ...[...gate.accounts.spent.keys()].map((key) => key.slice(0, key.lastIndexOf('|'))),
  ]);
  return [...accounts]
    .sort()
    .map((account) => ({ account, ...balanceOf(gate.accounts, account, termsOf(gate.policy)(account, at), at) }));
};
/** What came after release 0.1.0: recordings are compared in the members that they have. */
const newerMeaningOf = (gate: GateState, { bookings, bare, openExceptions, money }: ReservationsState) => ({
  integrations: listed(gate.policy.integrations).map(([id, { terms, secrets, revokedAt }]) => [
    id,
    terms.kind,
    secrets.length,
    revokedAt,
  ]),
  waiverUses: listed(gate.waiverUses),
  grants: listed(gate.grants.byDecision).map(([id, { uses, usesMax, usedMonthly, useBy }]) => [
    ...[id, uses, usesMax, usedMonthly],
    useBy,
  ]),
  bookings: listed([...bookings.older, ...bookings.recent, ...bare.older, ...bare.recent]).map(
    ([id, { kind, amount, overrun, corrections }]) => [id, kind, amount, overrun, corrections],
  ),
  openExceptions: listed(openExceptions).map(([id, { kind }]) => [id, kind]),
  costDays: money.costDays,
});

const meaningOf = (gate: GateState, approvals: ApprovalsState, reservations: ReservationsState, at: Instant): unknown =>
  text({
    policy: gate.policy.versions.map(({ version, documentSha256, effectiveFrom }) => [
      version,
      documentSha256,
      effectiveFrom,
    ]),
    balances: moneyOf(gate, at),
    holds: listed(gate.accounts.holds),
    answers: listed([...gate.answers.older, ...gate.answers.recent]).map(
      ([key, { payloadHash, revision, generation }]) => [key, payloadHash, revision, generation],
    ),
    autoApproved: listed(gate.autoApproved),
    waiting: listed(gate.approvals),
    approvals: listed(approvals.approvals).map(([id, { decisionId, status, useBy, token }]) => [
      id,
      decisionId,
      status,
      useBy,
      token?.jti ?? null,
      token?.issuedCount ?? 0,
    ]),
    reservations: listed(reservations.reservations).map(([id, { requested, total }]) => [id, requested, total]),
    ...newerMeaningOf(gate, reservations),
  });

export const expectedOf = ({ gate, approvals, reconciliation }: States, at: Instant): Expected => ({
  at,
  folded: text(gate.folded) as Expected['folded'],
  states: {
    gate: { version: gateService.stateVersion, sha256: hashOf(gate.state) },
    approvals: { version: approvalsService.stateVersion, sha256: hashOf(approvals.state) },
    reconciliation: { version: reconciliationService.stateVersion, sha256: hashOf(reconciliation.state) },
  },
  meaning: meaningOf(gate.state, approvals.state, reconciliation.state, at),
});

/** The members of a meaning that a recording has: later releases know of more. */
export const sameMembers = (now: unknown, recorded: unknown): unknown =>
  Object.fromEntries(Object.keys(recorded as object).map((name) => [name, (now as Record<string, unknown>)[name]]));

export const roundTrip = (state: unknown): unknown => decodeState(encodeState(state));
