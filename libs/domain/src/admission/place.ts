import type { ClusterTerms, NamespaceRule } from '../policy/integrations.entries.js';
import { namespaceRuleOf } from '../policy/integrations.state.js';
import { normaliseEnvironment, UNSPECIFIED_ENVIRONMENT } from '../shared/environment.js';
import type { RawJson } from '../shared/raw-json.js';
import { globMatches } from '../shared/glob.js';
import { annotationOf, labelValueOf, namespaceOf, subjectOf, type AdmissionRequest } from './review.js';

/** Where a change belongs, and what was odd about finding it. */
export interface AdmissionPlace {
  readonly projectId: string;
  readonly environment: string;
  readonly warnings: readonly string[];
}

const PROJECT = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/;
const ENVIRONMENT_LENGTH_MAX = 32;
const NO_CONTROL = /^[^\u0000-\u001f\u007f]*$/;

const isProject = (text: string): boolean => PROJECT.test(text) && !text.includes('/env:');
/** As in the body of every gate: one line, in Unicode normal form C. @source contract section 5.1 */
const isEnvironment = (text: string): boolean =>
  text.length <= ENVIRONMENT_LENGTH_MAX && NO_CONTROL.test(text) && text.normalize('NFC') === text;

const elsewhere = (warning: string): AdmissionPlace => ({
  projectId: 'default',
  environment: UNSPECIFIED_ENVIRONMENT,
  warnings: [warning],
});

/** An annotation, else a label; prefixes in their order. */
const saidBy = (object: RawJson, prefixes: readonly string[], name: string): string | undefined => {
  for (const prefix of prefixes) {
    const key = `${prefix}/${name}`;
    const said = annotationOf(object, key) ?? labelValueOf(object, key);
    if (said !== undefined) return said;
  }
  return undefined;
};

/** What an object says is its requester's own word. */
const isAllowed = ({ allowed }: NamespaceRule, projectId: string, environment: string): boolean =>
  allowed.some((glob) => globMatches(glob, projectId) || globMatches(glob, `${projectId}/${environment}`));

const fromObject = (rule: NamespaceRule, object: RawJson, prefixes: readonly string[]): AdmissionPlace => {
  const ruled: AdmissionPlace = { projectId: rule.project_id, environment: rule.environment, warnings: [] };
  const [project, environment] = [saidBy(object, prefixes, 'project-id'), saidBy(object, prefixes, 'environment')];
  if (project === undefined && environment === undefined) return ruled;
  const place = { projectId: project ?? rule.project_id, environment: environment ?? rule.environment, warnings: [] };
  if (!isProject(place.projectId) || !isEnvironment(place.environment))
    return elsewhere('the project or environment that the object names is not a legal one');
  const isFree = isAllowed(rule, place.projectId, normaliseEnvironment(place.environment));
  return isFree ? place : { ...ruled, warnings: ['this namespace may not choose that project or environment'] };
};

/**
 * The project and environment of a change in a cluster.
 *
 * An object's own words count where its rule has `from_object`, and a glob of `allowed` matches `<project>` or
 * `<project>/<environment>`.
 *
 * @returns project `default` and environment `unspecified`, which is strict, when no rule fits or a value is not legal.
 * @source protocols section 1.3, "project_id, environment"
 */
export const admissionPlace = (request: AdmissionRequest, terms: ClusterTerms): AdmissionPlace => {
  const rule = namespaceRuleOf(terms, namespaceOf(request));
  if (rule === undefined) return elsewhere('no rule of the integration covers this namespace');
  if (rule.from_object) return fromObject(rule, subjectOf(request), terms.annotation_prefixes);
  return { projectId: rule.project_id, environment: rule.environment, warnings: [] };
};
