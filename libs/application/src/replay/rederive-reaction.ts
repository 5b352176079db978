import { type DecisionsEntry, type GateState, jcsText, type PolicyEntry, sha256Hex } from '@verdict/domain';
import { type GateCommand, gateService } from '../gate/gate-service.js';
import { asCanonical, decisionsEntryOf, policyEntryOf, publishedDocument } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { JournalKind } from '../journals/kinds.js';
import { isReactionOf } from '../journals/reaction-context.js';
import { differencesOf, isHolder } from './json-differences.js';
import { recordedMembers, type Rederived } from './rederive-decision.js';

export type RederivedReaction = Extract<Rederived, { kind: 'same' | 'different' | 'undecidable' }>;

/** What the gate told itself to do, or was told without anything to weigh; only ids and the time are taken as given. */
const ofDecisions = (entry: DecisionsEntry): GateCommand | undefined => {
  switch (entry.type) {
    case 'decision_reanswered': {
      const { integration_id, run_id, stage, key, payload_hash, reanswered_at } = entry.payload;
      const run = { integrationId: integration_id, runId: run_id, stage };
      return { kind: 'note_run_stage', ...run, key, payloadHash: payload_hash, now: reanswered_at };
    }
    case 'hold_voided':
      return { kind: 'end_hold', decisionId: entry.payload.decision_id, now: entry.payload.voided_at };
    case 'hold_expired':
      return { kind: 'end_hold', decisionId: entry.payload.decision_id, now: entry.payload.expired_at };
    default:
      return undefined;
  }
};

/** The text of a tenant's first policy is that of the release which wrote it, so it is given; its hash is not. */
const ofPolicy = (entry: PolicyEntry): GateCommand | undefined => {
  switch (entry.type) {
    case 'exception_granted':
      return { kind: 'grant_overage', decisionId: entry.payload.decision_id, now: entry.payload.granted_at };
    case 'policy_published': {
      const { published_at: now } = entry.payload;
      const document = publishedDocument(entry);
      const hash = sha256Hex(jcsText(asCanonical(document)));
      const idempotency = { key: null, payload_hash: hash };
      return { kind: 'publish_default_policy', document, documentSha256: hash, now, idempotency };
    }
    default:
      return undefined;
  }
};

/** The first release knew neither rollouts nor challengers. */
const isOfFirstRelease = ({ type, payload }: RecordedEntry): boolean =>
  type === 'policy_published' && isHolder(payload) && !('role' in payload);

/**
 * Derives again what the gate wrote of itself: holds that it ended since an approval ended, the room that a grant makes,
 * the first policy of a tenant; and answers to later tasks of a run, which repeat what stands.
 *
 * @param state of the gate in front of the entry.
 * @returns undefined for what somebody asked for: a decision, and what it takes over, or an administrator's entry.
 * @source architecture section 2: each service is a deterministic state machine
 */
export const rederiveReaction = (
  state: GateState,
  kind: JournalKind,
  entry: RecordedEntry,
): RederivedReaction | undefined => {
  if (!isReactionOf(gateService.name, entry.commandId) && entry.type !== 'decision_reanswered') return undefined;
  const command = kind === 'policy' ? ofPolicy(policyEntryOf(entry)) : ofDecisions(decisionsEntryOf(entry));
  const [again] = command === undefined ? [] : gateService.decide(command, state).entries;
  if (again?.type !== entry.type) return { kind: 'undecidable' };
  const { payload } = entry;
  const compared = isOfFirstRelease(entry) ? recordedMembers(payload, again.payload) : again.payload;
  return jcsText(asCanonical(payload)) === jcsText(asCanonical(compared))
    ? { kind: 'same' }
    : { kind: 'different', pointers: differencesOf(payload, compared) };
};
