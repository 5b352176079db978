import { isRawList, isRawObject, memberOf, type RawJson, type RawObject } from '../shared/raw-json.js';

const HEAD = ['version', 'currency', 'diffTotalMonthlyCost', 'diffTotalHourlyCost'];

const picked = (raw: RawJson | undefined, names: readonly string[]): RawObject =>
  Object.fromEntries(
    names.flatMap((name) => {
      const member = memberOf(raw, name);
      return member === undefined ? [] : [[name, member] as const];
    }),
  );

/** A list with each item reduced; whatever else stands there is left for the reader to name. */
const reducedList = (owner: RawJson | undefined, name: string, reduce: (item: RawJson) => RawJson): RawObject => {
  const member = memberOf(owner, name);
  if (member === undefined) return {};
  return { [name]: isRawList(member) ? member.map(reduce) : member };
};

const reducedResource = (resource: RawJson): RawJson => ({
  ...picked(resource, ['name', 'resourceType']),
  ...reducedList(resource, 'costComponents', (component) => picked(component, ['monthlyCost', 'priceNotFound'])),
  ...reducedList(resource, 'subresources', reducedResource),
});

const reducedIn = (project: RawJson, name: string, reduce: (resource: RawJson) => RawJson): RawObject =>
  isRawObject(memberOf(project, name)) ? { [name]: reducedList(memberOf(project, name), 'resources', reduce) } : {};

const unsupported = (owner: RawJson): RawObject => ({
  summary: picked(memberOf(owner, 'summary'), ['totalUnsupportedResources']),
});

const nameOnly = (resource: RawJson): RawJson => picked(resource, ['name']);

const reducedProject = (project: RawJson): RawJson => ({
  ...picked(project, ['name']),
  metadata: reducedList(memberOf(project, 'metadata'), 'errors', (error) => picked(error, ['code'])),
  ...reducedIn(project, 'pastBreakdown', nameOnly),
  ...reducedIn(project, 'breakdown', nameOnly),
  ...reducedIn(project, 'diff', reducedResource),
  ...unsupported(project),
});

/**
 * What the gate reads of a report of Infracost and nothing else, for a client that sends less: no authors, commits,
 * addresses of repositories, paths, tags. It is evidence of the same as the whole report.
 *
 * @param raw what the strict reader yields. Shapes that are wrong stay as they are: the reader of the report names them.
 * @source protocols section 3.3
 */
export const reduceInfracost = (raw: RawJson): RawJson =>
  isRawObject(raw)
    ? { ...picked(raw, HEAD), ...reducedList(raw, 'projects', reducedProject), ...unsupported(raw) }
    : raw;
