/**
 * One caller's wait for the answer to one command. Until a writer takes the command up it can be given up, and then it is
 * never written; afterwards nobody but the log knows what becomes of it.
 */
export class CallersWait {
  private state: 'open' | 'taken' | 'given_up' = 'open';

  /** @param isHalfGone whether half of the time for the answer is gone by now. What it says enters the command: see `hurried`. */
  constructor(readonly isHalfGone: () => boolean = () => false) {}

  /** For the writer, before it decides. False: nobody waits any more, so nothing may be written. */
  take(): boolean {
    if (this.state === 'given_up') return false;
    this.state = 'taken';
    return true;
  }

  /** For the caller, at the deadline. True: nothing was written, nor will be. False: it may be in the log, or get there. */
  giveUp(): boolean {
    if (this.state === 'taken') return false;
    this.state = 'given_up';
    return true;
  }
}
