import type { BusConsumer, BusObserver, JournalKind, Movement } from '@verdict/application';
import { JournalTurns } from './journal-turns.js';
import { gatherMovements } from './movements.js';
import { readRecord, type TopicRecord } from './read-record.js';
import { type BackoffTerms, backoffMs, pause } from './time.js';

/** Records of one partition, in its order. */
export interface RecordSlice {
  readonly topic: string;
  readonly kind: JournalKind;
  readonly partition: number;
  readonly records: readonly TopicRecord[];
}

const RETRY: BackoffTerms = { firstMs: 100, longestMs: 30_000 };

/** Makes movements of records and delivers them until the consumer has dealt with them. */
export class SliceDelivery {
  private readonly turns = new JournalTurns();

  constructor(
    private readonly consumer: BusConsumer,
    private readonly logHost: string,
    private readonly observer: BusObserver,
  ) {}

  /** Whether the consumer has dealt with the slice; false only when `leave` was raised before. */
  async deliver(slice: RecordSlice, leave: AbortSignal): Promise<boolean> {
    const movements = this.movementsOf(slice);
    if (movements.length === 0) return true;
    const release = await this.turns.take(movements.map(({ journal }) => journal));
    try {
      return await this.deliverPatiently(movements, leave);
    } finally {
      release();
    }
  }

  private async deliverPatiently(movements: readonly Movement[], leave: AbortSignal): Promise<boolean> {
    for (let tries = 1; !leave.aborted; tries += 1) {
      try {
        await this.consumer.deliver(movements);
        return true;
      } catch (error) {
        this.observer.interrupted({ group: this.consumer.group, error });
      }
      await pause(backoffMs(RETRY, tries), leave);
    }
    return false;
  }

  private movementsOf({ topic, kind, partition, records }: RecordSlice): readonly Movement[] {
    const readings = records.map((record) => {
      const reading = readRecord(record, { logHost: this.logHost, kind });
      const { offset } = record;
      if (reading.kind === 'unsound') this.observer.mismatched({ topic, partition, offset, reason: reading.reason });
      return reading;
    });
    const { movements, forked } = gatherMovements(kind, readings);
    const offset = records.at(-1)?.offset ?? '';
    for (const { journal, revision } of forked) {
      const reason = `two entries of ${journal} at revision ${revision.toString()}`;
      this.observer.mismatched({ topic, partition, offset, reason });
    }
    return movements;
  }
}
