import { sha256Hex } from '@verdict/ledger';
import type { ExportJob, ExportRanges, ExportStore, ExportTerms } from '../ports/audit.js';
import type { KeyStore } from '../ports/key-store.js';
import { bundleKeys, signerOf } from './checkpoint-keys.js';

/** What a deployment states about itself in every export. */
export interface ExportStatement {
  readonly generator: ExportTerms['generator'];
  /** Where times come from, and how far off they may be. */
  readonly clock: ExportTerms['clock'];
}

export interface TermsDeps {
  readonly store: ExportStore;
  readonly keys: KeyStore;
  readonly logHost: string;
  readonly statement: ExportStatement;
}

const EARLIER_MAX = 50;

const isSameRanges = (left: ExportRanges, right: ExportRanges): boolean =>
  isWithin(left, right) && isWithin(right, left);

const isWithin = (inner: ExportRanges, outer: ExportRanges): boolean =>
  Object.entries(inner).every(([kind, { from, to }]) =>
    Object.entries(outer).some(([other, range]) => other === kind && range.from === from && range.to === to),
  );

/** A tree only proves that it continues one that is not larger. */
const isContinuedBy = (earlier: ExportRanges, ranges: ExportRanges): boolean =>
  Object.entries(earlier).every(([kind, { to }]) =>
    Object.entries(ranges).every(([other, range]) => other !== kind || to <= range.to),
  );

/** The last export of the series that this one continues: not itself made again, and nothing that reaches further. */
const previousOf = async (store: ExportStore, job: ExportJob): Promise<ExportTerms['previous']> => {
  const earlier = await store.earlierExports(job, EARLIER_MAX);
  const found = earlier.find(({ ranges }) => !isSameRanges(ranges, job.ranges) && isContinuedBy(ranges, job.ranges));
  if (found === undefined || found.result === null) return null;
  return { manifestSha256: found.result.manifestSha256, ranges: found.ranges };
};

const keysNow = async ({ keys, logHost }: TermsDeps): Promise<Pick<ExportTerms, 'keys' | 'jwks' | 'signer'>> => {
  const [newest] = await keys.publicKeys('export');
  const signer = {
    kid: newest?.kid ?? '',
    publicKey: Buffer.from(newest?.publicKey ?? new Uint8Array()).toString('hex'),
  };
  return { ...(await bundleKeys({ keys, logHost })), signer };
};

/** The terms under which this series and range are exported: those of the first time, which are stored before anything is written. */
export const termsOf = async (deps: TermsDeps, job: ExportJob): Promise<ExportTerms> => {
  const known = await deps.store.findTerms(job);
  if (known !== undefined) return known;
  const previous = await previousOf(deps.store, job);
  return deps.store.saveTerms(job, { previous, ...deps.statement, ...(await keysNow(deps)), signature: null });
};

/** The same terms with the keys of now: when what is to be signed is not what was signed before, or the key has been replaced. */
export const withKeysOfNow = async (deps: TermsDeps, terms: ExportTerms): Promise<ExportTerms> => ({
  ...terms,
  ...(await keysNow(deps)),
  signature: null,
});

/** Signs a manifest note, or gives the signature that the same text got before; tells which one it was. */
export class TermsSigner {
  signature: ExportTerms['signature'] = null;

  constructor(
    private readonly keys: KeyStore,
    private readonly terms: ExportTerms,
  ) {}

  readonly sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const textSha256 = sha256Hex(message);
    const { signature, signer } = this.terms;
    if (signature?.textSha256 === textSha256) {
      this.signature = signature;
      return Buffer.from(signature.bytes, 'base64');
    }
    const bytes = await signerOf(this.keys, 'export', signer.kid)(message);
    this.signature = { textSha256, bytes: Buffer.from(bytes).toString('base64') };
    return bytes;
  };
}
