export interface Heartbeats {
  /** Aborts, with the driver's error as its reason, when the group does not count this member any more. */
  readonly lost: AbortSignal;
  stop(): void;
}

/** Keeps a member in its group while a slice takes its time: the driver only beats between batches. */
export const keepBeating = (heartbeat: () => Promise<void>, everyMs: number): Heartbeats => {
  const lost = new AbortController();
  const beat = (): void => {
    heartbeat().catch((error: unknown) => {
      lost.abort(error);
    });
  };
  const timer = setInterval(beat, everyMs);
  return {
    lost: lost.signal,
    stop: () => {
      clearInterval(timer);
    },
  };
};
