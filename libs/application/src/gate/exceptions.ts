import {
  balanceOf,
  type GateState,
  type Instant,
  type MicroUsd,
  type Overage,
  type Overrun,
  overrunsOf,
  type Waiver,
} from '@verdict/domain';
import { revisionPlace } from '../shared/page.js';
import type { PolicyList } from './policy-writer.js';

export interface ShownWaiver {
  readonly waiver: Waiver;
  readonly uses: number;
  readonly isExpired: boolean;
}
export interface ShownOverage {
  readonly overage: Overage;
  readonly held: MicroUsd;
  readonly spent: MicroUsd;
}
/**
 * What passed, or may, although limits or rules say otherwise: a waiver of an administrator, the room that an approval made,
 * or what was spent beyond all headroom. @source contract section 8.5
 */
export type ShownException =
  | { readonly kind: 'waiver'; readonly shown: ShownWaiver }
  | { readonly kind: 'overage'; readonly shown: ShownOverage }
  | { readonly kind: 'overrun'; readonly shown: Overrun };

type Exception =
  | { readonly kind: 'waiver'; readonly at: Instant; readonly revision: bigint; readonly waiver: Waiver }
  | { readonly kind: 'overage'; readonly at: Instant; readonly revision: bigint; readonly overage: Overage }
  | { readonly kind: 'overrun'; readonly at: Instant; readonly revision: bigint; readonly overrun: Overrun };

const ofWaiver = (waiver: Waiver): Exception => ({
  kind: 'waiver',
  at: waiver.grantedAt,
  revision: waiver.revision,
  waiver,
});
const ofOverage = (overage: Overage): Exception => ({
  kind: 'overage',
  at: overage.grantedAt,
  revision: overage.revision,
  overage,
});
const ofOverrun = (overrun: Overrun): Exception => ({
  kind: 'overrun',
  at: overrun.openedAt,
  revision: overrun.revision,
  overrun,
});

function* exceptionsOf({ policy, overruns }: GateState): Generator<Exception> {
  for (const waiver of policy.waivers.values()) yield ofWaiver(waiver);
  for (const overage of policy.overages.values()) yield ofOverage(overage);
  for (const overrun of overrunsOf(overruns)) yield ofOverrun(overrun);
}

export const shownWaiver = (state: GateState, waiver: Waiver, now: Instant): ShownWaiver => ({
  waiver,
  uses: state.waiverUses.get(waiver.terms.exception_id) ?? 0,
  isExpired: now >= waiver.terms.expires_at,
});
const shownOverage = ({ accounts }: GateState, overage: Overage, now: Instant): ShownOverage => {
  const { held, spent } = balanceOf(accounts, overage.exceptionId, { limit: overage.limit, period: 'total' }, now);
  return { overage, held, spent };
};
const isOfProjects = (projects: readonly string[], { terms: { scope } }: Waiver): boolean =>
  scope.project === null || projects.includes(scope.project);
const shownException = (state: GateState, item: Exception, now: Instant): ShownException => {
  switch (item.kind) {
    case 'waiver':
      return { kind: 'waiver', shown: shownWaiver(state, item.waiver, now) };
    case 'overage':
      return { kind: 'overage', shown: shownOverage(state, item.overage, now) };
    case 'overrun':
      return { kind: 'overrun', shown: item.overrun };
  }
};

/**
 * Newest first. They stand in two journals, whose revisions say nothing of each other: instants do. An overage and an overrun
 * name a decision, not its project, so they are in the lists of those alone who see all projects.
 */
export const EXCEPTIONS: PolicyList<Exception, ShownException> = {
  name: 'exceptions_by_time',
  itemsOf: exceptionsOf,
  placeOf: ({ at, kind, revision }) => `${at} ${kind} ${revisionPlace(revision)}`,
  show: shownException,
  isFor: ({ projects }, item) => projects === null || (item.kind === 'waiver' && isOfProjects(projects, item.waiver)),
};

/** The exception of that id, of whatever kind; undefined: there is none, or it was resolved so long ago that it has left memory. */
export const findException = (state: GateState, exceptionId: string, now: Instant): ShownException | undefined => {
  const waiver = state.policy.waivers.get(exceptionId);
  if (waiver !== undefined) return shownException(state, ofWaiver(waiver), now);
  const overage = state.policy.overages.get(exceptionId);
  if (overage !== undefined) return shownException(state, ofOverage(overage), now);
  const overrun = state.overruns.get(exceptionId);
  return overrun === undefined ? undefined : shownException(state, ofOverrun(overrun), now);
};
