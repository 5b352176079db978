import type { Movement } from '../ports/bus.js';
import { ProjectionsUnavailable } from '../ports/projection-store.js';

interface Pending {
  readonly movements: readonly Movement[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Deliveries of the bus that wait until what they carried is stored, or left to a journal that has failed. */
export class Deliveries {
  private readonly pending = new Set<Pending>();

  /** Whether a bus is waiting: then rounds follow each other without a rest. */
  get isAwaited(): boolean {
    return this.pending.size > 0;
  }

  wait(movements: readonly Movement[], isDealtWith: (movement: Movement) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.add({ movements, resolve, reject });
      this.check(isDealtWith);
    });
  }

  check(isDealtWith: (movement: Movement) => boolean): void {
    for (const delivery of this.pending) {
      if (!delivery.movements.every(isDealtWith)) continue;
      this.pending.delete(delivery);
      delivery.resolve();
    }
  }

  /** The bus is told that it has to deliver them again. */
  rejectAll(): void {
    for (const { reject } of this.pending) reject(new ProjectionsUnavailable('the projector has stopped'));
    this.pending.clear();
  }
}
