import { generateKeyPairSync } from 'node:crypto';
import { formatCheckpoint, formatVkey, rootOf, sealEntry, signNote, writeBundle } from '@verdict/ledger';

const ORIGIN = 'ledger.example/acme/policy';
const NAME = 'ledger.example';
const AT = '2026-11-05T10:00:00.000Z';

const sealed = (revision: number) =>
  sealEntry({
    origin: ORIGIN,
    revision: BigInt(revision),
    type: 'budget_set',
    typeV: 1,
    commandId: `command-${String(revision)}`,
    ordinal: 0,
    occurredAt: AT,
    recordedAt: AT,
    actor: { kind: 'user', id: 'admin-1', roles: ['admin'] },
    causes: [],
    observed: {},
    correlationId: null,
    traceparent: null,
    payload: {
      budget_id: 'web',
      scope: 'project:web',
      period: 'month',
      limit_usd: `${String(revision + 1)}000.0000`,
      set_at: AT,
    },
  });

/** Writes a bundle of a few entries of one journal; returns the key that signed it. */
export const writeSmallBundle = async (path: string): Promise<string> => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const vkey = formatVkey(NAME, privateKey);
  const entries = [0, 1, 2].map((revision) => ({ ...sealed(revision), revision: BigInt(revision) }));
  const root = rootOf(entries.map(({ leafHash }) => leafHash));
  const size = BigInt(entries.length);
  const text = formatCheckpoint({ origin: ORIGIN, size, root });
  await writeBundle(
    {
      series: 'default',
      query: { tenant: 'acme', kinds: ['policy'] },
      generator: { name: 'verdict', version: '0.1.0', build_id: 'test' },
      clock: { source: 'ntp', offset_ms_max: 50 },
      journals: [
        {
          kind: 'policy',
          origin: ORIGIN,
          from: 0n,
          to: size,
          size,
          root,
          checkpoint: await signNote({ name: NAME, privateKey, text }),
          // eslint-disable-next-line @typescript-eslint/require-await -- the writer wants an async source
          entries: async function* () {
            yield* entries;
          },
          before: () => [],
          after: () => [],
        },
      ],
      readModelCounts: { policy: { budget_set: entries.length } },
      keys: [{ vkey, purpose: 'export', validFrom: AT, validUntil: null }],
      jwks: { keys: [] },
      signer: { name: NAME, privateKey },
      previousManifestSha256: null,
    },
    { form: 'zip', path },
  );
  return vkey;
};
