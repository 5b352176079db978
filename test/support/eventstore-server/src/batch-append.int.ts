import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import streamsServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { GoogleEmpty, shared, streams } from './protocol.js';
import { type EventStoreServer, startEventStoreServer } from './index.js';
import { eventually, freshStream, texts, useClients } from './testing/clients.js';

/** What the client never sends, yet the protocol has: its calls are made by hand. */
describe('A batch append call', () => {
  let server: EventStoreServer;
  let client: InstanceType<typeof streamsServices.StreamsClient>;
  let call: ClientDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;
  let answers: streams.BatchAppendResp.AsObject[];
  const open = useClients();
  beforeAll(async () => {
    server = await startEventStoreServer();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    client = new streamsServices.StreamsClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
    call = client.batchAppend();
    answers = [];
    call.on('data', (answer: streams.BatchAppendResp) => answers.push(answer.toObject()));
    call.on('error', () => undefined);
  });
  afterEach(() => {
    call.cancel();
    client.close();
  });

  const optionsFor = (stream: string): streams.BatchAppendReq.Options =>
    new streams.BatchAppendReq.Options()
      .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream)))
      .setNoStream(new GoogleEmpty());

  const part = (id: string, text: string): streams.BatchAppendReq => {
    const message = new streams.BatchAppendReq.ProposedMessage().setData(Buffer.from(text));
    message.setId(new shared.UUID().setString(`00000000-0000-4000-8000-00000000000${text.length}`));
    message.getMetadataMap().set('type', 'happened').set('content-type', 'application/octet-stream');
    const correlationId = new shared.UUID().setString(id);
    return new streams.BatchAppendReq().setCorrelationId(correlationId).setProposedMessagesList([message]);
  };

  it('answers each of two interleaved appends by its own correlation id', async () => {
    const [a, b] = [freshStream(), freshStream()];
    call.write(part('A', 'a').setOptions(optionsFor(a)));
    call.write(part('B', 'b').setOptions(optionsFor(b)));
    call.write(part('B', 'bb').setIsFinal(true));
    call.write(part('A', 'aa').setIsFinal(true));
    await eventually('both answers', () => answers.length === 2);
    expect(answers.map(({ correlationId, success }) => [correlationId?.string, success?.currentRevision])).toEqual([
      ['B', '1'],
      ['A', '1'],
    ]);
    expect([await texts(open(server.url), a), await texts(open(server.url), b)]).toEqual([
      ['a', 'aa'],
      ['b', 'bb'],
    ]);
  });

  it('gives up on an append whose last part does not come in time', async () => {
    const stream = freshStream();
    const deadline = new timestamps.Timestamp();
    deadline.fromDate(new Date(Date.now() + 50));
    call.write(part('A', 'a').setOptions(optionsFor(stream).setDeadline(deadline)));
    await eventually('the answer', () => answers.length === 1);
    expect(answers[0]?.error?.message).toBe('Timeout');
    call.write(part('A', 'aa').setIsFinal(true));
    call.write(part('B', 'b').setOptions(optionsFor(stream)).setIsFinal(true));
    await eventually('the next answer', () => answers.length === 2);
    expect(await texts(open(server.url), stream)).toEqual(['b']);
  });

  it('names what is wrong with a request', async () => {
    call.write(part('A', 'a').setOptions(optionsFor('')).setIsFinal(true));
    await eventually('the answer', () => answers.length === 1);
    expect(answers[0]?.error?.message).toBe('BadRequest');
  });

  it('ends when the client ends it, after the last answer', async () => {
    const ended = new Promise((resolve) => call.on('end', resolve));
    server.faults.arm('answer_late', { ms: 20 });
    call.write(part('A', 'a').setOptions(optionsFor(freshStream())).setIsFinal(true));
    call.end();
    await ended;
    expect(answers).toHaveLength(1);
  });
});
