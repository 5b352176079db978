import type { ServerWritableStream, ServiceError } from '@grpc/grpc-js';
import type { streams } from './protocol.js';

export type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp>;

/** The answering side of a read: waits for slow clients, and knows when nobody listens any more. */
export class Outlet {
  private isOver = false;
  private readonly closeListeners = new Set<() => void>();

  constructor(private readonly call: ReadCall) {
    call.on('cancelled', () => this.close());
    call.on('close', () => this.close());
  }

  get isOpen(): boolean {
    return !this.isOver;
  }

  /** Resolves when there is room for more. */
  async write(message: streams.ReadResp): Promise<void> {
    if (this.isOver || this.call.write(message)) return;
    await this.until((wake) => {
      this.call.once('drain', wake);
      return () => this.call.off('drain', wake);
    });
  }

  end(): void {
    if (!this.isOver) this.call.end();
    this.close();
  }

  fail(error: ServiceError): void {
    if (!this.isOver) this.call.emit('error', error);
    this.close();
  }

  /** Resolves when `wake` is called, or nobody listens any more. `listen` returns how to stop it. */
  async until(listen: (wake: () => void) => () => void): Promise<void> {
    if (this.isOver) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stop();
        this.closeListeners.delete(done);
        resolve();
      };
      this.closeListeners.add(done);
      const stop = listen(done);
    });
  }

  onClose(listener: () => void): void {
    this.closeListeners.add(listener);
  }

  private close(): void {
    this.isOver = true;
    for (const listener of this.closeListeners) listener();
    this.closeListeners.clear();
  }
}
