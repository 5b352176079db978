import { type JournalKind, parseJournalName } from '../journals/kinds.js';
import type { Bus, Movement } from '../ports/bus.js';
import type { JournalName, Journals, Revision, Subscription } from '../ports/journals.js';

export interface FollowerDeps {
  readonly journals: Journals;
  readonly bus: Bus;
}

export interface FollowerTerms {
  readonly kinds: readonly JournalKind[];
  /** Told of a journal's head, by the bus or by the comparison, again and again: what is no news is the caller's to drop. */
  readonly onMoved: (movement: Pick<Movement, 'journal' | 'kind' | 'tenantId' | 'head'>) => void;
  /** How often all heads are compared with what was told. */
  readonly compareEveryMs?: number;
}

const COMPARE_EVERY_MS = 10_000;

/**
 * Tells a service of one process which journals moved: at once by the bus, and at start and every ten seconds by the log
 * itself, so that a bus that loses records, or is away, costs time and nothing else. Only heads pass: what a service
 * decides from is read from the log, never from the bus.
 * @source protocols section 4.3
 */
export class JournalFollower {
  private subscription: Subscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private comparing: Promise<void> | undefined;

  constructor(
    private readonly deps: FollowerDeps,
    private readonly terms: FollowerTerms,
  ) {}

  /** Rejects when the log cannot be reached; the bus may be away. */
  async start(): Promise<void> {
    this.subscription = await this.deps.bus.consume({
      group: undefined,
      kinds: this.terms.kinds,
      deliver: (movements) => {
        for (const { journal, head } of movements) this.tell(journal, head);
        return Promise.resolve();
      },
    });
    await this.compare();
    this.timer = setInterval(() => {
      this.comparing ??= this.compare()
        .catch(() => undefined) // The log is away; the next comparison, or a command, meets it again.
        .finally(() => (this.comparing = undefined));
    }, this.terms.compareEveryMs ?? COMPARE_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.subscription?.close();
    await this.comparing;
  }

  private async compare(): Promise<void> {
    const names = (await this.deps.journals.list()).filter((journal) => {
      const parsed = parseJournalName(journal);
      return parsed !== undefined && this.terms.kinds.includes(parsed.kind);
    });
    const heads = await this.deps.journals.heads(names);
    for (const [index, journal] of names.entries()) this.tell(journal, heads[index] ?? -1n);
  }

  private tell(journal: JournalName, head: Revision): void {
    const parsed = parseJournalName(journal);
    if (parsed !== undefined && head >= 0n) this.terms.onMoved({ journal, ...parsed, head });
  }
}
