import { formatCheckpoint } from '@verdict/ledger';
import { originOf } from '../journals/kinds.js';
import type { AuditObserver, CheckpointStore, LeafSource, NewCheckpoint, SignedHead, Signing } from '../ports/audit.js';
import { JournalGap } from '../ports/journals.js';
import type { KeyStore } from '../ports/key-store.js';
import type { Clock } from '../ports/system.js';
import { signText } from './checkpoint-keys.js';
import { type GrownTree, type Growth, growTree } from './grow-tree.js';
import { isBehind, type PublisherLane } from './publisher-lane.js';
import { judgeCandidate } from './signing-rule.js';

export interface RoundDeps {
  readonly store: CheckpointStore;
  readonly leaves: LeafSource;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly logHost: string;
  readonly observer: AuditObserver;
  /** Leaves of one journal in one round; more are signed by a later one. */
  readonly leavesMax: number;
}

type Ending =
  | { readonly kind: 'signed'; readonly head: SignedHead }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Another process was faster: its head is where to go on. */
  | { readonly kind: 'overtaken'; readonly head: SignedHead };

const TRIES_MAX = 3;

/** Signs one checkpoint for each of the journals that has entries without one. Rejects while store, log or keys are away. */
export const signRound = async (deps: RoundDeps, lanes: readonly PublisherLane[]): Promise<void> => {
  let left = lanes;
  for (let tries = 0; tries < TRIES_MAX && left.length > 0; tries += 1) left = await signOnce(deps, left);
};

/** Answers with the journals that another process has signed meanwhile, and that still have more. */
const signOnce = async (deps: RoundDeps, lanes: readonly PublisherLane[]): Promise<readonly PublisherLane[]> => {
  const startedMs = deps.clock.nowMs();
  await loadHeads(
    deps,
    lanes.filter(({ signed }) => signed === undefined),
  );
  const growths = await growAll(deps, lanes);
  const endings = await signAll(deps, growths);
  for (const [lane, ending] of endings) settle(deps, lane, ending);
  for (const lane of lanes) if (!isBehind(lane) && !lane.isStopped) lane.waitingSinceMs = undefined;
  report(deps, endings, { growths, startedMs });
  return [...endings].flatMap(([lane, { kind }]) => (kind === 'overtaken' && isBehind(lane) ? [lane] : []));
};

const loadHeads = async ({ store }: RoundDeps, lanes: readonly PublisherLane[]): Promise<void> => {
  if (lanes.length === 0) return;
  const heads = await store.signedHeads(lanes.map(({ journal }) => journal));
  lanes.forEach((lane, index) => {
    const head = heads[index];
    lane.signed = head;
    lane.isStopped = head !== undefined && head.refusal !== null;
  });
};

/** What is to be signed or refused; journals without anything new are left out. */
const growAll = async (
  deps: RoundDeps,
  lanes: readonly PublisherLane[],
): Promise<ReadonlyMap<PublisherLane, Growth>> => {
  const growths = new Map<PublisherLane, Growth>();
  for (const lane of lanes) {
    if (lane.signed === undefined || lane.isStopped) continue;
    try {
      const growth = await growTree(deps.leaves, lane.signed, deps.leavesMax);
      if (growth.kind === 'refuse' || growth.tree.added > 0) growths.set(lane, growth);
    } catch (error) {
      if (!(error instanceof JournalGap)) throw error;
      deps.observer.unavailable(error); // What is lost cannot be signed; the other journals can.
    }
  }
  return growths;
};

const signAll = async (
  deps: RoundDeps,
  growths: ReadonlyMap<PublisherLane, Growth>,
): Promise<ReadonlyMap<PublisherLane, Ending>> => {
  const endings = new Map<PublisherLane, Ending>();
  if (growths.size === 0) return endings;
  const journals = [...growths.keys()].map(({ journal }) => journal);
  await deps.store.signNext(journals, async (heads) => {
    const signings: Signing[] = [];
    endings.clear(); // The store may have tried before.
    for (const [lane, growth] of growths) {
      const head = heads.get(lane.journal);
      if (head === undefined) throw new Error(`the store has no head of ${lane.journal}`);
      const { ending, signing } = await signLane(deps, lane, { head, growth });
      endings.set(lane, ending);
      if (signing !== undefined) signings.push(signing);
    }
    return signings;
  });
  return endings;
};

interface Step {
  readonly ending: Ending;
  readonly signing?: Signing;
}

const signLane = async (
  deps: RoundDeps,
  lane: PublisherLane,
  { head, growth }: { readonly head: SignedHead; readonly growth: Growth },
): Promise<Step> => {
  const { journal } = lane;
  // A growth from an older head says nothing about what is signed now.
  const judgement =
    growth.kind === 'grown' ? judgeCandidate(head, growth.tree) : judgeRefusal(lane, head, growth.reason);
  if (judgement.kind === 'refuse') {
    const { reason } = judgement;
    return { ending: { kind: 'refused', reason }, signing: { kind: 'refused', journal, reason } };
  }
  if (judgement.kind !== 'sign' || growth.kind !== 'grown') return { ending: { kind: 'overtaken', head } };
  const checkpoint = await makeCheckpoint(deps, lane, growth.tree);
  return {
    ending: { kind: 'signed', head: { ...checkpoint, refusal: null } },
    signing: { kind: 'signed', checkpoint },
  };
};

const judgeRefusal = (lane: PublisherLane, head: SignedHead, reason: string) =>
  head.refusal === null && lane.signed?.size === head.size
    ? ({ kind: 'refuse', reason } as const)
    : ({ kind: 'retry' } as const);

const makeCheckpoint = async (deps: RoundDeps, lane: PublisherLane, tree: GrownTree): Promise<NewCheckpoint> => {
  const { logHost, clock } = deps;
  const { size, root, frontier, lastLeaf } = tree;
  const text = formatCheckpoint({ origin: originOf(logHost, lane.tenantId, lane.kind), size, root });
  const note = await signText(deps, 'checkpoint', text);
  return {
    journal: lane.journal,
    size,
    root,
    frontier,
    lastLeaf,
    note,
    publishedAt: new Date(clock.nowMs()).toISOString(),
  };
};

const settle = ({ observer, clock }: RoundDeps, lane: PublisherLane, ending: Ending): void => {
  if (ending.kind === 'refused') {
    lane.isStopped = true;
    lane.waitingSinceMs ??= clock.nowMs(); // Until somebody has looked: the age is the alarm.
    observer.refused({ journal: lane.journal, reason: ending.reason });
    return;
  }
  lane.signed = ending.head;
  lane.isStopped = ending.head.refusal !== null;
};

const report = (
  { observer, clock }: RoundDeps,
  endings: ReadonlyMap<PublisherLane, Ending>,
  { growths, startedMs }: { readonly growths: ReadonlyMap<PublisherLane, Growth>; readonly startedMs: number },
): void => {
  const signed = [...endings].flatMap(([lane, { kind }]) => (kind === 'signed' ? [lane] : []));
  if (signed.length === 0) return;
  const leaves = signed.reduce((sum, lane) => {
    const growth = growths.get(lane);
    return growth?.kind === 'grown' ? sum + growth.tree.added : sum;
  }, 0);
  observer.published({ journals: signed.length, leaves, seconds: (clock.nowMs() - startedMs) / 1_000 });
};
