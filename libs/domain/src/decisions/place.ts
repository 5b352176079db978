import type { TermsOf } from '../accounts/accounts.js';
import type { Behaviour, Mode, PolicyDocument } from '../policy/policy.document.js';
import { type Budget, matchingBudgets, type PolicyState, type PolicyVersion, termsOf } from '../policy/policy.state.js';
import { classOf } from '../shared/environment.js';
import type { AskForChange } from './ask-for-change.js';

/** Everything that follows from the policy in force and the environment's name. */
export interface Place {
  readonly version: PolicyVersion;
  readonly document: PolicyDocument;
  readonly environmentClass: string;
  readonly behaves: Behaviour;
  readonly isEnvironmentUnknown: boolean;
  readonly mode: Mode;
  readonly budgets: readonly Budget[];
  readonly terms: TermsOf;
}

/** Where a change stands under one version of the policy: class, mode, and the budgets that it is charged to. */
export const placeOf = (command: AskForChange, version: PolicyVersion, policy: PolicyState): Place => {
  const { document } = version;
  const { environment_raw: raw, environment_label: label, source } = command.request;
  const found = classOf(raw, label, document.environments.classes);
  const row = document.mode_matrix[source];
  return {
    version,
    document,
    environmentClass: found.environmentClass,
    behaves: found.behavesAs,
    isEnvironmentUnknown: found.isUnknown,
    mode: row[found.environmentClass] ?? row['default'] ?? 'soft',
    budgets: matchingBudgets(policy, command.request.project_id, found.environmentClass),
    terms: termsOf(policy, version),
  };
};
