import type { Bus, BusConsumer, RelayedSlice, Subscription } from '@verdict/application';

/** Numbers from 0 to 1, the same for a seed on every machine. @source mulberry32, public domain */
export const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Entry = RelayedSlice['entries'][number];

const LOST = 0.2;
const LATE = 0.2;
const DOUBLED = 0.2;
const SWAPPED = 0.4;

/** A bus on which entries get lost, come late, come twice and come in another order; what is left is truly published. */
export class LossyBus implements Bus {
  readonly counts = { lost: 0, late: 0, doubled: 0, swapped: 0 };
  isLossy = true;
  private late: RelayedSlice[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly random: () => number,
  ) {}

  async publish(slices: readonly RelayedSlice[]): Promise<void> {
    const { late } = this;
    this.late = [];
    const published = this.isLossy ? slices.map((slice) => ({ ...slice, entries: this.mangled(slice) })) : slices;
    await this.bus.publish([...published, ...late].filter(({ entries }) => entries.length > 0));
  }

  consume(consumer: BusConsumer): Promise<Subscription> {
    return this.bus.consume(consumer);
  }

  ping(): Promise<void> {
    return this.bus.ping();
  }

  close(): Promise<void> {
    return this.bus.close();
  }

  private mangled(slice: RelayedSlice): readonly Entry[] {
    const kept = slice.entries.flatMap((entry) => this.copies(slice, entry));
    for (let index = 1; index < kept.length; index += 1) {
      const [before, after] = [kept[index - 1], kept[index]];
      if (before === undefined || after === undefined || !this.happens('swapped', SWAPPED)) continue;
      kept[index - 1] = after;
      kept[index] = before;
    }
    return kept;
  }

  private copies(slice: RelayedSlice, entry: Entry): readonly Entry[] {
    if (this.happens('lost', LOST)) return [];
    if (this.happens('late', LATE)) {
      this.late.push({ ...slice, entries: [entry] });
      return [];
    }
    return this.happens('doubled', DOUBLED) ? [entry, entry] : [entry];
  }

  private happens(what: keyof LossyBus['counts'], share: number): boolean {
    if (this.random() >= share) return false;
    this.counts[what] += 1;
    return true;
  }
}
