import type { sendUnaryData, ServerReadableStream, ServiceError } from '@grpc/grpc-js';
import { type AppendAnswer, APPEND_BYTES_MAX, type Appends } from './appends.js';
import {
  accessDenied,
  invalidArgument,
  maximumAppendSizeExceeded,
  notLeader,
  requiredMetadataMissing,
  serverBusy,
  streamDeleted,
  timedOut,
} from './errors.js';
import { type Expected, NO_STREAM, type ProposedEvent, sizeOf } from './events.js';
import { shared, streams } from './protocol.js';
import { readExpected, readProposed, readStreamName } from './wire.reader.js';

type AppendCall = ServerReadableStream<streams.AppendReq, streams.AppendResp>;
type Refusal = Exclude<AppendAnswer, { kind: 'success' } | { kind: 'wrong_expected_version' }>;

export interface UnaryContext {
  readonly appends: Appends;
  readonly port: number;
  cut(peer: string): void;
}

const success = ({ revision, position }: Extract<AppendAnswer, { kind: 'success' }>): streams.AppendResp => {
  const message = new streams.AppendResp.Success();
  if (revision === NO_STREAM) message.setNoStream(new shared.Empty());
  else message.setCurrentRevision(String(revision));
  if (position === undefined) message.setNoPosition(new shared.Empty());
  else {
    const text = String(position);
    message.setPosition(new streams.AppendResp.Position().setCommitPosition(text).setPreparePosition(text));
  }
  return new streams.AppendResp().setSuccess(message);
};

const wrongExpectedVersion = (current: bigint, expected: Expected): streams.AppendResp => {
  const message = new streams.AppendResp.WrongExpectedVersion();
  if (current === NO_STREAM) message.setCurrentNoStream(new shared.Empty());
  else message.setCurrentRevision(String(current));
  if (expected === 'any') message.setExpectedAny(new shared.Empty());
  else if (expected === 'stream_exists') message.setExpectedStreamExists(new shared.Empty());
  else if (expected === NO_STREAM) message.setExpectedNoStream(new shared.Empty());
  else message.setExpectedRevision(String(expected));
  return new streams.AppendResp().setWrongExpectedVersion(message);
};

const refusal = (answer: Refusal, stream: string, port: number): ServiceError => {
  switch (answer.kind) {
    case 'stream_deleted':
      return streamDeleted(stream);
    case 'access_denied':
      return accessDenied();
    case 'not_leader':
      return notLeader({ host: '127.0.0.1', port });
    case 'busy':
      return serverBusy();
    case 'timeout':
      return timedOut();
    case 'too_large':
      return maximumAppendSizeExceeded(answer.limit);
  }
};

interface Target {
  readonly stream: string;
  readonly expected: Expected;
}

const readTarget = (options: streams.AppendReq.Options): Target | undefined => {
  const stream = readStreamName(options.getStreamIdentifier());
  const expected = readExpected(options, options.hasRevision() ? options.getRevision() : undefined);
  return stream === undefined || expected === undefined ? undefined : { stream, expected };
};

/** One append of a client that sends its events one by one. */
class UnaryAppendCall {
  private target: Target | undefined;
  private readonly events: ProposedEvent[] = [];
  private bytes = 0;
  private isAnswered = false;

  constructor(
    private readonly call: AppendCall,
    private readonly callback: sendUnaryData<streams.AppendResp>,
    private readonly context: UnaryContext,
  ) {}

  start(): void {
    const { call } = this;
    call.on('data', (message: streams.AppendReq) => this.receive(message));
    call.on('end', () => void this.append());
    call.on('cancelled', () => {
      this.isAnswered = true;
    });
  }

  private receive(message: streams.AppendReq): void {
    const options = message.getOptions();
    if (options !== undefined) this.target = readTarget(options);
    const proposed = message.getProposedMessage();
    if (proposed === undefined) return;
    const event = readProposed(proposed);
    if (typeof event === 'string') {
      this.answer(requiredMetadataMissing(event));
      return;
    }
    this.events.push(event);
    this.bytes += sizeOf(event);
    if (this.bytes > APPEND_BYTES_MAX) this.answer(maximumAppendSizeExceeded(APPEND_BYTES_MAX));
  }

  private async append(): Promise<void> {
    if (this.isAnswered) return;
    if (this.target === undefined) {
      this.answer(invalidArgument('stream identifier and expected revision are required'));
      return;
    }
    const { stream, expected } = this.target;
    const delivery = await this.context.appends.handle({ stream, expected, events: this.events }, 'unary');
    if (delivery.kind === 'cut') this.context.cut(this.call.getPeer());
    if (delivery.kind !== 'answer') return;
    const { answer, delayMs } = delivery;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (answer.kind === 'success') this.answer(null, success(answer));
    else if (answer.kind === 'wrong_expected_version')
      this.answer(null, wrongExpectedVersion(answer.current, expected));
    else this.answer(refusal(answer, stream, this.context.port));
  }

  private answer(error: ServiceError | null, response?: streams.AppendResp): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.callback(error, response);
  }
}

export const unaryAppend =
  (context: UnaryContext) =>
  (call: AppendCall, callback: sendUnaryData<streams.AppendResp>): void => {
    new UnaryAppendCall(call, callback, context).start();
  };
