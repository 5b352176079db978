import type { PersistentMap } from '../shared/persistent-map.js';
import type { Instant } from '../shared/brand.js';
import { type WaivedChange, type Waiver, type Waivers, WAIVABLE_CODES, waiversFor } from '../policy/waivers.js';
import type { Mode } from '../policy/policy.document.js';
import type { ApprovalChannel, Outcome, UsedException } from './decisions.entries.js';
import type { FindingItem } from './findings.js';

/** What is left once waivers have removed what they may. */
export interface Waived {
  readonly items: readonly FindingItem[];
  readonly used: readonly UsedException[];
}

const WAIVABLE: ReadonlySet<string> = new Set(WAIVABLE_CODES);
/** The cap of auto-approval falls with the need that it would have cleared. */
const waivableName = ({ code, ruleId }: FindingItem): string | null => {
  if (ruleId !== null) return ruleId;
  if (code === 'auto_approve_cap_reached') return 'approval_required';
  return WAIVABLE.has(code) ? code : null;
};

/**
 * Removes the findings that waivers in force name, each by the oldest one that does, and names every waiver used. What
 * no waiver may touch (budgets, ceilings, operators) stays.
 *
 * @source contract sections 7.1 (step 12), 8.5
 */
export const waive = (
  items: readonly FindingItem[],
  { waivers, uses }: { readonly waivers: Waivers; readonly uses: PersistentMap<number> },
  change: WaivedChange,
  now: Instant,
): Waived => {
  if (waivers.size === 0 || items.length === 0) return { items, used: [] };
  const standing = waiversFor(waivers, uses, change, now);
  const waivedBy = new Map<Waiver, Set<string>>();
  const left = items.filter((item) => {
    const name = waivableName(item);
    const waiver = name === null ? undefined : standing.find(({ terms }) => terms.waives.includes(name));
    if (waiver === undefined || name === null) return true;
    waivedBy.set(waiver, (waivedBy.get(waiver) ?? new Set()).add(name));
    return false;
  });
  const used = [...waivedBy].map(([{ terms }, names]) => ({
    exception_id: terms.exception_id,
    waived: [...names].sort(),
  }));
  return { items: left, used };
};

/**
 * What waivers were used, and whether that counts: it does where the change may go ahead by it, at once or with the token
 * that an approval gives. Nothing goes ahead by a denial; in shadow mode everything does, whatever is waived; and an
 * approval that is a grant is followed by the decision that uses it, which is the one that counts.
 *
 * @source contract section 8.5
 */
export const countedUses = (
  used: readonly UsedException[],
  { mode, outcome, channel }: { readonly mode: Mode; readonly outcome: Outcome; readonly channel: ApprovalChannel },
): readonly UsedException[] => {
  const isWaiting = outcome === 'REQUIRE_APPROVAL' && channel === 'grant';
  const isCounted = mode !== 'shadow' && outcome !== 'DENY' && !isWaiting;
  return isCounted ? used : used.map((each) => ({ counts: false, ...each }));
};
