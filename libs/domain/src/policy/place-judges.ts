import { isAtLeastAsStrict } from '../approvals/approval-strictness.js';
import type { ApprovalTree } from '../approvals/approval-tree.js';
import type { Outcome } from '../decisions/decisions.entries.js';
import { outcomeOf } from '../decisions/outcome.js';
import type { Json } from '../shared/entry.js';
import { classOf, labelOf } from '../shared/environment.js';
import { byRank, type Direction, type Judge, ranked, together } from './directions.js';
import { classesIn, isList, isObject, itemWith, memberOf, modeIn, MODES, textsOf, treeIn } from './document-json.js';
import type { Behaviour } from './policy.document.js';

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

/** What an environment is treated as, each from the loosest: its behaviour, its mode and its fail-safe outcome by source. */
const treatmentOf = (document: Json, environment: string): readonly number[] => {
  const { environmentClass, behavesAs } = classOf(environment, labelOf(environment), classesIn(document));
  const byMode = SOURCES.map((source) => modeIn(document, source, environmentClass) ?? 'soft');
  const byFailure = SOURCES.map((source) =>
    OUTCOMES.findIndex((each) => each === failSafeIn(document, source, environmentClass)),
  );
  return [behavesAs === 'prod' ? 1 : 0, ...byMode.map((mode) => MODES.indexOf(mode)), ...byFailure];
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

/** Whether whoever fulfils the one tree fulfils the other. */
const byTree = (from: ApprovalTree, to: ApprovalTree): Direction => {
  const [isAsStrict, wasAsStrict] = [isAtLeastAsStrict(to, from), isAtLeastAsStrict(from, to)];
  if (isAsStrict && wasAsStrict) return null;
  if (isAsStrict) return 'tightens';
  return wasAsStrict ? 'loosens' : 'both';
};
/** `/approval/routing/<id>/require` and what lies in it. */
export const approvalTrees: PlaceJudge = (difference) => {
  const routes = itemsAt(difference, ROUTES);
  const [from, to] = routes.map((route) => treeIn(memberOf(route, 'require')));
  return restricts(routes) && from && to ? byTree(from, to) : null; // Else told at `effect` or `enabled`, or of no effect.
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
/** A term of an approval, by its names below `approval`, and how it is judged. */
export type ApprovalTerm = readonly [names: readonly string[], Judge];

/** Who agrees where no route says so. @source contract section 8.3 */
const BY_DEFAULT: ApprovalTree = { id: '', quorum: 1, roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 };

/** The behaviours of the classes that a route is about and that need somebody's agreement without it. */
const requiredAnyway = (route: Json | undefined, document: Json): readonly Behaviour[] => {
  const named = memberOf(route, 'match', 'environments');
  const about = Object.entries(classesIn(document)).filter(([name]) => !isList(named) || named.includes(name));
  const behaviours = new Set(about.map(([, { behaves_as }]) => behaves_as));
  return [...behaviours].filter((each) => memberOf(document, 'approval', 'required', each) === true);
};

/** What a route asks for that requires, against what its classes ask for without it. */
const besideDefault = (route: Json | undefined, document: Json, terms: readonly ApprovalTerm[]): Direction => {
  const behaviours = requiredAnyway(route, document);
  if (behaviours.length === 0) return null;
  const places = behaviours.map((each) => (each === 'prod' ? 0 : 1));
  const ofTerms = terms.flatMap(([names, judge]) => {
    const [usual, own] = [termIn(document, undefined, names), termIn(document, route, names)];
    return places.map((place) => judge(usual[place], own[place]));
  });
  return together([byTree(BY_DEFAULT, treeIn(memberOf(route, 'require')) ?? BY_DEFAULT), ...ofTerms]);
};

/**
 * `/approval/routing/<id>` and its `effect` and `enabled`, by strength. One that requires, and comes or goes as a whole, stands
 * in the place of what its classes ask for: where that is more, the route lets pass what did not.
 */
export const routes =
  (terms: readonly ApprovalTerm[]): PlaceJudge =>
  (difference) => {
    const [from, to] = itemsAt(difference, ROUTES);
    const [before, after] = [strengthOf(from), strengthOf(to)];
    const [route, document] = after > before ? [to, difference.after] : [from, difference.before];
    const isWhole = before !== after && Math.min(before, after) === 0;
    const beside = isWhole ? besideDefault(route, document, terms) : null;
    const isLess = beside === 'loosens' || beside === 'both';
    return together([byRank(before, after), isLess ? byRank(after, before) : null]);
  };
/** Several members that come and go as one. */
export const all =
  (judges: readonly PlaceJudge[]): PlaceJudge =>
  (difference) =>
    together(judges.map((judge) => judge(difference)));
