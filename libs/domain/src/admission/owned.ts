import { resourceName } from '../pricing/kubernetes/facts.js';
import { isRawList, memberOf, textMemberOf, type RawJson } from '../shared/raw-json.js';
import { globMatches } from '../shared/glob.js';
import { subjectOf, type AdmissionRequest } from './review.js';

const OWNED: ReadonlySet<string> = new Set(['pods', 'replicasets.apps', 'jobs.batch']);
const OWNERS: ReadonlySet<string> = new Set([
  'apps Deployment',
  'apps StatefulSet',
  'apps ReplicaSet',
  'apps DaemonSet',
  'batch Job',
  'batch CronJob',
  ' ReplicationController',
]);

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/', 1)[0] ?? '') : '');

const isPricedController = (owner: RawJson): boolean =>
  memberOf(owner, 'controller') === true &&
  OWNERS.has(`${groupOf(textMemberOf(owner, 'apiVersion') ?? '')} ${textMemberOf(owner, 'kind') ?? ''}`);

const ownersOf = (object: RawJson): readonly RawJson[] => {
  const owners = memberOf(memberOf(object, 'metadata'), 'ownerReferences');
  return isRawList(owners) ? owners : [];
};

/**
 * Whether the price of its owner covers an object: a controlling owner of a priced kind, **and** a controller that the
 * integration trusts. An owner alone proves nothing: anyone can write it down.
 *
 * @param trusted globs over user names; only a cluster's administrator can act as one of the control plane's accounts.
 * @source protocols section 1.4 rule 6
 */
export const isCoveredByOwner = (request: AdmissionRequest, trusted: readonly string[]): boolean =>
  OWNED.has(resourceName(request)) &&
  request.subresource === '' &&
  ownersOf(subjectOf(request)).some(isPricedController) &&
  trusted.some((glob) => globMatches(glob, request.username));
