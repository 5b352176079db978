import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ledgerPage, mintToken } from './admin.mjs';

const PAGE = 1000;
const LEAF = /"leaf_hash":"([0-9a-f]{64})"/g;
/** A page may hold less than was asked for. */
const LAST = /"last_revision":(\d+)/;

/** Acknowledged leaf hashes by tenant, from the files that the load wrote. */
export const readAcknowledged = async (files) => {
  const byTenant = new Map();
  let count = 0;
  for (const { path, tenants } of files) {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const [tenant, revision, leafHash] = line.split(' ');
      if (leafHash === undefined) continue;
      const name = tenants[Number(tenant)];
      const known = byTenant.get(name) ?? new Map();
      known.set(leafHash, Number(revision));
      byTenant.set(name, known);
      count += 1;
    }
  }
  return { byTenant, count };
};

/** Takes every leaf hash that the ledger shows from the ones that are looked for. */
const walk = async (url, token, left, deadline) => {
  const last = [...left.values()].reduce((highest, revision) => Math.max(highest, revision), -1);
  for (let from = 0; from <= last && left.size > 0 && Date.now() <= deadline;) {
    const text = await ledgerPage(url, token, { from, limit: PAGE });
    for (const [, leafHash] of text.matchAll(LEAF)) left.delete(leafHash);
    const end = LAST.exec(text);
    if (end === null) return; // The journal ends before the revision that was acknowledged.
    from = Number(end[1]) + 1;
  }
};

/**
 * Looks every acknowledged decision up in the ledger by its leaf hash. `twice` counts answers that named an entry which
 * another answer had named: with distinct keys there is none. `unread` is not zero when the time was over first.
 */
export const auditAcknowledged = async ({ url, keys, files, secondsMax }) => {
  const { byTenant, count } = await readAcknowledged(files);
  const distinct = [...byTenant.values()].reduce((sum, leaves) => sum + leaves.size, 0);
  const deadline = Date.now() + secondsMax * 1000;
  let missing = 0;
  let unread = 0;
  for (const [tenant, left] of byTenant) {
    const token = await mintToken(keys, { tenant, subject: 'bench-auditor', roles: ['auditor'] });
    await walk(url, token, left, deadline);
    if (Date.now() > deadline) unread += left.size;
    else missing += left.size;
  }
  return { acknowledged: count, twice: count - distinct, missing, unread, found: distinct - missing - unread };
};
