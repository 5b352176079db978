import type { ServerDuplexStream, ServiceError } from '@grpc/grpc-js';
import { type AppendAnswer, APPEND_BYTES_MAX, type Appends, type AppendRequest, type Delivery } from './appends.js';
import { batchError, batchSuccess, type ErrorStatus } from './batch-answers.js';
import { notLeader } from './errors.js';
import { type ProposedEvent, sizeOf } from './events.js';
import type { shared, streams } from './protocol.js';
import { readExpected, readId, readProposed, readStreamName } from './wire.reader.js';

type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

export interface BatchContext {
  readonly appends: Appends;
  readonly port: number;
  cut(peer: string): void;
}

interface Pending {
  readonly correlationId: shared.UUID | undefined;
  readonly request: Omit<AppendRequest, 'events'>;
  readonly events: ProposedEvent[];
  bytes: number;
  /** The client waits until then for its own last part. */
  readonly timer: NodeJS.Timeout;
}

/** The server gives up on a write sooner than its client may. */
const WRITE_TIMEOUT_MS = 30_000;

const deadlineOf = (options: streams.BatchAppendReq.Options): number | undefined => {
  const deadline = options.getDeadline();
  return deadline === undefined ? undefined : deadline.getSeconds() * 1000 + Math.floor(deadline.getNanos() / 1e6);
};

/** One call of a client, over which all its appends go; answers come in the order in which they are ready. */
class BatchAppendCall {
  private readonly pending = new Map<string, Pending>();
  private underWay = 0;
  private isEnded = false;
  private hasClientEnded = false;

  constructor(
    private readonly call: BatchCall,
    private readonly context: BatchContext,
  ) {}

  start(): void {
    const { call } = this;
    call.on('data', (message: streams.BatchAppendReq) => this.receive(message));
    call.on('end', () => {
      this.hasClientEnded = true;
      this.endWhenDone();
    });
    call.on('cancelled', () => this.stop());
    call.on('error', () => this.stop());
  }

  private receive(message: streams.BatchAppendReq): void {
    if (this.isEnded) return; // What is on its way when a call ends is lost with it.
    const key = readId(message.getCorrelationId());
    const options = message.getOptions();
    if (options !== undefined && !this.pending.has(key)) this.open(key, message, options);
    const pending = this.pending.get(key);
    if (pending === undefined) return; // Refused already; the rest of it is on its way.
    const problem = this.gather(pending, message);
    if (problem === undefined && !message.getIsFinal()) return;
    this.forget(key, pending);
    if (problem === undefined) void this.append(pending);
    else this.refuse(pending.correlationId, pending.request.stream, problem);
  }

  private open(key: string, message: streams.BatchAppendReq, options: streams.BatchAppendReq.Options): void {
    const correlationId = message.getCorrelationId();
    const stream = readStreamName(options.getStreamIdentifier());
    const revision = options.hasStreamPosition() ? options.getStreamPosition() : undefined;
    const expected = readExpected(options, revision);
    if (stream === undefined || expected === undefined) {
      const message = stream === undefined ? 'Required field StreamIdentifier not set.' : 'no expected position';
      this.refuse(correlationId, stream ?? '', { kind: 'bad_request', message });
      return;
    }
    const deadlineMs = deadlineOf(options);
    const waitMs = Math.min((deadlineMs ?? Infinity) - Date.now(), WRITE_TIMEOUT_MS);
    const timer = setTimeout(() => {
      this.forget(key, pending);
      this.refuse(correlationId, stream, { kind: 'timeout' });
    }, waitMs);
    const request = { stream, expected, ...(deadlineMs === undefined ? {} : { deadlineMs }) };
    const pending: Pending = { correlationId, events: [], bytes: 0, timer, request };
    this.pending.set(key, pending);
  }

  private gather(pending: Pending, message: streams.BatchAppendReq): ErrorStatus | undefined {
    for (const proposed of message.getProposedMessagesList()) {
      const event = readProposed(proposed);
      if (typeof event === 'string') return { kind: 'bad_request', message: `${event} is missing` };
      pending.events.push(event);
      pending.bytes += sizeOf(event);
    }
    return pending.bytes > APPEND_BYTES_MAX ? { kind: 'too_large', limit: APPEND_BYTES_MAX } : undefined;
  }

  private forget(key: string, { timer }: Pending): void {
    clearTimeout(timer);
    this.pending.delete(key);
  }

  private async append(pending: Pending): Promise<void> {
    this.underWay += 1;
    const { request, events } = pending;
    const delivery = await this.context.appends.handle({ ...request, events }, 'batch');
    await this.deliver(pending, delivery);
    this.underWay -= 1;
    this.endWhenDone();
  }

  private async deliver(pending: Pending, delivery: Delivery): Promise<void> {
    if (delivery.kind === 'none') return;
    if (delivery.kind === 'cut') {
      this.stop();
      this.context.cut(this.call.getPeer());
      return;
    }
    if (delivery.kind === 'half_close') {
      this.end();
      return;
    }
    if (delivery.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delivery.delayMs));
    for (let time = 0; time < delivery.times; time += 1) this.answer(pending, delivery.answer);
  }

  private answer({ correlationId, request }: Pending, answer: AppendAnswer): void {
    if (answer.kind === 'success') this.write(batchSuccess(correlationId, request.stream, answer));
    else if (answer.kind === 'not_leader') this.fail(notLeader({ host: '127.0.0.1', port: this.context.port }));
    else if (answer.kind === 'wrong_expected_version') {
      this.refuse(correlationId, request.stream, { ...answer, expected: request.expected });
    } else this.refuse(correlationId, request.stream, answer);
  }

  private refuse(correlationId: shared.UUID | undefined, stream: string, error: ErrorStatus): void {
    this.write(batchError(correlationId, stream, error));
  }

  private write(response: streams.BatchAppendResp): void {
    if (!this.isEnded) this.call.write(response);
  }

  /** The whole call fails, and with it everything that is under way on it. */
  private fail(error: ServiceError): void {
    if (this.isEnded) return;
    this.stop();
    this.call.emit('error', error);
  }

  private endWhenDone(): void {
    if (this.hasClientEnded && this.underWay === 0) this.end();
  }

  private end(): void {
    if (this.isEnded) return;
    this.stop();
    this.call.end();
  }

  private stop(): void {
    this.isEnded = true;
    for (const [key, pending] of this.pending) this.forget(key, pending);
  }
}

export const batchAppend =
  (context: BatchContext) =>
  (call: BatchCall): void => {
    new BatchAppendCall(call, context).start();
  };
