import { isJsonObject, type JsonValue } from '../json/json-value.js';
import { Account, isPeriod } from './accounts.js';
import {
  PayloadDefect,
  instantAt,
  objectAt,
  objectsAt,
  textAt,
  textOrNullAt,
  usdAt,
  usdOrNullAt,
  usdText,
} from './payload.js';

interface Hold {
  readonly legs: Map<string, bigint>;
  /** The part that no account funds: the most that an exception may add. */
  readonly unfunded: bigint;
}
interface Ceilings {
  readonly sha256: string;
  readonly effectiveFrom: string;
  readonly limits: ReadonlyMap<string, bigint | null>;
}

interface Spending {
  readonly name: string;
  readonly spent: bigint;
  readonly settledAt: string;
}

interface Taking {
  readonly name: string;
  readonly amount: bigint;
  readonly decidedAt: string;
}
/** What speaks against setting more aside on an account than was set aside there for this change already. */
const problemsOfNew = ({ name, amount, decidedAt }: Taking, account: Account, limit: bigint | null): string[] => {
  const headroom = limit === null ? null : account.headroomAt(decidedAt, limit);
  const committed = `spent ${usdText(account.spentAt(decidedAt))} + held ${usdText(account.held)} + ${usdText(amount)}`;
  return [
    ...(headroom !== null && amount > headroom
      ? [`${name}: ${committed} is above the limit ${usdText(limit ?? 0n)}`]
      : []),
    ...(account.hasEnded(decidedAt) ? [`${name} funds nothing new: it was revoked or has expired`] : []),
  ];
};

/** Both ceilings count by month, whatever a budget does. */
const CEILINGS = ['ceiling:plan', 'ceiling:enterprise'] as const;
const OVERAGE = 'overage:';
const CREDIT = 'credit:';

/** What has left the hold of an approved decision for the use of its grant, in the same append. */
interface Moved {
  readonly decisionId: string;
  readonly legs: ReadonlyMap<string, bigint>;
}
const isMove = (payload: JsonValue): boolean => isJsonObject(payload) && payload['cause'] === 'moved_to_grant_use';

/**
 * Check 14: at every decision, spent + held stays within the limit of each account it draws on.
 * A second, independent implementation of the money rules: it reads payloads only and shares no code with the services.
 * A limit set below what is committed does no harm to holds that exist; it leaves no room for new ones.
 * Memory grows with accounts (exceptions of used grants stay), policy versions and active holds, not with entries.
 * @source contract section 9 and 13.2, G5
 */
export class BudgetRules {
  readonly #accounts = new Map<string, Account>(CEILINGS.map((name) => [name, new Account(null, 'month')]));
  readonly #holds = new Map<string, Hold>();
  readonly #policies: Ceilings[] = [];
  #moved: Moved | undefined;

  /** Folds one entry; returns what it breaks. @throws PayloadDefect when the payload cannot be read. */
  // eslint-disable-next-line complexity -- one case per entry type
  apply(type: string, payload: JsonValue): readonly string[] {
    switch (type) {
      case 'policy_published':
        return this.#publish(payload);
      case 'budget_set':
        return this.#setBudget(payload);
      case 'exception_granted':
        return this.#grantException(payload);
      case 'credit_granted':
        return this.#grantCredit(payload);
      case 'credit_revoked':
        return this.#revokeCredit(payload);
      case 'decision_recorded':
        return this.#decide(payload);
      case 'hold_voided':
        return isMove(payload) ? this.#move(textAt(payload, 'decision_id'), new Map()) : this.#free(payload);
      case 'hold_expired':
        return this.#free(payload);
      case 'hold_reduced':
        return this.#reduce(payload);
      case 'reservation_settled':
        return this.#settle(payload, 'settled_at');
      case 'reservation_assumed_spent':
        return this.#settle(payload, 'swept_at');
      case 'reservation_released':
        return this.#free(payload);
      case 'reservation_corrected':
        return this.#correct(payload);
      default:
        return [];
    }
  }

  get activeHolds(): number {
    return this.#holds.size;
  }

