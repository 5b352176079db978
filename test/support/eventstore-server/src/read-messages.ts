import type { RecordedEvent } from './events.js';
import { shared, streams } from './protocol.js';

/** Positions are known to reads of `$all` alone; elsewhere the server says "the end". */
const NO_POSITION = String(2n ** 64n - 1n);

export type ReadFrom = 'stream' | 'all';
export type IdForm = 'string' | 'structured';

const idOf = (id: string, form: IdForm): shared.UUID => {
  if (form === 'string') return new shared.UUID().setString(id);
  const bits = BigInt(`0x${id.replaceAll('-', '')}`);
  const structured = new shared.UUID.Structured()
    .setMostSignificantBits(String(BigInt.asIntN(64, bits >> 64n)))
    .setLeastSignificantBits(String(BigInt.asIntN(64, bits)));
  return new shared.UUID().setStructured(structured);
};

export const eventMessage = (event: RecordedEvent, from: ReadFrom, form: IdForm): streams.ReadResp => {
  const position = from === 'all' ? String(event.position) : NO_POSITION;
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(idOf(event.id, form))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(event.stream, 'utf8')))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  const metadata = recorded.getMetadataMap();
  metadata.set('type', event.type);
  metadata.set('created', String(event.createdTicks));
  metadata.set('content-type', event.isJson ? 'application/json' : 'application/octet-stream');
  const message = new streams.ReadResp.ReadEvent().setEvent(recorded);
  if (from === 'all') message.setCommitPosition(position);
  else message.setNoPosition(new shared.Empty());
  return new streams.ReadResp().setEvent(message);
};

export const notFoundMessage = (stream: string): streams.ReadResp => {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));
  return new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier),
  );
};

export const confirmationMessage = (subscriptionId: string): streams.ReadResp =>
  new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId),
  );

export const checkpointMessage = (position: bigint): streams.ReadResp => {
  const text = String(position);
  const checkpoint = new streams.ReadResp.Checkpoint().setCommitPosition(text).setPreparePosition(text);
  return new streams.ReadResp().setCheckpoint(checkpoint);
};

export const caughtUpMessage = (): streams.ReadResp =>
  new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());

export const fellBehindMessage = (): streams.ReadResp =>
  new streams.ReadResp().setFellBehind(new streams.ReadResp.FellBehind());
