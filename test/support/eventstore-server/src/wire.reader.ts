import { type Expected, NO_STREAM, type ProposedEvent } from './events.js';
import type { shared } from './protocol.js';

const JSON_TYPE = 'application/json';

/** The largest unsigned value is how a client spells "the end", or -1. */
const END = 2n ** 64n - 1n;

export const readRevision = (text: string): bigint => {
  const revision = BigInt(text);
  return revision === END ? NO_STREAM : revision;
};

export const readStreamName = (identifier: shared.StreamIdentifier | undefined): string | undefined => {
  const bytes = identifier?.getStreamName_asU8();
  return bytes === undefined || bytes.length === 0 ? undefined : Buffer.from(bytes).toString('utf8');
};

const hex = (bits: string): string => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');

/** Either form of an id as a lower-case UUID. */
export const readId = (id: shared.UUID | undefined): string => {
  const structured = id?.getStructured();
  if (structured === undefined) return (id?.getString() ?? '').toLowerCase();
  const digits = `${hex(structured.getMostSignificantBits())}${hex(structured.getLeastSignificantBits())}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

interface ProposedMessage {
  getId(): shared.UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}

/** Returns the name of a required property if that is missing. */
export const readProposed = (message: ProposedMessage): ProposedEvent | string => {
  const type = message.getMetadataMap().get('type');
  if (type === undefined) return 'type';
  const contentType = message.getMetadataMap().get('content-type');
  if (contentType === undefined) return 'content-type';
  const id = readId(message.getId());
  const [data, metadata] = [message.getData_asU8(), message.getCustomMetadata_asU8()];
  return { id, type, isJson: contentType === JSON_TYPE, data, metadata };
};

interface ExpectedOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** `revision` is what the message calls its exact revision; undefined if it has none. */
export const readExpected = (options: ExpectedOptions, revision: string | undefined): Expected | undefined => {
  if (revision !== undefined) return readRevision(revision);
  if (options.hasNoStream()) return NO_STREAM;
  if (options.hasAny()) return 'any';
  return options.hasStreamExists() ? 'stream_exists' : undefined;
};
