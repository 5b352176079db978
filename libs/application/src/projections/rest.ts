/** A pause that somebody may cut short. */
export class Rest {
  private awaken: (() => void) | undefined;

  /** Resolves after `ms`, or when `end` is called. */
  take(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.awaken = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.awaken = done;
    });
  }

  /** Ends the pause that is being taken, if any. */
  end(): void {
    this.awaken?.();
  }
}
