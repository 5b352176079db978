import { isRawList, memberOf, pointerTo, type RawJson, textMemberOf } from '../shared/raw-json.js';
import { addExact, EXACT_ZERO, type ExactUsd, exactUsdOf } from './exact.js';
import type { ExactLine } from './lines.js';
import type { UnpricedReason } from './priced-line.js';

/** Resources and subresources of a report together; deeper or more is no report that a tool made. */
export const REPORT_LINES_MAX = 50_000;
const DEPTH_MAX = 16;

export interface ReportLines {
  readonly lines: readonly ExactLine[];
  /** Resources, their subresources with them, of which at least one line is unknown. */
  readonly unpriced: number;
  readonly priced: number;
}
interface Malformed {
  readonly pointer: string;
  readonly detail: string;
}

interface Place {
  readonly pointer: string;
  readonly identity: string;
  readonly type: string;
  readonly action: ExactLine['action'];
  readonly depth: number;
}

const listAt = (owner: RawJson | undefined, name: string): readonly RawJson[] => {
  const member = memberOf(owner, name);
  return isRawList(member) ? member : [];
};
const namesIn = (owner: RawJson | undefined): ReadonlySet<string | undefined> =>
  new Set(listAt(owner, 'resources').map((resource) => textMemberOf(resource, 'name')));

type ComponentCost = ExactUsd | UnpricedReason | Malformed;

/** Null is not zero: nobody estimated the usage, or nobody knows the price. */
const componentCost = (component: RawJson, pointer: string): ComponentCost => {
  if (memberOf(component, 'priceNotFound') === true) return 'no_entry';
  const cost = memberOf(component, 'monthlyCost') ?? null;
  if (cost === null) return 'usage_missing';
  const exact = typeof cost === 'string' ? exactUsdOf(cost) : undefined;
  return exact ?? { pointer: `${pointer}/monthlyCost`, detail: 'must be a decimal text or null' };
};

/** What the components of one resource add up to, without its subresources: those have lines of their own. */
const ownCost = (resource: RawJson, pointer: string): ComponentCost => {
  let cost: ExactUsd = EXACT_ZERO;
  let unknown: UnpricedReason | null = null;
  for (const [index, component] of listAt(resource, 'costComponents').entries()) {
    const found = componentCost(component, pointerTo(`${pointer}/costComponents`, index));
    if (typeof found === 'object') return found;
    if (typeof found === 'string') unknown ??= found;
    else cost = addExact(cost, found);
  }
  return unknown ?? cost;
};

const lineOf = ({ identity, type, action }: Place, delta: ExactUsd | UnpricedReason): ExactLine => {
  const isUnknown = typeof delta === 'string';
  return {
    identity,
    type,
    action,
    entryId: null,
    status: isUnknown ? 'unpriced' : 'priced',
    reason: isUnknown ? delta : null,
    before: null,
    after: null,
    delta: isUnknown ? null : delta,
  };
};

const readResource = (resource: RawJson, place: Place, into: ExactLine[]): Malformed | null => {
  if (place.depth > DEPTH_MAX || into.length >= REPORT_LINES_MAX)
    return { pointer: place.pointer, detail: 'is one resource too many, or too deep' };
  const subresources = listAt(resource, 'subresources');
  // A resource without components of its own is only a name over its subresources.
  if (listAt(resource, 'costComponents').length > 0 || subresources.length === 0) {
    const cost = ownCost(resource, place.pointer);
    if (typeof cost === 'object') return cost;
    into.push(lineOf(place, cost));
  }
  for (const [index, sub] of subresources.entries()) {
    const name = textMemberOf(sub, 'name') ?? String(index);
    const pointer = pointerTo(`${place.pointer}/subresources`, index);
    const inner = { ...place, pointer, identity: `${place.identity}/${name}`, depth: place.depth + 1 };
    const found = readResource(sub, inner, into);
    if (found !== null) return found;
  }
  return null;
};

const TYPE = /^[\x21-\x7e]{1,128}$/;

interface Sink {
  readonly lines: ExactLine[];
  priced: number;
  unpriced: number;
}

/** Counts resources, as the tool does; its lines may be more. */
const counted = (sink: Sink, before: number): void => {
  const isUnknown = sink.lines.slice(before).some(({ status }) => status === 'unpriced');
  if (isUnknown) sink.unpriced += 1;
  else sink.priced += 1;
};

const readProject = (project: RawJson, pointer: string, into: Sink): Malformed | null => {
  const [past, planned] = [namesIn(memberOf(project, 'pastBreakdown')), namesIn(memberOf(project, 'breakdown'))];
  const label = textMemberOf(project, 'name') ?? '';
  for (const [index, resource] of listAt(memberOf(project, 'diff'), 'resources').entries()) {
    const at = pointerTo(`${pointer}/diff/resources`, index);
    const [name, type] = [textMemberOf(resource, 'name'), textMemberOf(resource, 'resourceType')];
    if (name === undefined) return { pointer: `${at}/name`, detail: 'must be text' };
    if (type === undefined || !TYPE.test(type))
      return { pointer: `${at}/resourceType`, detail: 'must be text of 1 to 128 visible ASCII characters' };
    const action = past.has(name) ? (planned.has(name) ? 'update' : 'delete') : 'create';
    const place = { pointer: at, identity: `${label}/${name}`, type, action, depth: 0 } as const;
    const before = into.lines.length;
    const found = readResource(resource, place, into.lines);
    if (found !== null) return found;
    counted(into, before);
  }
  return null;
};

/**
 * Lines of `projects[].diff.resources[]` and, recursively, of `subresources[]`. A line is what changes at that resource
 * alone, so the lines of a report add up to its total.
 *
 * @source protocols section 3.3
 */
export const readReportLines = (projects: readonly RawJson[]): ReportLines | Malformed => {
  const sink: Sink = { lines: [], priced: 0, unpriced: 0 };
  for (const [index, project] of projects.entries()) {
    const found = readProject(project, pointerTo('/projects', index), sink);
    if (found !== null) return found;
  }
  return sink;
};
