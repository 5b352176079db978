import { APPEND_BYTES_MAX, APPEND_ENTRIES_MAX } from '../ports/journals.js';

/** Cuts entries into appends as large as the port allows, in order. */
export async function* batchesOf<Entry extends { readonly bytes: Uint8Array }>(
  entries: AsyncIterable<Entry>,
): AsyncGenerator<readonly Entry[]> {
  let batch: Entry[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    const isFull = batch.length >= APPEND_ENTRIES_MAX || bytes + entry.bytes.length > APPEND_BYTES_MAX;
    if (isFull) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += entry.bytes.length;
  }
  if (batch.length > 0) yield batch;
}
