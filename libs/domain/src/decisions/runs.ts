import type { DecisionId, Instant, Sha256Hex } from '../shared/brand.js';
import { BoundedMap } from '../shared/bounded-map.js';
import { accepted, type Keyed, type Result } from '../shared/entry.js';
import type { DecisionRecorded, DecisionReanswered, DecisionsEntry, RecordedRequest } from './decisions.entries.js';

/** The newest decision about a run that several tasks of one installation ask about. */
export interface RunAnswer {
  readonly decisionId: DecisionId;
  readonly revision: bigint;
  readonly requestFingerprint: Sha256Hex;
  readonly expiresAt: Instant;
  readonly isPermitted: boolean;
  readonly needsApproval: boolean;
  /** The newest decision of the run that held money: a later one that holds nothing leaves its hold alone. */
  readonly holderId: DecisionId | null;
}
export type RunAnswers = BoundedMap<RunAnswer>;

/** Runs that are remembered at least. A run that is forgotten holds nothing and is decided like a new one. */
const RUNS_KEPT = 25_000;
export const noRuns: RunAnswers = BoundedMap.ofCapacity(RUNS_KEPT);

/** Installations number their runs themselves, so a run is named by both. */
export const runKey = (integrationId: string, runId: string): string => `${integrationId}\n${runId}`;
const keyOfRun = (run: RecordedRequest['run']): string | undefined =>
  run?.task === undefined ? undefined : runKey(run.task.integration_id, run.run_id);

interface Remembered {
  readonly recorded: DecisionRecorded;
  readonly revision: bigint;
  /** Whether an answer is remembered beyond its time. */
  readonly isNeeded: (answer: RunAnswer) => boolean;
}

/** What a decision of a run task leaves for the next task of the run; a dry run leaves nothing. */
export const rememberRun = (runs: RunAnswers, { recorded, revision, isNeeded }: Remembered): RunAnswers => {
  const key = keyOfRun(recorded.request.run);
  if (key === undefined || recorded.dry_run) return runs;
  const isHolding = recorded.hold.legs.length > 0;
  const answer: RunAnswer = {
    decisionId: recorded.decision_id,
    revision,
    requestFingerprint: recorded.request_fingerprint,
    expiresAt: recorded.expires_at,
    isPermitted: recorded.decision === 'ALLOW' || recorded.decision === 'ALLOW_WITH_CREDITS',
    needsApproval: recorded.approval !== null,
    holderId: isHolding ? recorded.decision_id : (runs.get(key)?.holderId ?? null),
  };
  return runs.set(key, answer, isNeeded);
};

/** The answer that an earlier task of the same run got, if any. */
export const earlierOfRun = (runs: RunAnswers, run: RecordedRequest['run']): RunAnswer | undefined => {
  const key = keyOfRun(run);
  return key === undefined ? undefined : runs.get(key);
};

/** Whether both were asked by tasks of one run of one installation; what anybody else asked under such a name never is. */
export const isOfSameRun = (one: RecordedRequest['run'], other: RecordedRequest['run']): boolean =>
  keyOfRun(one) !== undefined && keyOfRun(one) === keyOfRun(other);

/** Notes that a run has come to a stage that asks about no money; what it was answered stays. */
export interface NoteRunStage {
  readonly kind: 'note_run_stage';
  readonly integrationId: string;
  readonly runId: string;
  readonly stage: string;
  readonly key: { readonly scope: string; readonly text: string };
  readonly payloadHash: Keyed['payload_hash'];
  readonly now: Instant;
}

/** The entry that says: this question, too, was answered by that decision. @source protocols section 2 */
export const reanswered = (
  answer: RunAnswer,
  asked: Omit<NoteRunStage, 'kind'>,
): { readonly type: 'decision_reanswered'; readonly payload: DecisionReanswered } => ({
  type: 'decision_reanswered',
  payload: {
    decision_id: answer.decisionId,
    decision_revision: Number(answer.revision),
    key: asked.key,
    payload_hash: asked.payloadHash,
    integration_id: asked.integrationId,
    run_id: asked.runId,
    stage: asked.stage,
    expires_at: answer.expiresAt,
    needs_approval: answer.needsApproval,
    is_permitted: answer.isPermitted,
    reanswered_at: asked.now,
  },
});

/** A run that nobody asked about has nothing to note; a task that comes twice is noted once. */
export const decideNoteRunStage = (
  command: NoteRunStage,
  runs: RunAnswers,
  isKnown: boolean,
): Result<DecisionsEntry, never> => {
  const answer = runs.get(runKey(command.integrationId, command.runId));
  return answer === undefined || isKnown ? accepted() : accepted<DecisionsEntry>(reanswered(answer, command));
};
