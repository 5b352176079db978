import { toHex } from '@verdict/ledger';
import { JournalFollower } from '../bus/journal-follower.js';
import { LogBus } from '../bus/log-bus.js';
import type { Bus, Movement } from '../ports/bus.js';
import type { Revision } from '../ports/journals.js';
import type { CallersWait } from './callers-wait.js';
import { encodeStateInTurns } from './state-codec.js';
import { anchorOf, loadSnapshot } from './load-snapshot.js';
import { type Folded, type FoldedState, NOTHING_FOLDED } from './fold-in-order.js';
import { PastStates } from './past-states.js';
import { stateAt } from './state-at.js';
import { JOURNAL_KINDS, journalName } from './kinds.js';
import { outcomeWithoutState } from './outage.js';
import type { CommandContext, LaneOutcome, ServiceDefinition } from './service-definition.js';
import type { ServiceWatch } from './service-watch.js';
import { type LaneDeps, TenantLane } from './tenant-lane.js';

export interface HostDeps extends LaneDeps {
  /** Default: the log, tailed. */
  readonly bus?: Bus;
}

const SNAPSHOT_EVERY = 20_000n;
const TICK_MS = 1_000;

/**
 * One service of this process over all tenants: makes a lane per tenant, wakes it when a journal it folds has moved or its
 * clock has something due, and keeps snapshots. Knows no rule.
 */
export class ServiceHost<State, Command, Answer> {
  private readonly lanes = new Map<string, Promise<TenantLane<State, Command, Answer>>>();
  private readonly ready = new Map<string, TenantLane<State, Command, Answer>>();
  private readonly snapshotAt = new Map<string, Revision>();
  private readonly follower: JournalFollower;
  private readonly past: PastStates<State>;
  private ticker: NodeJS.Timeout | undefined;

  constructor(
    private readonly service: ServiceDefinition<State, Command, Answer>,
    private readonly deps: HostDeps,
    private readonly watch: ServiceWatch<State, Command> = {},
  ) {
    const { journals } = deps.log;
    this.past = new PastStates((tenantId, at) => stateAt(deps.log, service, tenantId, at));
    this.follower = new JournalFollower(
      { journals, bus: deps.bus ?? new LogBus(journals) },
      {
        kinds: service.kinds,
        onMoved: (moved) => {
          this.touch(moved);
        },
      },
    );
  }

  /** Starts to follow the journals; every tenant that has entries is folded and does what is due. */
  async start(): Promise<void> {
    await this.follower.start();
    this.ticker = setInterval(() => {
      for (const [tenantId, lane] of this.ready) {
        lane.tick();
        void this.keepSnapshot(tenantId, lane, SNAPSHOT_EVERY);
      }
    }, TICK_MS);
  }

  /** `wait`: of the caller who may give up before its turn comes; without it nobody does. */
  async execute(
    tenantId: string,
    command: Command,
    context: CommandContext,
    wait?: CallersWait,
  ): Promise<LaneOutcome<Answer>> {
    const lane = this.ready.get(tenantId);
    if (lane !== undefined) return lane.execute(command, context, wait);
    return this.lane(tenantId).then(
      (opened) => opened.execute(command, context, wait),
      (error: unknown) => {
        const outcome = outcomeWithoutState(error);
        this.watch.turned?.({ command, outcome: outcome.kind, seconds: 0, hasLostRace: false });
        return outcome;
      },
    );
  }

  /**
   * State with everything in it that was acknowledged before this call.
   * @throws LogUnreadable while the log is away; whatever else it throws is a defect, of the log or of a fold.
   */
  async caughtUp(tenantId: string): Promise<{ readonly state: State; readonly folded: Folded }> {
    const lane = this.ready.get(tenantId) ?? (await this.lane(tenantId));
    return lane.caughtUp();
  }

  /** State as folded so far, for reads that may lag and for what a command needs beforehand. Throws as `caughtUp`. */
  async current(tenantId: string): Promise<{ readonly state: State; readonly folded: Folded }> {
    const lane = this.ready.get(tenantId) ?? (await this.lane(tenantId));
    return lane.current();
  }

