import { describe, expect, it } from '@jest/globals';
import type { HourlyUsdText, Sha256Hex, UsdText } from './brand.js';
import { labelOf, normaliseEnvironment } from './environment.js';
import { derivedKey, payloadHash, requestFingerprint, subjectHash, type ChangeIdentity } from './fingerprint.js';
import { jcsText } from './jcs.js';

const usd = (text: string) => text as UsdText;
const hourly = (text: string) => text as HourlyUsdText;
const deltas = (monthly: string, perHour: string) => ({
  monthly_delta_usd: usd(monthly),
  hourly_delta_usd: hourly(perHour),
});
const V1: ChangeIdentity = {
  source: 'terraform',
  project_id: 'default',
  environment_label: labelOf(normaliseEnvironment('Production')),
  action: 'terraform.apply',
  resource_reference: 'module.db.aws_db_instance.main',
  metadata: jcsText({ resource_type: 'aws_db_instance' }),
};
const SENT = {
  tenantId: 'acme',
  dryRun: false,
  request: {
    ...V1,
    environment_raw: 'production',
    declared_monthly_delta_usd: usd('125.5000'),
    declared_hourly_delta_usd: hourly('0.170000'),
    options: {},
  },
};

describe('the vectors of the contract', () => {
  it('V1: a Terraform change in production', () => {
    expect(requestFingerprint(V1, deltas('125.5000', '0.170000'))).toBe(
      '0d8c9198c1bfb8ab80da650926a024bcee91a832b5deeca15cacdef01dfdcfff',
    );
  });

  it('V2: an environment that no label stands for', () => {
    const change: ChangeIdentity = { ...V1, source: 'k8s_admission', environment_label: labelOf('qa'), metadata: '{}' };
    expect(requestFingerprint(change, deltas('0.0000', '0.000000'))).toBe(
      '34ff47ffa4de3ad9860b5bd4a5c0fff888f8fa76ead29c2756636e1245044172',
    );
  });

  it('V3: a saving, decimals and letters beyond ASCII', () => {
    const metadata = jcsText({ a: [true, null, 0.1], Größe: 1.5 });
    expect(requestFingerprint({ ...V1, metadata }, deltas('-125.5000', '-0.170000'))).toBe(
      'e0d0cc1a90363d0ac00132ffac63fa43d4c0eaf11f437d41e39398edf6c0d538',
    );
  });

  it('S1: the subject, whatever it costs', () => {
    expect(subjectHash(V1)).toBe('d5e03a002edbeea066eab1eaf48e9be24a69d36b085972a6b5ed604b6cd157b4');
  });

  it('P1 and P2: the payload, for real and as a dry run', () => {
    expect(payloadHash(SENT)).toBe('f049ad6cc5710a2d69b6f47cc7b22a68ca9e7198e8287abfdbd7e4b694617098');
    expect(payloadHash({ ...SENT, dryRun: true })).toBe(
      'f1a914c6b5fb49a27de288222af0e5183e8c3d7b3a70864f9968b32f249113fd',
    );
  });
});

describe('hashes', () => {
  it('keep an unknown amount apart from zero', () => {
    const unknown = requestFingerprint(V1, { monthly_delta_usd: null, hourly_delta_usd: null });
    expect(unknown).not.toBe(requestFingerprint(V1, deltas('0.0000', '0.000000')));
  });

  it('tell an absent amount and each option from the payload without', () => {
    const { request } = SENT;
    const hashes = [
      payloadHash(SENT),
      payloadHash({ ...SENT, request: { ...request, declared_hourly_delta_usd: null } }),
      payloadHash({ ...SENT, request: { ...request, declared_hourly_delta_usd: hourly('0.000000') } }),
      payloadHash({ ...SENT, request: { ...request, options: { stage: 'pre_plan' } } }),
      payloadHash({ ...SENT, request: { ...request, options: { atomic: true } } }),
      payloadHash({ ...SENT, tenantId: 'other' }),
      payloadHash({ ...SENT, request: { ...request, environment_raw: 'prod' } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('derived keys', () => {
  const preflight = (resource_reference: string) =>
    derivedKey({
      kind: 'preflight',
      runId: 'run-1',
      stage: 'pre_plan',
      change: { project_id: 'web', environment_raw: 'production', action: 'terraform.apply', resource_reference },
    });

  it('tell two resources of one run apart', () => {
    expect(preflight('aws_db_instance.main')).toBe('terraform:run-1:pre_plan:6673343824cdd707');
    expect(preflight('aws_instance.api[0]')).toBe('terraform:run-1:pre_plan:d1114a2b1fdd3a67');
  });

  it('follow the forms of the contract for the other callers', () => {
    const fingerprint = 'f'.repeat(64) as Sha256Hex;
    const review = { kind: 'admission_review', clusterId: 'c1', fingerprint, environmentRaw: 'prod' } as const;
    expect(derivedKey({ kind: 'run_task', taskResultId: 'taskrs-1' })).toBe('runtask:taskrs-1');
    expect(derivedKey({ ...review, generatedName: null })).toBe(`k8s:c1:${fingerprint}:prod`);
    expect(derivedKey({ ...review, generatedName: 'job-x7' })).toBe(`k8s:c1:${fingerprint}:prod:job-x7`);
    expect(derivedKey({ kind: 'other', payloadHash: fingerprint })).toBe(`auto:${fingerprint}`);
  });

  it('tell events of one id from two sources apart', () => {
    const [a, b] = ['/ci/a', '/ci/b'].map((eventSource) =>
      derivedKey({ kind: 'cloud_event', eventSource, eventId: '7' }),
    );
    expect(a).toMatch(/^cloudevent:[0-9a-f]{16}:7$/);
    expect(a).not.toBe(b);
  });
});
