import type { Mode } from '../policy/policy.document.js';
import type { Finding, Outcome } from './decisions.entries.js';
import type { ReasonCode } from './reason-codes.js';

/** What is held: n nothing, h the whole, p the part that can be funded. */
export type HoldRule = 'none' | 'whole' | 'fundable';
interface Cell {
  readonly outcome: Outcome;
  readonly hold: HoldRule;
  readonly reason: ReasonCode | null;
}
const cell = (outcome: Outcome, hold: HoldRule, reason: ReasonCode | null): Cell => ({ outcome, hold, reason });

/** The enforce rows of the truth table, contract section 7.2. A missing cell does not compile. */
const CELLS = {
  shadow: {
    clean: cell('ALLOW', 'none', null),
    approval: cell('ALLOW', 'none', 'shadow_mode_approval_override'),
    violation: cell('ALLOW', 'none', 'shadow_mode_override'),
    failure: cell('ALLOW', 'none', 'shadow_mode_fail_open'),
  },
  soft: {
    clean: cell('ALLOW', 'whole', null),
    approval: cell('REQUIRE_APPROVAL', 'whole', null),
    violation: cell('REQUIRE_APPROVAL', 'fundable', 'soft_mode_escalation'),
    failure: cell('REQUIRE_APPROVAL', 'fundable', 'soft_mode_fail_safe_escalation'),
  },
  hard: {
    clean: cell('ALLOW', 'whole', null),
    approval: cell('REQUIRE_APPROVAL', 'whole', null),
    violation: cell('DENY', 'none', 'hard_mode_denied'),
    failure: cell('DENY', 'none', 'hard_mode_fail_closed'),
  },
} as const satisfies Record<Mode, Record<Finding, Cell>>;

/** Outcome, hold and mode reason for what evaluation found. */
export const outcomeOf = (mode: Mode, finding: Finding): Cell => CELLS[mode][finding];
