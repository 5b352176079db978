import {
  type Instant,
  jcsText,
  policyInForce,
  type PolicyRule,
  type PolicyState,
  type PolicyVersion,
} from '@verdict/domain';
import { breathing } from '../shared/breathe.js';
import { gateService } from '../gate/gate-service.js';
import { recordedDecision } from '../journals/entries.codec.js';
import type { ReplaySource } from './walk-decisions.js';

/** A rule of the policy in force, and what became of it in the period. */
export interface RuleUse {
  readonly id: string;
  /** Decisions that evaluated this very condition. */
  readonly evaluated: number;
  readonly matched: number;
}

export interface Upcoming {
  readonly kind: 'waiver' | 'credit' | 'version';
  /** Of a version: its number. */
  readonly id: string;
  /** When the waiver or credit ends, or the version takes effect. */
  readonly at: Instant;
  /** Its reason, or its message. */
  readonly about: string;
}

export interface PolicyReview {
  readonly tenantId: string;
  /** null: no policy is in force. */
  readonly version: number | null;
  /** Decisions of the period. */
  readonly decisions: number;
  /** Enabled rules, in the order of the policy. */
  readonly rules: readonly RuleUse[];
  readonly disabled: readonly { readonly kind: 'rule' | 'route'; readonly id: string }[];
  /** By time. */
  readonly upcoming: readonly Upcoming[];
}

export interface ReviewTerms {
  /** Decisions since then. */
  readonly since: Instant;
  readonly now: Instant;
  /** What ends or begins until then. */
  readonly until: Instant;
}

/** The policy journal of a source, folded to its end. */
export const foldedPolicy = async (source: ReplaySource): Promise<PolicyState> => {
  let state = gateService.initial;
  for await (const entry of breathing(source.read('policy', 0n))) state = gateService.evolve(state, 'policy', entry);
  return state.policy;
};

/** Whatever else of a rule changes, its condition decides what it matches. */
const sameCondition = (rule: PolicyRule, version: PolicyVersion | undefined): boolean =>
  version?.document.rules.some(({ id, condition }) => id === rule.id && condition === rule.condition) === true;

const within = ({ now, until }: ReviewTerms, at: Instant): boolean => now < at && at <= until;

const upcomingOf = (policy: PolicyState, terms: ReviewTerms): readonly Upcoming[] => {
  const waivers = [...policy.waivers].flatMap(([, waiver]): readonly Upcoming[] => {
    const { exception_id: id, expires_at: at, reason: about } = waiver.terms;
    return waiver.isRevoked || !within(terms, at) ? [] : [{ kind: 'waiver', id, at, about }];
  });
  const credits = [...policy.credits.grants].flatMap(([, credit]): readonly Upcoming[] => {
    const { credit_id: id, expires_at: at, reason: about } = credit.terms;
    return credit.isRevoked || at === null || !within(terms, at) ? [] : [{ kind: 'credit', id, at, about }];
  });
  const versions = policy.versions.flatMap((version): readonly Upcoming[] => {
    const { effectiveFrom: at, message: about, isCancelled } = version;
    return isCancelled || !within(terms, at) ? [] : [{ kind: 'version', id: String(version.version), at, about }];
  });
  return [...waivers, ...credits, ...versions].sort((a, b) => (jcsText([a.at, a.id]) < jcsText([b.at, b.id]) ? -1 : 1));
};

/** Counts the rules of a version over the decisions of the period. */
class RuleCounts {
  decisions = 0;
  private readonly uses: readonly { readonly rule: PolicyRule; evaluated: number; matched: number }[];

  constructor(
    private readonly policy: PolicyState,
    inForce: PolicyVersion | undefined,
  ) {
    const rules = inForce?.document.rules.filter(({ enabled }) => enabled) ?? [];
    this.uses = rules.map((rule) => ({ rule, evaluated: 0, matched: 0 }));
  }

  add({ policy_version: number, rules, rules_matched: matched = [] }: ReturnType<typeof recordedDecision>): void {
    this.decisions += 1;
    const version = this.policy.versions.find((each) => each.version === number);
    const evaluated = new Set(rules?.map(({ id }) => id));
    for (const use of this.uses) {
      if (!evaluated.has(use.rule.id) || !sameCondition(use.rule, version)) continue;
      use.evaluated += 1;
      if (matched.includes(use.rule.id)) use.matched += 1;
    }
  }

  all(): readonly RuleUse[] {
    return this.uses.map(({ rule, evaluated, matched }) => ({ id: rule.id, evaluated, matched }));
  }
}

const disabledOf = (version: PolicyVersion | undefined): PolicyReview['disabled'] => {
  if (version === undefined) return [];
  const { rules, approval } = version.document;
  const off = (kind: 'rule' | 'route', list: readonly { readonly id: string; readonly enabled: boolean }[]) =>
    list.filter(({ enabled }) => !enabled).map(({ id }) => ({ kind, id }));
  return [...off('rule', rules), ...off('route', approval.routing)];
};

/**
 * What the policy in force for everybody has that nobody needs or that will soon be different: rules that matched no
 * decision of the period, rules that are off, what ends or begins soon. Reads the journals of policy and decisions once.
 *
 * @throws LogUnreadable, JournalGap.
 * @source operations section 11, `policy review`
 */
export const reviewPolicy = async (source: ReplaySource, terms: ReviewTerms): Promise<PolicyReview> => {
  const policy = await foldedPolicy(source);
  const inForce = policyInForce(policy, terms.now);
  const counts = new RuleCounts(policy, inForce);
  for await (const entry of breathing(source.read('decisions', 0n))) {
    if (entry.type !== 'decision_recorded') continue;
    const recorded = recordedDecision(entry);
    if (recorded.decided_at >= terms.since) counts.add(recorded);
  }
  return {
    tenantId: source.tenantId,
    version: inForce?.version ?? null,
    decisions: counts.decisions,
    rules: counts.all(),
    disabled: disabledOf(inForce),
    upcoming: upcomingOf(policy, terms),
  };
};
