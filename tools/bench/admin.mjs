import { BENCH_BOOK } from './sample-plan.mjs';

const API = '/api/v1/enforcement';
const TTL_SECONDS = 3600;
const AT_ONCE = 16;

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A caller token as the standalone's own issuer makes it. */
export const mintToken = async (keys, { tenant, subject, roles }) => {
  const [key] = await keys.publicKeys('issuer');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'verdict-standalone',
    aud: 'verdict',
    sub: subject,
    tenant_id: tenant,
    roles,
    iat: now,
    exp: now + TTL_SECONDS,
  };
  const text = `${encoded({ alg: 'EdDSA', kid: key.kid, typ: 'JWT' })}.${encoded(claims)}`;
  const { signature } = await keys.sign('issuer', Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
};

const call = async (url, token, { method = 'GET', path, body, headers = {} }) => {
  const response = await fetch(`${url}${API}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return response;
};

/** Small changes to production pass without a person, on the caller's word, and each holds its money. */
const POLICY = {
  approval: { required: { prod: false, nonprod: false } },
  pricing: { declared: { prod: 'accept', nonprod: 'accept' } },
};

const prepareOne = async (url, keys, tenant, rules) => {
  const admin = await mintToken(keys, { tenant, subject: 'bench-admin', roles: ['admin'] });
  const inForce = await call(url, admin, { path: '/policies' });
  const etag = inForce.headers.get('etag') ?? `"${(await inForce.json()).version}"`;
  await call(url, admin, {
    method: 'POST',
    path: '/policies',
    headers: { 'if-match': etag },
    body: { document: { ...POLICY, rules }, message: 'bench: small changes pass and hold' },
  });
  await call(url, admin, {
    method: 'POST',
    path: '/budgets',
    body: { scope: 'tenant', period: 'month', limit_usd: '900000000' },
  });
};

/** Gives each tenant its policy and its budget; answers with one gate token each. */
export const prepareTenants = async (url, keys, tenants, rules = []) => {
  for (let from = 0; from < tenants.length; from += AT_ONCE) {
    await Promise.all(tenants.slice(from, from + AT_ONCE).map((tenant) => prepareOne(url, keys, tenant, rules)));
  }
  return Promise.all(tenants.map((tenant) => mintToken(keys, { tenant, subject: 'bench', roles: ['member'] })));
};

/** Prices what the plans and objects of the bench have, and lets one cluster in; answers with the secret of the cluster. */
export const prepareEvidence = async (url, keys, tenant) => {
  const admin = await mintToken(keys, { tenant, subject: 'bench-admin', roles: ['admin'] });
  await call(url, admin, { method: 'POST', path: '/price-books', body: BENCH_BOOK });
  const created = await call(url, admin, {
    method: 'POST',
    path: '/integrations',
    body: {
      kind: 'k8s',
      name: 'bench',
      cluster_id: 'bench',
      ways: ['bearer'],
      project_rules: [{ namespace: 'bench', project_id: 'bench', environment: 'prod' }],
    },
  });
  return (await created.json()).secrets.bearer;
};

/** Text of one page of a tenant's decisions in the ledger, from a revision on. */
export const ledgerPage = async (url, token, { from, limit }) => {
  const response = await call(url, token, { path: `/ledger?journal=decisions&from_revision=${from}&limit=${limit}` });
  return response.text();
};

/** Count and sum of the entries in one append of decisions so far. */
export const batchesOf = async (url) => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sumOf = (part) =>
    [...text.matchAll(new RegExp(`^(\\w*)journal_append_batch_size_${part}\\{([^}]*)\\} (\\S+)$`, 'gm'))]
      .filter(([, , labels]) => labels.includes('kind="decisions"'))
      .slice(0, 1) // The same instrument may be published under several prefixes.
      .reduce((sum, [, , , value]) => sum + Number(value), 0);
  return { appends: sumOf('count'), entries: sumOf('sum') };
};
