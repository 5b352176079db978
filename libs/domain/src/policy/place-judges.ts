import { isAtLeastAsStrict } from '../approvals/approval-strictness.js';
import type { Outcome } from '../decisions/decisions.entries.js';
import { outcomeOf } from '../decisions/outcome.js';
import type { Json } from '../shared/entry.js';
import { classOf, labelOf } from '../shared/environment.js';
import { byRank, type Direction, type Judge, ranked, together } from './directions.js';
import { classesIn, isObject, itemWith, memberOf, modeIn, MODES, textsOf, treeIn } from './document-json.js';

/** A place that differs, and the two documents around it: some places are only judged by what stands elsewhere. */
export interface Difference {
  /** The path's tokens. */
  readonly place: readonly string[];
  readonly from: Json | undefined;
  readonly to: Json | undefined;
  readonly before: Json;
  readonly after: Json;
}
export type PlaceJudge = (difference: Difference) => Direction;

export const byValue =
  (judge: Judge): PlaceJudge =>
  ({ from, to }) =>
    judge(from, to);

const SOURCES = ['terraform', 'k8s_admission', 'cloud_event'] as const;
const OUTCOMES: readonly Outcome[] = ['ALLOW', 'REQUIRE_APPROVAL', 'DENY'];

/** `/mode_matrix/<source>/<class>`: the mode that the class has. */
export const modes: PlaceJudge = ({ place: [, source = '', name = ''], before, after }) =>
  ranked(MODES)(modeIn(before, source, name), modeIn(after, source, name));

/** The outcome of a failure: what the document says, else what the mode of the class asks for. */
const failSafeIn = (document: Json, source: string, name: string): Json | undefined => {
  const mode = modeIn(document, source, name);
  return memberOf(document, 'fail_safe', source, name) ?? (mode && outcomeOf(mode, 'failure').outcome);
};
/** `/fail_safe/<source>/<class>`. */
export const failSafe: PlaceJudge = ({ place: [, source = '', name = ''], before, after }) =>
  ranked(OUTCOMES)(failSafeIn(before, source, name), failSafeIn(after, source, name));

/** What an environment is treated as, each from the loosest: its behaviour, its mode by source. */
const treatmentOf = (document: Json, environment: string): readonly number[] => {
  const { environmentClass, behavesAs } = classOf(environment, labelOf(environment), classesIn(document));
  const byMode = SOURCES.map((source) => modeIn(document, source, environmentClass) ?? 'soft');
  return [behavesAs === 'prod' ? 1 : 0, ...byMode.map((mode) => MODES.indexOf(mode))];
};
const treatedOtherwise = (environment: string, { before, after }: Difference): Direction => {
  const [from, to] = [treatmentOf(before, environment), treatmentOf(after, environment)];
  return together(from.map((rank, index) => byRank(rank, to[index] ?? rank)));
};

/**
 * `/environments/classes/<name>/aliases`, by what each that came or went was treated as and is: so one that moves is judged
 * by where it was, and one that was unknown as strict.
 */
export const aliases: PlaceJudge = (difference) => {
  const [before, after] = [textsOf(difference.from), textsOf(difference.to)];
  const moved = [...before.filter((each) => !after.includes(each)), ...after.filter((each) => !before.includes(each))];
  return together(moved.map((each) => treatedOtherwise(each, difference)));
};
/** `/environments/classes/<name>`, a class that came or went, by its name and its aliases. */
export const environmentClasses: PlaceJudge = (difference) => {
  const { place, from, to } = difference;
  const names = [place[2] ?? '', ...textsOf(memberOf(from, 'aliases')), ...textsOf(memberOf(to, 'aliases'))];
  return together(names.map((each) => treatedOtherwise(each, difference)));
};

const STRENGTHS: Readonly<Record<string, number>> = { waive: -1, require: 1, require_approval: 1, deny: 2 };
/** How much a rule or route restricts: one that is not there, or off, as much as one that only warns. */
const strengthOf = (rule: Json | undefined): number => {
  const effect = memberOf(rule, 'effect');
  return memberOf(rule, 'enabled') === false || typeof effect !== 'string' ? 0 : (STRENGTHS[effect] ?? 0);
};

type Pair = readonly [Json | undefined, Json | undefined];
/** The rule or route that a place below a list lies in, in both documents. */
const itemsAt = ({ place, before, after }: Difference, list: readonly string[]): Pair => {
  const id = place[list.length] ?? '';
  return [itemWith(id, memberOf(before, ...list)), itemWith(id, memberOf(after, ...list))];
};

/** `/<list>/<id>` and its `effect` and `enabled`. */
export const byStrength =
  (...list: readonly string[]): PlaceJudge =>
  (difference) => {
    const [from, to] = itemsAt(difference, list);
    return byRank(strengthOf(from), strengthOf(to));
  };

const restricts = (items: Pair): boolean => items.every((item) => strengthOf(item) > 0);
/** A member of a rule that restricts before and after; of others it lets nothing pass that did not. */
export const whereItRestricts =
  (judge: Judge): PlaceJudge =>
  (difference) =>
    restricts(itemsAt(difference, ['rules'])) ? judge(difference.from, difference.to) : null;

const ROUTES = ['approval', 'routing'] as const;

/** `/approval/routing/<id>/require` and what lies in it: whether whoever fulfils the one tree fulfils the other. */
export const approvalTrees: PlaceJudge = (difference) => {
  const routes = itemsAt(difference, ROUTES);
  const [from, to] = routes.map((route) => treeIn(memberOf(route, 'require')));
  if (!restricts(routes) || !from || !to) return null; // Told at `effect` or `enabled`, or of no effect.
  const [isAsStrict, wasAsStrict] = [isAtLeastAsStrict(to, from), isAtLeastAsStrict(from, to)];
  if (isAsStrict && wasAsStrict) return null;
  if (isAsStrict) return 'tightens';
  return wasAsStrict ? 'loosens' : 'both';
};

/** What holds on a route: its own word, else the document's, which may be another by class. */
const termIn = (document: Json, route: Json | undefined, names: readonly string[]): readonly (Json | undefined)[] => {
  const own = memberOf(route, 'overrides', ...names);
  const said = own === undefined ? memberOf(document, 'approval', ...names) : own;
  return isObject(said) ? [said['prod'], said['nonprod']] : [said, said];
};
/** `/approval/routing/<id>/overrides/<names>`, judged as the same member of the document is. */
export const overriding =
  (names: readonly string[], judge: Judge): PlaceJudge =>
  (difference) => {
    const routes = itemsAt(difference, ROUTES);
    if (!restricts(routes)) return null;
    const [from, to] = [termIn(difference.before, routes[0], names), termIn(difference.after, routes[1], names)];
    return together(from.map((each, index) => judge(each, to[index])));
  };
/** Several members that come and go as one. */
export const all =
  (judges: readonly PlaceJudge[]): PlaceJudge =>
  (difference) =>
    together(judges.map((judge) => judge(difference)));
