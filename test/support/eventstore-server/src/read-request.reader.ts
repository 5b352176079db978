import type { RecordedEvent } from './events.js';
import type { IdForm } from './read-messages.js';
import { streams } from './protocol.js';
import { readRevision, readStreamName } from './wire.reader.js';

/** `start` and `end` as the client says them; else a revision or a position. */
export type Cursor = bigint | 'start' | 'end';

export interface EventFilter {
  /** Whether an event of `$all` passes. */
  passes(event: Pick<RecordedEvent, 'stream' | 'type'>): boolean;
  /** Of a name, when the filter looks at names. */
  passesStream(stream: string): boolean;
  /** So many events are looked at between two checkpoints. */
  readonly checkpointInterval: number;
}

interface Common {
  readonly idForm: IdForm;
  readonly from: Cursor;
}

export type ReadRequest =
  | (Common & {
      readonly kind: 'read_stream';
      readonly stream: string;
      readonly isBackwards: boolean;
      readonly count: number;
    })
  | (Common & {
      readonly kind: 'read_all';
      readonly filter: EventFilter | undefined;
      readonly isBackwards: boolean;
      readonly count: number;
    })
  | (Common & { readonly kind: 'subscribe_stream'; readonly stream: string })
  | (Common & { readonly kind: 'subscribe_all'; readonly filter: EventFilter | undefined });

const SEARCH_WINDOW = 32;

const readFilter = (filter: streams.ReadReq.Options.FilterOptions): EventFilter => {
  const onStream = filter.getStreamIdentifier();
  const expression = onStream ?? filter.getEventType();
  const prefixes = expression?.getPrefixList() ?? [];
  const pattern = expression?.getRegex() ?? '';
  const regex = pattern === '' ? undefined : new RegExp(pattern);
  const matches = (text: string): boolean => regex?.test(text) ?? prefixes.some((prefix) => text.startsWith(prefix));
  const window = filter.hasMax() ? filter.getMax() : SEARCH_WINDOW;
  return {
    passes: ({ stream, type }) => matches(onStream === undefined ? type : stream),
    passesStream: (stream) => onStream === undefined || matches(stream),
    checkpointInterval: window * filter.getCheckpointintervalmultiplier(),
  };
};

const readFrom = (options: streams.ReadReq.Options): Cursor => {
  const at = options.getStream() ?? options.getAll();
  if (at === undefined || at.hasStart()) return 'start';
  if (at.hasEnd()) return 'end';
  if ('getRevision' in at) return at.hasRevision() ? endOr(readRevision(at.getRevision())) : 'start';
  return endOr(readRevision(at.getPosition()?.getCommitPosition() ?? '0'));
};

const endOr = (cursor: bigint): Cursor => (cursor < 0n ? 'end' : cursor);

/** Returns what is wrong with the request, if it asks for something that there is not. */
export const readRequest = (request: streams.ReadReq): ReadRequest | string => {
  const options = request.getOptions();
  if (options === undefined) return 'options are required';
  const stream = readStreamName(options.getStream()?.getStreamIdentifier());
  if (options.hasStream() && stream === undefined) return 'a stream identifier is required';
  const idForm = options.getUuidOption()?.hasString() === true ? 'string' : 'structured';
  const isBackwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const common = { idForm, from: readFrom(options) } as const;
  const filterOptions = options.getFilter();
  const filter = filterOptions === undefined ? undefined : readFilter(filterOptions);
  if (options.hasSubscription()) {
    if (isBackwards) return 'a subscription reads forwards';
    return stream === undefined
      ? { ...common, kind: 'subscribe_all', filter }
      : { ...common, kind: 'subscribe_stream', stream };
  }
  const page = { isBackwards, count: Number(options.getCount()) };
  return stream === undefined
    ? { ...common, ...page, kind: 'read_all', filter }
    : { ...common, ...page, kind: 'read_stream', stream };
};
