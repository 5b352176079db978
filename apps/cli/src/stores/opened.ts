import { CliFailure } from '../failure.js';
import { EXIT } from '../io.js';

interface Closable {
  close(): Promise<void>;
}
/** Has it closed when the work is over. */
export type Keep = <Resource extends Closable>(resource: Resource) => Resource;

/** Runs work on what it opens; closes that afterwards, the last first, however the work ends. */
export const withOpened = async <Answer>(work: (keep: Keep) => Promise<Answer>): Promise<Answer> => {
  const opened: Closable[] = [];
  try {
    return await work((resource) => {
      opened.push(resource);
      return resource;
    });
  } finally {
    for (const resource of opened.reverse()) await resource.close();
  }
};

const memberOf = (error: unknown, member: string): string => {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, member) : undefined;
  return typeof value === 'string' ? value : '';
};

/** A refused connection to `localhost` has a code and no message of its own. */
const titleOf = (error: unknown): string =>
  [memberOf(error, 'message'), memberOf(error, 'code'), String(error)].find((text) => text !== '') ?? '';

/** Password or certificate refused; a right is missing. */
const FORBIDDEN = /^(28[0-9A-Z]{3}|42501)$/;
/** By name: each adapter of a log has classes of its own. */
const DAMAGE = new Set(['JournalGap', 'LogDamaged']);

/** What a store's error means to the caller; `detail` says what state the command has left. */
export const storeFailure = (error: unknown, detail?: string): CliFailure => {
  if (error instanceof CliFailure) return error;
  const told = { title: titleOf(error), idempotencyKey: null, ...(detail === undefined ? {} : { detail }) };
  if (DAMAGE.has(memberOf(error, 'name')))
    return new CliFailure(EXIT.no, { ...told, code: 'log_damaged', retry: 'never' });
  if (FORBIDDEN.test(memberOf(error, 'code'))) {
    return new CliFailure(EXIT.notPermitted, { ...told, code: 'store_forbidden', retry: 'never' });
  }
  return new CliFailure(EXIT.unknown, { ...told, code: 'store_unavailable', retry: 'later' });
};
