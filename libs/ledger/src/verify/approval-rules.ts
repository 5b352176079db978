import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonValue } from '../json/json-value.js';
import { isFulfilled, type Ways, waysOf } from './approval-route.js';
import { instantAt, integerAt, objectAt, textAt, textOrNullAt, usdAt, usdOrNullAt, usdText } from './payload.js';

/** What a decision pinned for its approval, before anybody asks for it. */
interface Pinned {
  readonly decisionId: string;
  readonly terms: string;
  readonly requester: string;
}

interface Vote {
  readonly vote: string;
  /** Stages it may count in. */
  readonly stages: readonly string[];
}

interface Approval {
  readonly decisionId: string;
  readonly quorum: number;
  /** The ways of its route; undefined: one stage, in which every vote counts. */
  readonly ways: Ways | undefined;
  readonly isSeparated: boolean;
  readonly unfunded: bigint;
  readonly approveBy: string;
  /** Creator, the person behind it, and everybody who filed: they may not vote where duties are separated. */
  readonly excluded: Set<string>;
  /** A person's newest vote counts. */
  readonly votes: Map<string, Vote>;
  /** How often a grant may be used, and how often it was. */
  readonly usesMax: number;
  uses: number;
  useBy: string | undefined;
  jti: string | undefined;
}

type Step = (approval: Approval, payload: JsonValue) => readonly string[];

/**
 * Check 13: granted before consumed, quorum, separation of duties, caps, no double consumption.
 * Memory grows with open approvals. In a bundle that does not begin with the journals, approvals requested earlier are
 * unknown and left alone; then the ids of those that ended are kept, so that a second consumption is still seen.
 * @source contract section 11
 */
