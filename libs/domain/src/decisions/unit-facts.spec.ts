import { describe, expect, it } from '@jest/globals';
import type { PodFacts } from '../pricing/kubernetes/facts.js';
import { jcsText } from '../shared/jcs.js';
import type { DecisionRecorded } from './decisions.entries.js';
import { noUnits, unitKey, withUnit } from './unit-facts.js';

const POD: PodFacts = { cpu_milli: '500', memory_bytes: null, extended: {}, node_selector: {}, runtime_class: null };
const metadata = (more: object = {}) =>
  jcsText({
    v: 1,
    cluster_id: 'east',
    resource: 'deployments.apps',
    subresource: '',
    facts: { kind: 'pods', pod: POD, replicas: '3', run: 'continuous' },
    ...more,
  });
interface Parts {
  readonly source?: string;
  readonly key?: string;
  readonly isDerived?: boolean;
  readonly decision?: string;
  readonly dryRun?: boolean;
  readonly metadata?: string;
}
/** As much of a decision as is looked at. */
const decided = ({ key = 'k8s:east:f:prod', ...parts }: Parts = {}): DecisionRecorded =>
  ({
    request: {
      source: parts.source ?? 'k8s_admission',
      resource_reference: 'deployments.apps/shop/api',
      metadata: parts.metadata ?? metadata(),
    },
    key: { scope: 'k8s_admission', text: key, is_derived: parts.isDerived ?? true, generation: 1 },
    decision: parts.decision ?? 'ALLOW',
    dry_run: parts.dryRun ?? false,
  }) as unknown as DecisionRecorded;
const found = (recorded: DecisionRecorded, cluster = 'east') =>
  withUnit(noUnits, recorded).get(unitKey(cluster, 'deployments.apps/shop/api'));

describe('what the pods of a scaled object ask for', () => {
  it('is what the last permitted review of the object said', () => {
    expect(found(decided())).toEqual(POD);
    expect(found(decided({ decision: 'ALLOW_WITH_CREDITS' }))).toEqual(POD);
    const larger = metadata({
      facts: { kind: 'pods', pod: { ...POD, cpu_milli: '4000' }, replicas: '3', run: 'continuous' },
    });
    const units = withUnit(withUnit(noUnits, decided()), decided({ metadata: larger }));
    expect(units.get(unitKey('east', 'deployments.apps/shop/api'))).toMatchObject({ cpu_milli: '4000' });
  });
  it('is that of its own cluster alone', () => {
    expect(found(decided(), 'west')).toBeUndefined();
  });
  it('is not what a review said that was refused or a dry run: the object was not changed', () => {
    expect(found(decided({ decision: 'DENY' }))).toBeUndefined();
    expect(found(decided({ decision: 'REQUIRE_APPROVAL' }))).toBeUndefined();
    expect(found(decided({ dryRun: true }))).toBeUndefined();
  });
  it("is nobody else's word: a pipeline may write any metadata, but no key of a review", () => {
    expect(found(decided({ isDerived: false }))).toBeUndefined();
    expect(found(decided({ key: 'auto:0' }))).toBeUndefined();
    expect(found(decided({ source: 'terraform' }))).toBeUndefined();
  });
  it('is not known of objects that are not scaled, or whose pods nobody could read', () => {
    expect(found(decided({ metadata: metadata({ resource: 'pods' }) }))).toBeUndefined();
    expect(found(decided({ metadata: metadata({ facts: null }) }))).toBeUndefined();
    expect(
      found(decided({ metadata: metadata({ facts: { kind: 'pods', pod: null, replicas: '3', run: 'continuous' } }) })),
    ).toBeUndefined();
    expect(found(decided({ metadata: metadata({ v: 2 }) }))).toBeUndefined();
  });
});
