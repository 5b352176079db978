import type { Bus, BusConsumer, JournalKind, RelayedSlice, Subscription } from '@verdict/application';
import { freshHistory, type History } from '../read-models-contract/history.js';
import { pause } from '../journals-contract/under-test.js';
import { Recorder } from './recorder.js';

/** One bus with a client, and the switches that make it fail. Each test opens its own and closes it. */
export interface BusUnderTest {
  readonly bus: Bus;
  /** Whether movements bring entries with them. */
  readonly carriesEntries: boolean;
  /**
   * Entries come into the journals and, by whatever way that bus has, on their way to its consumers; resolves once they are
   * in. The slices of a journal come in order and follow on one another, from revision 0.
   */
  write(slices: readonly RelayedSlice[]): Promise<void>;
  /** Only a bus of a single process lacks it: there a group has one member, and its marks are all it remembers. */
  readonly groups?: {
    /** Another client of the same bus, as a second process has one; closed by `close`. */
    another(): Promise<Bus>;
    /** That client is gone without a word: nothing that it says or hears gets through any more. */
    die(client: Bus): Promise<void>;
  };
  /** Only a bus without a server or connection of its own lacks it. */
  readonly outage?: {
    begin(): Promise<void>;
    end(): Promise<void>;
  };
  close(): Promise<void>;
}

export type OpenBus = () => Promise<BusUnderTest>;

/** What may take this long on a loaded machine is not broken yet. */
const DEADLINE_MS = 90_000;
export const TEST_MS = 180_000;

/** Repeats until `work` gives true. */
export const eventually = async (work: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await work())) {
    if (Date.now() > deadline) throw new Error(`it did not happen within ${String(DEADLINE_MS / 1000)} seconds`);
    await pause(10);
  }
};

/** Repeats a ping until it is answered: it is bounded by a short time, which a loaded machine may exceed. */
export const answering = (bus: Bus): Promise<void> =>
  eventually(() =>
    bus.ping().then(
      () => true,
      () => false,
    ),
  );

/** Runs a test with a bus of its own. */
export const usingBus =
  (open: OpenBus, test: (under: BusUnderTest) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.close();
    }
  };

let groupCount = 0;
const run = Math.trunc(performance.timeOrigin).toString(36);

/** A group that no other test uses. */
export const freshGroup = (): string => {
  groupCount += 1;
  return `contract-${run}-${String(process.pid)}-${String(groupCount)}`;
};

/** A tenant whose journal of this kind has `count` entries. */
export const historyOf = (kind: JournalKind, count: number): History => {
  const history = freshHistory();
  for (let index = 0; index < count; index += 1) grow(history, kind);
  return history;
};

/** One more entry. */
export const grow = (history: History, kind: JournalKind): void => {
  if (kind === 'policy') history.setBudget(history.journals.policy.length + 1);
  else if (kind === 'decisions') history.decide();
  else if (kind === 'approvals') history.endApproval(`a-${history.tenantId}`, 'approval_expired');
  else history.resolve(`overage:d-${history.tenantId}`);
};

/** The entries of a journal from `start` on, as a relay sends them. */
export const sliceOf = (history: History, kind: JournalKind, start = 0, end?: number): RelayedSlice => ({
  kind,
  tenantId: history.tenantId,
  entries: history.recorded(kind).slice(start, end),
});

export interface Follower {
  readonly recorder: Recorder;
  readonly subscription: Subscription;
}

/**
 * Begins to consume, and resolves once that consumer is told of what is written: connecting happens in the background, and
 * a consumer without a group is told of nothing older.
 */
export const follow = async (
  under: BusUnderTest,
  terms: Pick<BusConsumer, 'group' | 'kinds'> & { readonly bus?: Bus; readonly recorder?: Recorder },
): Promise<Follower> => {
  const { bus = under.bus, recorder = new Recorder(), group, kinds } = terms;
  const subscription = await bus.consume({ group, kinds, deliver: recorder.deliver });
  const [kind = 'decisions'] = kinds;
  await eventually(async () => {
    // Always another tenant: in a group it may belong to another member.
    await under.write([sliceOf(historyOf(kind, 1), kind)]);
    await pause(50);
    return recorder.isTold();
  });
  return { recorder, subscription };
};
