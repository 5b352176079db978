import { DELETED_REVISION, type RecordedEvent } from './events.js';
import { streamDeleted } from './errors.js';
import type { Outlet } from './outlet.js';
import { eventMessage, notFoundMessage, type ReadFrom } from './read-messages.js';
import type { Cursor, ReadRequest } from './read-request.reader.js';
import type { Store } from './store.js';

type ReadStream = Extract<ReadRequest, { kind: 'read_stream' }>;
type ReadAll = Extract<ReadRequest, { kind: 'read_all' }>;

const PAGE = 256;

const beyond = (cursor: Cursor, start: bigint, end: bigint): bigint =>
  cursor === 'start' ? start : cursor === 'end' ? end : cursor;

const send = async (
  outlet: Outlet,
  events: readonly RecordedEvent[],
  { from, request }: { readonly from: ReadFrom; readonly request: ReadRequest },
): Promise<void> => {
  for (const event of events) await outlet.write(eventMessage(event, from, request.idForm));
};

/** A page at a time, so that a long stream is not held twice. What is appended meanwhile may be part of it. */
export const readStream = async (store: Store, request: ReadStream, outlet: Outlet): Promise<void> => {
  const { stream, isBackwards } = request;
  const { status, lastRevision } = store.view(stream);
  if (status === 'tombstoned') {
    outlet.fail(streamDeleted(stream));
    return;
  }
  if (status === 'absent') {
    await outlet.write(notFoundMessage(stream));
    outlet.end();
    return;
  }
  let next = isBackwards ? beyond(request.from, 0n, lastRevision) : beyond(request.from, 0n, DELETED_REVISION);
  for (let left = request.count; left > 0 && outlet.isOpen;) {
    const view = store.view(stream);
    const page = Math.min(left, PAGE);
    const events = isBackwards ? view.backwards(next, page) : view.forwards(next, page);
    const last = events.at(-1);
    if (last === undefined) break;
    await send(outlet, events, { from: 'stream', request });
    left -= events.length;
    next = isBackwards ? last.revision - 1n : last.revision + 1n;
  }
  outlet.end();
};

/** Forwards the given position is part of it, backwards it is not. */
export const readAll = async (store: Store, request: ReadAll, outlet: Outlet): Promise<void> => {
  const { isBackwards, filter } = request;
  let next = beyond(request.from, 0n, store.lastPosition + 1n);
  for (let left = request.count; left > 0 && outlet.isOpen;) {
    const page = isBackwards ? store.before(next, PAGE) : store.after(next - 1n, PAGE);
    const last = page.at(-1);
    if (last === undefined) break;
    const events = page.filter((event) => filter?.passes(event) ?? true).slice(0, left);
    await send(outlet, events, { from: 'all', request });
    left -= events.length;
    next = isBackwards ? last.position : last.position + 1n;
  }
  outlet.end();
};
