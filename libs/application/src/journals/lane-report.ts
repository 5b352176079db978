import type { AppendResult } from '../ports/journals.js';
import type { Observer } from '../ports/system.js';
import type { JournalKind } from './kinds.js';
import { defectIn } from './lane-outcome.js';
import type { LaneOutcome } from './service-definition.js';
import type { ServiceWatch, Turn } from './service-watch.js';

interface Waited<Command> {
  readonly command: Command;
  readonly since: number;
}

/** What a lane tells those who count: its appends, the turns of commands, and reactions that fail. */
export class LaneReport<State, Command> {
  constructor(
    private readonly lane: { readonly service: string; readonly tenantId: string },
    private readonly observer: Observer,
    private readonly watch: ServiceWatch<State, Command>,
  ) {}

  append(
    kind: JournalKind,
    entries: number,
    batch: readonly Waited<Command>[],
    at: { readonly started: number; readonly outcome: AppendResult['kind']; readonly attempt: number },
  ): void {
    const seconds = (performance.now() - at.started) / 1000;
    if (entries > 0)
      this.observer.batchAppended({ kind, entries, commands: batch.length, seconds, outcome: at.outcome });
    if (at.outcome === 'appended')
      this.turns(batch, { outcome: 'committed', at: at.started, hasLostRace: at.attempt > 1 });
  }

  turns(
    batch: readonly Waited<Command>[],
    { at, ...turn }: Pick<Turn<Command>, 'outcome' | 'hasLostRace'> & { readonly at: number },
  ): void {
    if (this.watch.turned === undefined) return;
    for (const { command, since } of batch) this.watch.turned({ ...turn, command, seconds: (at - since) / 1000 });
  }

  /** Only an end that trying again would not change is a defect. */
  reactionEnded(outcome: LaneOutcome<unknown>): void {
    const defect = defectIn(outcome);
    if (defect !== undefined) this.reactionFailed(defect);
  }

  reactionFailed(error: unknown): void {
    this.observer.reactionFailed({ ...this.lane, error });
  }
}
