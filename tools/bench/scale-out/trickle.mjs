import { setTimeout as sleep } from 'node:timers/promises';
import { GATE_PATH } from '../gate-requests.mjs';

const EVERY_MS = 50;

let made = 0;

const decide = async (url, tenant, token) => {
  made += 1;
  const key = `trickle-${process.pid.toString(36)}-${made}`;
  const response = await fetch(`${url}${GATE_PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({
      action: 'terraform.apply',
      resource_reference: `module.${key}`,
      project_id: 'bench',
      environment: 'prod',
      estimated_monthly_delta_usd: '0.25',
      metadata: { team: 'platform' },
    }),
  });
  if (!response.ok) return undefined; // The other gate has just died: the next request is as good.
  const { decision_id: decisionId, entry } = await response.json();
  return { tenant, decisionId, revision: entry.revision, atMs: Date.now() };
};

/** Sends a decision at a time to one gate, tenants in turn, until it is stopped. */
export const startTrickle = ({ url, tenants, tokens, onDecided = () => undefined }) => {
  let isStopped = false;
  const run = async () => {
    for (let turn = 0; !isStopped; turn = (turn + 1) % tenants.length) {
      const decided = await decide(url, tenants[turn], tokens[turn]);
      if (decided !== undefined) onDecided(decided);
      await sleep(EVERY_MS);
    }
  };
  const running = run();
  running.catch(() => undefined); // Whoever stops it is told.
  return {
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
};
