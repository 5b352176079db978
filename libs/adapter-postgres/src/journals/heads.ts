import type { JournalName, Revision } from '@verdict/application';
import { coalesce } from './coalesce.js';
import type { Query } from './connections.js';
import { readHeads } from './statements.js';

/** Heads of many callers in one query; each call sees everything that was acknowledged before it. */
export const createHeads = (query: Query): ((journals: readonly JournalName[]) => Promise<readonly Revision[]>) =>
  coalesce(async (questions: readonly (readonly JournalName[])[]) => {
    const rows = await query<{ stream: string; head: string }>(readHeads([...new Set(questions.flat())]));
    const heads = new Map(rows.map(({ stream, head }) => [stream, BigInt(head)]));
    return questions.map((journals) => journals.map((journal) => heads.get(journal) ?? -1n));
  });
