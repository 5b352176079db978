import { sha256Hex } from '@verdict/ledger';

const CHUNK_IDS = 4_096;

/** How many ids there are, and the SHA-256 (hex) of them sorted, a newline after each. */
export interface IdDigest {
  readonly count: number;
  readonly sha256: string;
}

/** Digest of ids in any order. Equal sets of ids give equal digests, whoever sorted them. */
export const digestIds = async (ids: AsyncIterable<string>): Promise<IdDigest> => {
  const all: string[] = [];
  let isSorted = true;
  for await (const id of ids) {
    isSorted &&= all.length === 0 || (all.at(-1) ?? '') <= id;
    all.push(id);
  }
  if (!isSorted) all.sort();
  return { count: all.length, sha256: sha256Hex(Buffer.concat(chunksOf(all))) };
};

const chunksOf = (ids: readonly string[]): readonly Buffer[] => {
  const chunks: Buffer[] = [];
  for (let at = 0; at < ids.length; at += CHUNK_IDS) {
    chunks.push(
      Buffer.from(
        ids
          .slice(at, at + CHUNK_IDS)
          .map((id) => `${id}\n`)
          .join(''),
        'utf8',
      ),
    );
  }
  return chunks;
};
