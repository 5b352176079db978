import {
  type Approval,
  approvalsAnswerOf,
  type ApprovalsEntry,
  type ApprovalsState,
  evolveApprovals,
  type Keyed,
  noApprovals,
} from '@verdict/domain';
import { approvalsEntryOf } from '../journals/entries.codec.js';
import { entriesNaming } from '../journals/entries-naming.js';
import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import { journalName } from '../journals/kinds.js';
import type { ServiceHost } from '../journals/service-host.js';
import type { Revision } from '../ports/journals.js';
import type { ReadBarrier } from '../ports/platform.js';
import { type ReadModels, ReadModelsUnavailable } from '../ports/read-models.js';
import { differingMembers, type Told } from '../shared/differing-members.js';
import type { KeyLookUpDeps } from '../shared/under-key.js';
import { problemOf, type UseCaseResult } from '../shared/refusal.js';
import type { ApprovalsAnswer, ApprovalsServiceCommand } from './approvals-service.js';

export interface FirstAnswerDeps extends KeyLookUpDeps {
  readonly approvals: ServiceHost<ApprovalsState, ApprovalsServiceCommand, ApprovalsAnswer>;
  readonly log: EntryLog;
  readonly readModels: Pick<ReadModels, 'findKeyedAnswer' | 'findApproval'>;
  readonly barrier: ReadBarrier;
}

/** What a key was answered first. */
export interface FirstAnswer {
  /** As it stood when the command was written. */
  readonly approval: Approval;
  /** The entry that has the key, and the last that the same command wrote. */
  readonly answer: RecordedEntry;
  readonly last: RecordedEntry;
  readonly keyed: Keyed;
}

const WAIT_MS = 2_000;
/** A vote, what it settles, and the token that this makes. */
const ENTRIES_OF_A_COMMAND_MAX = 3;

const entriesOfCommand = async (log: EntryLog, journal: string, revision: Revision) => {
  const found: RecordedEntry[] = [];
  for await (const entry of log.read(journal, revision, ENTRIES_OF_A_COMMAND_MAX)) {
    if (found[0] !== undefined && entry.commandId !== found[0].commandId) break;
    found.push(entry);
  }
  const [answer, last] = [found[0], found.at(-1)];
  if (answer === undefined || last === undefined)
    throw new Error(`${journal}@${revision.toString()} is not in the log`);
  return { answer, last };
};

const approvalIdIn = (entry: ApprovalsEntry): string => entry.payload.approval_id ?? '';

/** The approval after its entries up to a revision, by the same fold as ever; they are read from its request on. */
const approvalAt = async (
  deps: FirstAnswerDeps,
  tenantId: string,
  { approvalId, at }: { readonly approvalId: string; readonly at: Revision },
): Promise<Approval> => {
  const current = (await deps.approvals.current(tenantId)).state.approvals.get(approvalId);
  if (current?.revision === at) return current; // Nothing has been said of it since.
  await deps.barrier.waitFor(tenantId, 'approvals', at, WAIT_MS);
  const row = await deps.readModels.findApproval(tenantId, approvalId);
  let state = noApprovals;
  if (row !== undefined) {
    const range = { text: approvalId, from: row.revision, to: at };
    for await (const recorded of entriesNaming(deps.log, journalName('approvals', tenantId), range))
      state = evolveApprovals(state, {
        journal: 'approvals',
        entry: approvalsEntryOf(recorded),
        revision: recorded.revision,
      });
  }
  const approval = state.approvals.get(approvalId);
  if (approval === undefined) throw new ReadModelsUnavailable(`the read models lack the approval ${approvalId}`);
  return approval;
};

/**
 * The answer that an entry of the approvals journal was, as it was given, whatever has become of the approval since.
 *
 * @throws ReadModelsUnavailable, LogUnreadable.
 */
export const firstAnswer = async (
  deps: FirstAnswerDeps,
  tenantId: string,
  revision: Revision,
): Promise<FirstAnswer> => {
  const { answer, last } = await entriesOfCommand(deps.log, journalName('approvals', tenantId), revision);
  const entry = approvalsEntryOf(answer);
  const keyed = approvalsAnswerOf(entry)?.keyed;
  if (keyed === undefined) throw new Error(`${entry.type} answers no key`);
  const approval = await approvalAt(deps, tenantId, { approvalId: approvalIdIn(entry), at: last.revision });
  return { approval, answer, last, keyed };
};

/** What was asked for, as far as the entry tells; see `differingMembers`. */
const toldBy = ({ answer, approval }: FirstAnswer): readonly Told[] => {
  const { type, payload } = approvalsEntryOf(answer);
  const approval_id = approval.approvalId;
  switch (type) {
    case 'approval_request_filed':
      return [{ operation: 'file', decision_id: approval.decisionId, ticket: payload.ticket }];
    case 'vote_cast': {
      const vote = { operation: payload.vote, approval_id, ticket: payload.ticket };
      return [
        { ...vote, stage_id: undefined },
        { ...vote, stage_id: payload.stage_id },
      ];
    }
    case 'token_consumed':
      return consumed(approval);
    default:
      return [{ operation: type === 'token_issued' ? 'reissue' : 'withdraw', approval_id }];
  }
};

/** What was consumed equals what was approved; the deltas are not recorded, and are mostly not sent. */
const consumed = ({ requested: { binding }, token }: Approval): readonly Told[] => {
  const equal = {
    operation: 'consume',
    ...(token === null ? {} : { token_sha256: token.tokenSha256 }),
    source: binding.source,
    project_id: binding.project_id,
    request_fingerprint: binding.request_fingerprint,
    resource_reference: binding.resource_reference,
  };
  return [{ ...equal, monthly: null, hourly: null }, equal];
};

/** Members of the requests, where their names are not those that are hashed. */
const NAMES = {
  token_sha256: 'approval_token',
  source: 'expected_source',
  project_id: 'expected_project_id',
  environment: 'expected_environment',
  request_fingerprint: 'expected_request_fingerprint',
  resource_reference: 'expected_resource_reference',
  monthly: 'estimated_monthly_delta_usd',
  hourly: 'estimated_hourly_delta_usd',
};

/** The key stands for something else already. */
export const keyConflict = (first: FirstAnswer, asked: Told): UseCaseResult<never> =>
  problemOf('idempotency_conflict', {
    detail: 'this key answered another request before',
    extra: {
      differing_fields: differingMembers(asked, { firsts: toldBy(first), hash: first.keyed.payload_hash }, NAMES),
    },
  });
