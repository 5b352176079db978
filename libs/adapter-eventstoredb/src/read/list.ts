import type { JournalName } from '@verdict/application';
import type { Registry } from '../streams/registry.js';
import type { ReadHeads } from './heads.js';
import type { KnownHeads } from './known-heads.js';

export interface ListDeps {
  readonly registry: Registry;
  readonly heads: ReadHeads;
  readonly known: KnownHeads;
}

/** Names of the registry whose journal holds an entry. Once it does it always does, so most heads are not asked for. */
export const createList =
  ({ registry, heads, known }: ListDeps) =>
  async (): Promise<readonly JournalName[]> => {
    await registry.catchUp();
    const names = [...registry.names].sort();
    await heads(names.filter((journal) => known.of(journal) < 0n));
    return names.filter((journal) => known.of(journal) >= 0n);
  };
