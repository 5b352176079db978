/**
 * Fires once after `ms` without a sign of life. It gives the event loop one more turn first: after a pause of this
 * process the sign may lie in the socket already, and its own pause must not be taken for the store's.
 */
export class SilenceTimer {
  private timer: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;
  private isOver = false;

  constructor(
    private readonly ms: number,
    private readonly onSilence: () => void,
  ) {
    this.restart();
  }

  restart(): void {
    if (this.isOver) return;
    this.clear();
    this.timer = setTimeout(() => {
      this.turn = setImmediate(() => {
        this.isOver = true;
        this.onSilence();
      });
    }, this.ms);
  }

  stop(): void {
    this.isOver = true;
    this.clear();
  }

  private clear(): void {
    clearTimeout(this.timer);
    clearImmediate(this.turn);
  }
}
