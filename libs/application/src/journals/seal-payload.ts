import { entryIdOf } from '@verdict/ledger';
import type { Json } from '@verdict/domain';
import { asJson } from './entries.codec.js';
import type { Sealer } from '../ports/system.js';

/** Where payloads hold free text of persons, or a key. Sealed before hashing, so that the hash covers the sealed form. */
const SEALED = [['notes'], ['justification'], ['request', 'justification'], ['hmac_key']] as const;

interface Sealable {
  readonly $seal: { readonly subject: string; readonly text: string };
}
const isSealable = (value: unknown): value is Sealable =>
  typeof value === 'object' && value !== null && '$seal' in value;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const replaceAt = (value: unknown, path: readonly string[], replace: (found: Sealable) => unknown): unknown => {
  const [head, ...rest] = path;
  if (head === undefined) return isSealable(value) ? replace(value) : value;
  if (!isObject(value) || !isObject(value[head])) return value;
  const inner = replaceAt(value[head], rest, replace);
  return inner === value[head] ? value : { ...value, [head]: inner };
};

/**
 * Seals the personal text of a payload.
 * Additional data of each is the entry's id and the text's JSON pointer, so that it cannot be moved to another entry.
 * @source ledger format section 1
 */
export const sealPayload = (
  payload: unknown,
  entry: { readonly tenantId: string; readonly origin: string; readonly commandId: string; readonly ordinal: number },
  sealer: Sealer,
): Json => {
  const sealed = SEALED.reduce<unknown>(
    (value, path) =>
      replaceAt(value, path, ({ $seal }) => ({
        $sealed: sealer.seal({
          tenantId: entry.tenantId,
          subject: $seal.subject,
          text: $seal.text,
          aad: `${entryIdOf(entry.origin, entry.commandId, entry.ordinal)}/${path.join('/')}`,
        }),
      })),
    payload,
  );
  return asJson(sealed);
};
