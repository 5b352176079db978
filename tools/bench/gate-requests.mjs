import { planOf20 } from './sample-plan.mjs';

const API = '/api/v1/enforcement';
export const GATE_PATH = `${API}/gate/terraform`;

const generic = (run, number) => ({
  action: 'terraform.apply',
  resource_reference: `module.bench.${run}-${number}`,
  project_id: 'bench',
  environment: 'prod',
  estimated_monthly_delta_usd: '0.25',
  metadata: { team: 'platform', run },
});

/** A change with a plan of 20 resources, which the gate prices itself. */
const preflight = (run, number) => ({
  resource_reference: `module.bench.${run}-${number}`,
  project_id: 'bench',
  environment: 'prod',
  run_id: `${run}-${number}`,
  plan: planOf20(number),
});

/** A new Deployment, of two pods that cost something. */
const review = (run, number) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: `${run}-${number}`,
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    name: `bench-${run}-${number}`,
    namespace: 'bench',
    operation: 'CREATE',
    userInfo: { username: 'bench', groups: ['system:authenticated'] },
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: `bench-${run}-${number}`, namespace: 'bench' },
      spec: {
        replicas: 2,
        template: { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '500m', memory: '256Mi' } } }] } },
      },
    },
    oldObject: null,
    dryRun: false,
  },
});

/** What is asked, where, and whether by the secret of a cluster. A review has no key: it is its own. */
const KINDS = {
  generic: { path: GATE_PATH, bodyOf: generic, hasKey: true },
  preflight: { path: `${GATE_PATH}/preflight`, bodyOf: preflight, hasKey: true },
  review: { path: `${API}/gate/k8s/admission/review?timeout=10s`, bodyOf: review, hasKey: false },
};

/** Makes whole gate requests: each with a key, a resource and hence a hold of its own; tenants take turns. */
export const gateRequests = ({ host, port, run, tokens, kind = 'generic' }) => {
  const { path, bodyOf, hasKey } = KINDS[kind];
  let made = 0;
  const heads = tokens.map(
    (token) =>
      `POST ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\nauthorization: Bearer ${token}\r\n` +
      'content-type: application/json\r\n',
  );
  return () => {
    const number = made;
    made += 1;
    const tenant = number % tokens.length;
    const body = JSON.stringify(bodyOf(run, number));
    const key = hasKey ? `idempotency-key: ${run}-${number}\r\n` : '';
    const head = `${heads[tenant]}${key}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return { tenant, bytes: Buffer.from(head + body) };
  };
};

const ENTRY = '"entry":{';

/** What a verdict says of itself; undefined when the body is not a verdict with its entry. */
export const readVerdict = (body) => {
  const text = body.toString('utf8');
  const from = text.indexOf(ENTRY);
  if (from === -1) return undefined;
  const { revision, leaf_hash: leafHash } = JSON.parse(
    text.slice(from + ENTRY.length - 1, text.indexOf('}', from) + 1),
  );
  const isWanted = text.includes('"decision":"ALLOW"') && text.includes('"reservation_active":true');
  return { revision, leafHash, isWanted };
};

/** Whether a review permits its object as the bench means it to. It names no entry: its decision is not looked up. */
export const isWantedReview = (body) => {
  const text = body.toString('utf8');
  return text.includes('"allowed":true') && text.includes('"decision":"ALLOW"');
};
