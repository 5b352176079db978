/** Thrown once per evaluation, so that nothing inside an expression can go on. */
export class BudgetSpent extends Error {
  constructor() {
    super('the cost budget is spent');
    this.name = 'BudgetSpent';
  }
}

/** Characters that one unit pays for where an operation reads or writes a whole text. */
const CHARACTERS_PER_UNIT = 32;

/** Counts the units of one evaluation. Work is paid for before it is done, so nothing is done beyond the budget. */
export class Meter {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Units used, never above the limit. */
  get used(): number {
    return this.#used;
  }

  /** @throws BudgetSpent when the units are more than what is left. */
  spend(units: number): void {
    if (units > this.#limit - this.#used) {
      this.#used = this.#limit;
      throw new BudgetSpent();
    }
    this.#used += units;
  }

  /** Pays for reading or writing a text of that many characters; short ones are covered by their node. */
  spendOnText(characters: number): void {
    if (characters >= CHARACTERS_PER_UNIT) this.spend(Math.floor(characters / CHARACTERS_PER_UNIT));
  }
}