  /** All journals that are folded into the state. */
  get kinds(): ServiceDefinition<State, Command, Answer>['kinds'] {
    return this.service.kinds;
  }

  /** Keeps a state for `at`, for as long as there is room. */
  keep(tenantId: string, past: FoldedState<State>): void {
    this.past.keep(tenantId, past);
  }

  /** The state as it was at that point of the journals; undefined: they were never there. Throws as `caughtUp`. */
  at(tenantId: string, folded: Folded): Promise<State | undefined> {
    return this.past.at(tenantId, folded);
  }

  /** As `current`, for whoever cannot wait: undefined until the tenant was folded once. */
  peek(tenantId: string): State | undefined {
    return this.ready.get(tenantId)?.current().state;
  }

  /** The state of every tenant that was folded once, for gauges over all of them. */
  *states(): Iterable<State> {
    for (const lane of this.ready.values()) yield lane.current().state;
  }

  /** Stops following, waits for running batches, and keeps snapshots of what was folded. */
  async stop(): Promise<void> {
    clearInterval(this.ticker);
    await this.follower.stop();
    const deadline = this.deps.clock.nowMs() + 5_000;
    while ([...this.ready.values()].some((lane) => !lane.isIdle) && this.deps.clock.nowMs() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const [tenantId, lane] of this.ready) await this.keepSnapshot(tenantId, lane, 1n);
  }

  private touch({ tenantId, kind, head }: Pick<Movement, 'tenantId' | 'kind' | 'head'>): void {
    const ready = this.ready.get(tenantId);
    if (ready !== undefined) {
      ready.touch(kind, head);
      return;
    }
    void this.lane(tenantId).then(
      (opened) => {
        opened.touch(kind, head);
      },
      () => undefined, // Met again by the next comparison, hint or command.
    );
  }

  private lane(tenantId: string): Promise<TenantLane<State, Command, Answer>> {
    const opening = this.lanes.get(tenantId);
    if (opening !== undefined) return opening;
    const lane = this.open(tenantId);
    this.lanes.set(tenantId, lane);
    lane.then(
      (opened) => this.ready.set(tenantId, opened),
      () => this.lanes.delete(tenantId),
    );
    return lane;
  }

  private async open(tenantId: string): Promise<TenantLane<State, Command, Answer>> {
    const lane = new TenantLane(tenantId, this.service, this.deps, this.watch);
    const snapshot = await loadSnapshot(this.deps.log.journals, this.service, tenantId);
    if (snapshot !== undefined) {
      lane.restore(snapshot.state, snapshot.folded);
      this.snapshotAt.set(tenantId, this.progressOf(snapshot.folded));
    }
    await lane.caughtUp();
    return lane;
  }

  private progressOf(folded: Folded): Revision {
    return JOURNAL_KINDS.reduce((sum, kind) => sum + folded[kind], 0n);
  }

  private async keepSnapshot(tenantId: string, lane: TenantLane<State, Command, Answer>, every: bigint): Promise<void> {
    const { state, folded } = lane.settled();
    const anchor = anchorOf(this.service);
    const progress = this.progressOf(folded);
    if (
      !lane.isIdle ||
      folded[anchor] < 0n ||
      progress - (this.snapshotAt.get(tenantId) ?? this.progressOf(NOTHING_FOLDED)) < every
    )
      return;
    this.snapshotAt.set(tenantId, progress);
    const { journals } = this.deps.log;
    const name = journalName(anchor, tenantId);
    try {
      for await (const { leafHash } of journals.read(name, folded[anchor], 1)) {
        const body = {
          folded: Object.fromEntries(JOURNAL_KINDS.map((kind) => [kind, folded[kind].toString()])),
          leafHash: toHex(leafHash),
          state,
        };
        await journals.saveSnapshot(name, this.service.name, {
          revision: folded[anchor],
          leafHash,
          schemaVersion: this.service.stateVersion,
          state: await encodeStateInTurns(body),
        });
      }
    } catch {
      this.snapshotAt.delete(tenantId); // The log is away; the next round tries again, and a missing cache costs only time.
    }
  }
}
