export interface TimedSuite {
  readonly path: string;
  /** More than 0. */
  readonly seconds: number;
  /** Whether it waits (for a clock, a lease, a broker, another process) for more than a quarter of its time. */
  readonly waits: boolean;
}

export declare const sequence: <Suite extends TimedSuite>(suites: readonly Suite[]) => readonly Suite[];
