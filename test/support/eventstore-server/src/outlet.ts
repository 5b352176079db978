import type { ServerWritableStream, ServiceError } from '@grpc/grpc-js';
import type { streams } from './protocol.js';

export type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp>;

/** The answering side of a read: waits for slow clients, and knows when nobody listens any more. */
export class Outlet {
  private isOver = false;
  private readonly closed: Promise<void>;
  private close: () => void = () => undefined;

  constructor(private readonly call: ReadCall) {
    this.closed = new Promise((resolve) => {
      this.close = () => {
        this.isOver = true;
        resolve();
      };
    });
    call.on('cancelled', () => this.close());
    call.on('close', () => this.close());
  }

  get isOpen(): boolean {
    return !this.isOver && !this.call.cancelled;
  }

  /** Resolves when there is room for more. */
  async write(message: streams.ReadResp): Promise<void> {
    if (!this.isOpen || this.call.write(message)) return;
    await Promise.race([new Promise((resolve) => this.call.once('drain', resolve)), this.closed]);
  }

  end(): void {
    if (this.isOpen) this.call.end();
    this.close();
  }

  fail(error: ServiceError): void {
    if (this.isOpen) this.call.emit('error', error);
    this.close();
  }

  /** Resolves with the first of them, or when nobody listens any more. */
  async until(signal: Promise<void>): Promise<void> {
    await Promise.race([signal, this.closed]);
  }

  onClose(listener: () => void): void {
    void this.closed.then(listener);
  }
}