export class ApprovalRules {
  readonly #pinned = new Map<string, Pinned>();
  readonly #approvals = new Map<string, Approval>();
  readonly #ended = new Set<string>();
  /** What each later entry of an approval does. */
  readonly #steps: Readonly<Record<string, Step | undefined>> = {
    approval_request_filed: (approval, payload) => this.#file(approval, payload),
    vote_cast: (approval, payload) => this.#vote(approval, payload),
    approval_granted: (approval, payload) => this.#grant(approval, payload),
    grant_used_up: (approval, payload) => this.#useUp(approval, payload),
    token_issued: (approval, payload) => this.#issue(approval, payload),
    token_consumed: (approval, payload) => this.#consume(approval, payload),
    approval_denied: (_approval, payload) => this.#end(payload),
    approval_expired: (_approval, payload) => this.#end(payload),
    approval_withdrawn: (_approval, payload) => this.#end(payload),
  };

  constructor(readonly isComplete: boolean) {}

  /** Folds one entry; returns what it breaks. @throws PayloadDefect when the payload cannot be read. */
  apply(type: string, payload: JsonValue): readonly string[] {
    if (type === 'decision_recorded') return [...this.#use(payload), ...this.#pin(payload)];
    if (type === 'approval_requested') return this.#request(payload);
    const step = this.#steps[type];
    return step === undefined ? [] : this.#with(payload, (approval) => step(approval, payload));
  }

  get openApprovals(): number {
    return this.#approvals.size + this.#pinned.size;
  }

  #pin(payload: JsonValue): readonly string[] {
    const terms = isJsonObject(payload) ? payload['approval'] : undefined;
    if (!isJsonObject(terms)) return [];
    this.#pinned.set(textAt(terms, 'approval_id'), {
      decisionId: textAt(payload, 'decision_id'),
      terms: canonicalText(terms),
      requester: canonicalText(objectAt(payload, 'requester')),
    });
    return [];
  }

  #request(payload: JsonValue): readonly string[] {
    const id = textAt(payload, 'approval_id');
    const terms = objectAt(payload, 'terms');
    const requester = objectAt(payload, 'requester');
    const problems = this.#pinProblems(id, payload);
    const delta = usdOrNullAt(payload, 'monthly_delta_usd') ?? 0n;
    const cap = usdAt(terms, 'cap_monthly_delta_usd');
    if (delta > cap) problems.push(`the change costs ${usdText(delta)}, above the cap ${usdText(cap)} of its approval`);
    if (this.#approvals.has(id) || this.#ended.has(id)) problems.push(`approval ${id} is requested twice`);
    const onBehalfOf = textOrNullAt(requester, 'on_behalf_of');
    this.#pinned.delete(id);
    this.#approvals.set(id, {
      decisionId: textAt(payload, 'decision_id'),
      quorum: integerAt(terms, 'quorum'),
      ways: terms['route'] === undefined ? undefined : waysOf(terms['route']),
      isSeparated: terms['is_separation_required'] === true,
      unfunded: usdAt(terms, 'unfunded_usd'),
      approveBy: instantAt(payload, 'approve_by'),
      excluded: new Set([textAt(requester, 'subject'), ...(onBehalfOf === null ? [] : [onBehalfOf])]),
      votes: new Map(),
      usesMax: terms['grant_uses_max'] === undefined ? 1 : integerAt(terms, 'grant_uses_max'),
      uses: 0,
      useBy: undefined,
      jti: undefined,
    });
    return problems;
  }

  /** Terms and requester must be those that the decision pinned; otherwise the rules below would judge by others. */
  #pinProblems(id: string, payload: JsonValue): string[] {
    const pinned = this.#pinned.get(id);
    if (pinned === undefined) return this.isComplete ? [`no decision before it asks for approval ${id}`] : [];
    const isSame =
      pinned.decisionId === textAt(payload, 'decision_id') &&
      pinned.terms === canonicalText(objectAt(payload, 'terms')) &&
      pinned.requester === canonicalText(objectAt(payload, 'requester'));
    return isSame ? [] : [`approval ${id} does not have the terms and requester that its decision pinned`];
  }

  #file(approval: Approval, payload: JsonValue): readonly string[] {
    approval.excluded.add(textAt(payload, 'filed_by'));
    if (isJsonObject(payload) && payload['on_behalf_of'] !== undefined)
      approval.excluded.add(textAt(payload, 'on_behalf_of'));
    return [];
  }

  #vote(approval: Approval, payload: JsonValue): readonly string[] {
    const voter = textAt(payload, 'voter');
    approval.votes.set(voter, { vote: textAt(payload, 'vote'), stages: votedStages(payload) });
    return approval.isSeparated && approval.excluded.has(voter)
      ? [`${voter} votes on a change of their own, duties are separated`]
      : [];
  }

  #grant(approval: Approval, payload: JsonValue): readonly string[] {
    const problems = [...voteProblems(approval)];
    if (approval.useBy !== undefined) problems.push('granted twice');
    if (instantAt(payload, 'granted_at') > approval.approveBy) problems.push('granted after its approve-by');
    if (usdAt(payload, 'unfunded_usd') > approval.unfunded) {
      problems.push(`grants more than the unfunded ${usdText(approval.unfunded)} of its decision`);
    }
    approval.useBy = instantAt(payload, 'use_by');
    return [...problems, ...decisionProblems(approval, payload)];
  }

  /** A use of a grant: granted before, in time, and one after the other up to the number pinned. */
  #use(payload: JsonValue): readonly string[] {
    const use = isJsonObject(payload) ? payload['grant_use'] : undefined;
    const approval = isJsonObject(use) ? this.#approvals.get(textAt(use, 'approval_id')) : undefined;
    if (use === undefined || approval === undefined) return [];
    const problems = [...grantProblems(approval, 'a grant is used'), ...decisionProblems(approval, use)];
    const count = integerAt(use, 'use');
    const decidedAt = instantAt(payload, 'decided_at');
    if (count !== approval.uses + 1 || count > approval.usesMax)
      problems.push(
        `use ${count.toString()} of ${approval.usesMax.toString()} follows use ${approval.uses.toString()}`,
      );
    if (approval.useBy !== undefined && decidedAt >= approval.useBy) problems.push('a grant is used after its use-by');
    approval.uses = count;
    return problems;
  }

  #useUp(approval: Approval, payload: JsonValue): readonly string[] {
    const problems = [...grantProblems(approval, 'used up'), ...decisionProblems(approval, payload)];
    if (integerAt(payload, 'uses') !== approval.uses)
      problems.push(`used up after ${approval.uses.toString()} uses, not ${integerAt(payload, 'uses').toString()}`);
    return [...problems, ...this.#end(payload)];
  }

  #issue(approval: Approval, payload: JsonValue): readonly string[] {
    approval.jti = textAt(payload, 'jti');
    return [...grantProblems(approval, 'a token is issued'), ...decisionProblems(approval, payload)];
  }

  #consume(approval: Approval, payload: JsonValue): readonly string[] {
    const problems = [...grantProblems(approval, 'consumed'), ...decisionProblems(approval, payload)];
    const consumedAt = instantAt(payload, 'consumed_at');
    if (approval.jti !== textAt(payload, 'jti')) problems.push('the token consumed is not the one issued last');
    if (approval.useBy !== undefined && consumedAt > approval.useBy) problems.push('consumed after its use-by');
    if (consumedAt > instantAt(payload, 'expires_at')) problems.push('consumed after the token expired');
    this.#end(payload);
    return problems;
  }

  #end(payload: JsonValue): readonly string[] {
    const id = textAt(payload, 'approval_id');
    this.#approvals.delete(id);
    if (!this.isComplete) this.#ended.add(id);
    return [];
  }

  #with(payload: JsonValue, then: (approval: Approval) => readonly string[]): readonly string[] {
    const id = textAt(payload, 'approval_id');
    const approval = this.#approvals.get(id);
    if (approval !== undefined) return then(approval);
    const isKnownToBeOver = this.isComplete || this.#ended.has(id);
    return isKnownToBeOver ? [`approval ${id} was never requested, or has ended before`] : [];
  }
}

/** The stages a vote names as those it may count in; where it names none, the one it was cast in. */
const votedStages = (payload: JsonValue): readonly string[] => {
  const stages = isJsonObject(payload) ? payload['stages'] : undefined;
  if (stages === undefined) return [textAt(payload, 'stage_id')];
  const named = Array.isArray(stages) ? (stages as readonly JsonValue[]) : [];
  return named.flatMap((stage) => (typeof stage === 'string' ? [stage] : []));
};

const voteProblems = ({ votes, ways, quorum, isSeparated, excluded }: Approval): readonly string[] => {
  const agreed = [...votes].flatMap(([voter, { vote, stages }]) =>
    vote === 'approve' && !(isSeparated && excluded.has(voter)) ? [stages] : [],
  );
  if (ways !== undefined)
    return isFulfilled(ways, agreed) ? [] : ['granted although no way of its route has the votes it needs'];
  return agreed.length < quorum ? [`granted with ${agreed.length.toString()} of ${quorum.toString()} votes`] : [];
};

const grantProblems = (approval: Approval, what: string): readonly string[] =>
  approval.useBy === undefined ? [`${what} before it was granted`] : [];

const decisionProblems = (approval: Approval, payload: JsonValue): readonly string[] =>
  textAt(payload, 'decision_id') === approval.decisionId ? [] : ['names another decision than its request'];
