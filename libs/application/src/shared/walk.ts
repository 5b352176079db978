import { type Instant, instantOf } from '@verdict/domain';
import { cursorOf, readCursor } from '../audit/cursor.js';
import { nothingWhileAway } from '../journals/outage.js';
import type { Folded } from '../journals/fold-in-order.js';
import { JOURNAL_KINDS, type JournalKind } from '../journals/kinds.js';
import type { ServiceHost } from '../journals/service-host.js';
import type { PageRequest } from '../ports/read-models.js';
import { done, problemOf, type UseCaseResult } from './refusal.js';

/** What all pages of a walk show: the journals up to these revisions, at this instant. */
export interface WalkPoint {
  readonly folded: Folded;
  readonly now: Instant;
}

const REVISION = /^(?:-1|\d{1,18})$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A cursor that goes on behind `place`, at the point where the walk began. The parts of a place hold no line break. */
export const walkCursor = (walk: readonly string[], { now, folded }: WalkPoint, place: readonly string[]): string =>
  cursorOf(walk, [now, ...JOURNAL_KINDS.map((kind) => folded[kind].toString()), ...place]);

/** The point and the place that a cursor of this walk names; undefined when it is none. */
export const readWalkCursor = (
  walk: readonly string[],
  cursor: string,
): { readonly point: WalkPoint; readonly place: readonly string[] } | undefined => {
  const [at = '', policy = '', decisions = '', approvals = '', reservations = '', ...place] =
    readCursor(walk, cursor) ?? [];
  const isPoint = INSTANT.test(at) && [policy, decisions, approvals, reservations].every((each) => REVISION.test(each));
  if (!isPoint || Number.isNaN(Date.parse(at))) return undefined;
  const folded = {
    policy: BigInt(policy),
    decisions: BigInt(decisions),
    approvals: BigInt(approvals),
    reservations: BigInt(reservations),
  };
  return { point: { now: instantOf(Date.parse(at)), folded }, place };
};

/** One page's view: the state and the instant that its walk shows. */
export interface WalkView<State> extends WalkPoint {
  readonly state: State;
  /** Behind which item the page begins; undefined: with the first. */
  readonly after: readonly string[] | undefined;
}

export type AsOf = Readonly<Partial<Record<JournalKind, number>>>;

/** Walks over what one service folds: each shows the state of its first page to its end, however long it takes. */
export class Walks<State> {
  constructor(
    private readonly host: Pick<ServiceHost<State, never, unknown>, 'caughtUp' | 'at' | 'keep' | 'kinds'>,
    private readonly now: () => Instant,
  ) {}

  /** What a page shows. Problems: cursor_invalid, log_unavailable. */
  async view(
    walk: readonly string[],
    tenantId: string,
    { cursor }: PageRequest,
  ): Promise<UseCaseResult<WalkView<State>>> {
    const read = cursor === undefined ? this.begin(tenantId) : this.goOn(walk, tenantId, cursor);
    const view = await read.catch(nothingWhileAway);
    return view ?? problemOf('log_unavailable', { detail: 'the log cannot be read' });
  }

  /** The cursor of the page behind `place`; the state is kept for it. */
  next(walk: readonly string[], tenantId: string, view: WalkView<State>, place: readonly string[]): string {
    this.host.keep(tenantId, view);
    return walkCursor(walk, view, place);
  }

  asOf({ folded }: WalkPoint): AsOf {
    return Object.fromEntries(this.host.kinds.map((kind) => [kind, Number(folded[kind])]));
  }

  private async begin(tenantId: string): Promise<UseCaseResult<WalkView<State>>> {
    const caught = await this.host.caughtUp(tenantId);
    return done({ ...caught, now: this.now(), after: undefined });
  }

  private async goOn(
    walk: readonly string[],
    tenantId: string,
    cursor: string,
  ): Promise<UseCaseResult<WalkView<State>>> {
    const read = readWalkCursor(walk, cursor);
    const state = read === undefined ? undefined : await this.host.at(tenantId, read.point.folded);
    if (read === undefined || state === undefined) return problemOf('cursor_invalid');
    return done({ ...read.point, state, after: read.place });
  }
}
