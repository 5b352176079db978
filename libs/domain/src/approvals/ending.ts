import type { Instant } from '../shared/brand.js';
import { type DueDates, dueUntil, withDueDate, withoutDueDate } from '../shared/due-dates.js';
import { PersistentMap } from '../shared/persistent-map.js';
import type { Approval } from './approval.js';

/** When the clock ends it; undefined for what no clock ends. */
const limitOf = ({ status, useBy, uses, requested }: Approval): Instant | undefined => {
  if (uses?.isUsedUp === true) return undefined;
  if (status === 'pending') return requested.approve_by;
  return status === 'granted' ? (useBy ?? undefined) : undefined;
};

/** Whether it waits for people, or for its use, although a later decision took over what it was about. */
export const isSuperseded = ({ status, uses, supersededRevision }: Approval): boolean =>
  supersededRevision !== undefined && (status === 'pending' || (status === 'granted' && uses?.isUsedUp !== true));

/** Whether its last use is gone, and nothing says so yet. */
export const isUsedUp = ({ status, uses }: Approval): boolean => status === 'granted' && uses?.isUsedUp === true;

/** What is found without a walk over all that are open. */
interface Endings {
  readonly clocks: DueDates;
  readonly closable: PersistentMap<true>;
}
type Approvals = Endings & { readonly approvals: PersistentMap<Approval> };

const withClock = (clocks: DueDates, id: string, from: Instant | undefined, to: Instant | undefined): DueDates => {
  const left = from === undefined || from === to ? clocks : withoutDueDate(clocks, id, from);
  return to === undefined ? left : withDueDate(left, id, to);
};

/** The same endings, with what is now known of an approval; `isOpen`: afterwards. */
export const withEndings = (
  { clocks, closable }: Endings,
  before: Approval | undefined,
  { after, isOpen }: { readonly after: Approval; readonly isOpen: boolean },
): Endings => {
  const { approvalId: id } = after;
  const [from, to] = [before === undefined ? undefined : limitOf(before), isOpen ? limitOf(after) : undefined];
  const isClosable = isOpen && (isSuperseded(after) || isUsedUp(after));
  return {
    clocks: withClock(clocks, id, from, to),
    closable: isClosable ? closable.set(id, true) : closable.delete(id),
  };
};

/** In the order of the ids that a map of all open ones has, so that what is found does not depend on how. */
const inOrder = (ids: Iterable<string>): Iterable<string> =>
  PersistentMap.from([...ids].map((id) => [id, true] as const)).keys();

const approvalsOf = ({ approvals }: Pick<Approvals, 'approvals'>, ids: Iterable<string>): readonly Approval[] =>
  [...ids].flatMap((id) => approvals.get(id) ?? []);

/** Whether the clock ends an open one by now. Found without a look at those that have time left. */
export const hasExpiries = ({ clocks }: Pick<Approvals, 'clocks'>, now: Instant): boolean =>
  dueUntil(clocks, now).next().done !== true;

/** Open ones that the clock ends by now. Found without a look at those that have time left. */
export const expiredApprovals = (state: Omit<Approvals, 'closable'>, now: Instant): readonly Approval[] =>
  approvalsOf(state, inOrder(dueUntil(state.clocks, now)));

/** Open ones that end by what the gate has written: their last use, or a later decision that took over their hold. */
export const closableApprovals = (state: Omit<Approvals, 'clocks'>): readonly Approval[] =>
  approvalsOf(state, state.closable.keys());
