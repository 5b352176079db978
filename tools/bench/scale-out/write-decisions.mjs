import { journalName, originOf, recordEntry } from '@verdict/application';
import { sealEntry } from '@verdict/ledger';
import { randomUUID } from 'node:crypto';

/** Fills one append: entries of a decision are about 3.4 kB, and an append holds 900 KiB. */
const BATCH = 200;

/** The newest decision of a tenant, as the gate recorded it. */
export const readTemplate = async (journals, tenant) => {
  const name = journalName('decisions', tenant);
  const [head] = await journals.heads([name]);
  for await (const stored of journals.read(name, head, 1)) return recordEntry(stored);
  throw new Error(`${tenant} has no decision to copy`);
};

/** A decision like the template, under an id, key and resource of its own. */
const copyOf = ({ type, typeV, actor, causes, observed, payload }, { origin, revision, nowMs }) => {
  const decisionId = randomUUID();
  const at = new Date(nowMs).toISOString();
  return sealEntry({
    ...{ origin, revision, type, typeV, actor, causes, observed },
    commandId: `bench:${decisionId}`,
    ordinal: 0,
    occurredAt: at,
    recordedAt: at,
    correlationId: null,
    traceparent: null,
    payload: {
      ...payload,
      decision_id: decisionId,
      key: { ...payload.key, text: decisionId },
      request: { ...payload.request, resource_reference: `module.bench.${decisionId}` },
    },
  });
};

/** Appends copies of a tenant's newest decision, one append after the other, as fast as the log takes them. */
export const writeDecisions = async ({ journals, logHost, nowMs = Date.now }, { tenant, count }) => {
  const template = await readTemplate(journals, tenant);
  const name = journalName('decisions', tenant);
  const origin = originOf(logHost, tenant, 'decisions');
  let { revision } = template;
  for (let left = count; left > 0;) {
    const size = Math.min(BATCH, left);
    const batch = Array.from({ length: size }, (_, index) =>
      copyOf(template, { origin, revision: revision + 1n + BigInt(index), nowMs: nowMs() }),
    );
    const result = await journals.append(name, revision, batch);
    if (result.kind !== 'appended') throw new Error(`an append of ${name} ended as ${result.kind}`);
    ({ revision } = result);
    left -= size;
  }
};