  #publish(payload: JsonValue): readonly string[] {
    const entitlements = objectAt(objectAt(payload, 'document'), 'entitlements');
    this.#policies.push({
      sha256: textAt(payload, 'document_sha256'),
      effectiveFrom: instantAt(payload, 'effective_from'),
      limits: new Map([
        ['ceiling:plan', usdOrNullAt(entitlements, 'plan_ceiling_monthly_usd')],
        ['ceiling:enterprise', usdOrNullAt(entitlements, 'enterprise_ceiling_monthly_usd')],
      ]),
    });
    return [];
  }

  #setBudget(payload: JsonValue): readonly string[] {
    const name = `budget:${textAt(payload, 'budget_id')}`;
    const period = textAt(payload, 'period');
    if (!isPeriod(period)) throw new PayloadDefect(`period ${period} is unknown`);
    const account = this.#accounts.get(name) ?? new Account(null, period);
    account.limit = usdAt(payload, 'limit_usd');
    account.period = period;
    account.creditsSavings = isJsonObject(payload) && payload['credit_savings'] === true;
    this.#accounts.set(name, account);
    return [];
  }

  #grantException(payload: JsonValue): readonly string[] {
    const decisionId = textAt(payload, 'decision_id');
    const limit = usdAt(payload, 'limit_usd');
    const hold = this.#holds.get(decisionId);
    if (hold === undefined) return []; // The decision has ended: there is nothing left that it could fund.
    const name = `${OVERAGE}${decisionId}`;
    if (hold.legs.has(name)) return [`${name} is granted twice`];
    const account = new Account(limit, 'total');
    account.held = limit;
    this.#accounts.set(name, account);
    hold.legs.set(name, limit);
    return limit > hold.unfunded
      ? [`${name} is ${usdText(limit)}, more than the unfunded ${usdText(hold.unfunded)} of its decision`]
      : [];
  }

  #grantCredit(payload: JsonValue): readonly string[] {
    const account = new Account(usdAt(payload, 'total_amount_usd'), 'total');
    account.endsAt = textOrNullAt(payload, 'expires_at') === null ? undefined : instantAt(payload, 'expires_at');
    this.#accounts.set(`${CREDIT}${textAt(payload, 'credit_id')}`, account);
    return [];
  }

  /** Holds made in time stay good. */
  #revokeCredit(payload: JsonValue): readonly string[] {
    const name = `${CREDIT}${textAt(payload, 'credit_id')}`;
    const account = this.#accounts.get(name);
    if (account === undefined) return [`${name} is revoked and was never granted`];
    account.isRevoked = true;
    return [];
  }

  #decide(payload: JsonValue): readonly string[] {
    const holdMember = objectAt(payload, 'hold');
    const decisionId = textAt(payload, 'decision_id');
    const legs = objectsAt(holdMember, 'legs');
    if (legs.length === 0) return [];
    const hold: Hold = { legs: new Map(), unfunded: usdAt(holdMember, 'unfunded_usd') };
    const moved = this.#movedTo(payload);
    const problems = legs.flatMap((leg) => this.#hold(hold, leg, payload, moved));
    if (this.#holds.has(decisionId)) problems.push(`decision ${decisionId} holds twice`);
    this.#holds.set(decisionId, hold);
    return problems;
  }

  /** A hold made in time stays good: what a use takes over of it is nothing new. @source contract sections 9.1, 9.2, 11.5 */
  #movedTo(payload: JsonValue): ReadonlyMap<string, bigint> {
    const use = isJsonObject(payload) ? payload['grant_use'] : undefined;
    const moved = this.#moved;
    this.#moved = undefined;
    const isTheirs = moved !== undefined && isJsonObject(use) && use['decision_id'] === moved.decisionId;
    return isTheirs ? moved.legs : new Map<string, bigint>();
  }

  #hold(hold: Hold, leg: JsonValue, payload: JsonValue, moved: ReadonlyMap<string, bigint>): string[] {
    const name = textAt(leg, 'account');
    const amount = usdAt(leg, 'amount_usd');
    const decidedAt = instantAt(payload, 'decided_at');
    const account = this.#accounts.get(name);
    if (account === undefined) return [`${name} has no limit that was ever set`];
    const limit = this.#limitOf(name, account, (policy) => policy.sha256 === textAt(payload, 'policy_document_sha256'));
    const problems = amount < 0n ? [`${name} holds ${usdText(amount)}`] : [];
    if (limit === undefined) problems.push(`${name}: the policy that the decision names was not published before it`);
    else if (amount > (moved.get(name) ?? 0n))
      problems.push(...problemsOfNew({ name, amount, decidedAt }, account, limit));
    account.held += amount;
    hold.legs.set(name, (hold.legs.get(name) ?? 0n) + amount);
    return problems;
  }

  /** What an approved decision keeps once a use of its grant has drawn its legs; the exception stays for the uses. */
  #reduce(payload: JsonValue): readonly string[] {
    const decisionId = textAt(payload, 'decision_id');
    const hold = this.#holds.get(decisionId);
    if (hold === undefined) return [`decision ${decisionId} holds nothing that could be reduced`];
    const left = new Map(objectsAt(payload, 'legs').map((leg) => [textAt(leg, 'account'), usdAt(leg, 'amount_usd')]));
    const problems = [...left].flatMap(([name, amount]) =>
      amount > (hold.legs.get(name) ?? 0n) ? [`${name} is reduced to ${usdText(amount)}, more than it held`] : [],
    );
    this.#move(decisionId, left);
    for (const [name, amount] of left) {
      const account = this.#accounts.get(name);
      if (account !== undefined) account.held += amount;
    }
    this.#holds.set(decisionId, { ...hold, legs: left });
    return problems;
  }

  #free(payload: JsonValue): readonly string[] {
    const decisionId = textAt(payload, 'decision_id');
    this.#release(decisionId);
    this.#accounts.delete(`${OVERAGE}${decisionId}`);
    return [];
  }

  #move(decisionId: string, left: ReadonlyMap<string, bigint>): readonly string[] {
    const held = this.#holds.get(decisionId)?.legs ?? new Map<string, bigint>();
    this.#moved = {
      decisionId,
      legs: new Map([...held].map(([name, amount]) => [name, amount - (left.get(name) ?? 0n)])),
    };
    return this.#release(decisionId);
  }

  #release(decisionId: string): readonly string[] {
    for (const [name, amount] of this.#holds.get(decisionId)?.legs ?? []) {
      const account = this.#accounts.get(name);
      if (account !== undefined) account.held -= amount;
    }
    this.#holds.delete(decisionId);
    return [];
  }

  /** Spent replaces held. */
  #settle(payload: JsonValue, at: 'settled_at' | 'swept_at'): readonly string[] {
    const decisionId = textAt(payload, 'decision_id');
    const settledAt = instantAt(payload, at);
    const held = this.#holds.get(decisionId)?.legs ?? new Map<string, bigint>();
    for (const leg of objectsAt(payload, 'legs')) {
      const spent = usdAt(leg, 'spent_usd');
      const account = this.#accounts.get(textAt(leg, 'account'));
      if (spent > 0n) this.#spend(held, { name: textAt(leg, 'account'), spent, settledAt });
      else if (account?.creditsSavings === true) account.spend(spent, settledAt);
    }
    return this.#free(payload);
  }

  /** More takes the headroom of this moment; less is given back to the period that it was booked in. */
  #correct(payload: JsonValue): readonly string[] {
    const correctedAt = instantAt(payload, 'corrected_at');
    const bookedAt = instantAt(payload, 'booked_at');
    for (const leg of objectsAt(payload, 'legs')) {
      const name = textAt(leg, 'account');
      const adjusted = usdAt(leg, 'adjusted_usd');
      if (adjusted > 0n) this.#spend(new Map(), { name, spent: adjusted, settledAt: correctedAt });
      else this.#accounts.get(name)?.giveBack(-adjusted, bookedAt);
    }
    return [];
  }

  /** What was spent above the hold takes the headroom of this moment; the rest is a named overrun and counts nowhere. */
  #spend(held: Map<string, bigint>, { name, spent, settledAt }: Spending): void {
    const account = this.#accounts.get(name);
    if (account === undefined) return;
    const limit = this.#limitOf(name, account, ({ effectiveFrom }) => effectiveFrom <= settledAt) ?? null;
    const ofHold = held.get(name) ?? 0n;
    const covered = least(spent, ofHold);
    const headroom = account.headroomAt(settledAt, limit);
    const charged = headroom === null ? spent - covered : least(spent - covered, headroom);
    account.held -= covered;
    held.set(name, ofHold - covered);
    account.spend(covered + charged, settledAt);
  }

  /** A budget's own limit, or the ceiling of the newest policy that fits; undefined: no such policy. */
  #limitOf(name: string, account: Account, fits: (policy: Ceilings) => boolean): bigint | null | undefined {
    if (!(CEILINGS as readonly string[]).includes(name)) return account.limit;
    const policy = this.#policies.findLast(fits);
    return policy === undefined ? undefined : (policy.limits.get(name) ?? null);
  }
}

const least = (left: bigint, right: bigint): bigint => (left < right ? left : right);
