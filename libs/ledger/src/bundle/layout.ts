/** Names and order of everything in a bundle. Source: ledger format section 6. */
export const MANIFEST = 'manifest.json';
export const MANIFEST_NOTE = 'manifest.note';
export const README = 'README.txt';
export const POLICY_LINEAGE = 'lineage/policy_lineage.json';
export const CONTEXT_LINEAGE = 'lineage/computed_context_lineage.json';
export const VKEYS = 'keys/vkeys.txt';
export const JWKS = 'keys/jwks.json';

export const VIEW_FILES = [
  'views/decisions.csv',
  'views/approvals.csv',
  'views/reservations.csv',
  'views/policy_changes.csv',
] as const;
export type ViewFile = (typeof VIEW_FILES)[number];

export const entriesFile = (kind: string): string => `journals/${kind}/entries.ndjson`;
export const checkpointFile = (kind: string): string => `journals/${kind}/checkpoint`;
export const rangeProofFile = (kind: string): string => `journals/${kind}/range.proof`;
export const consistencyProofFile = (kind: string): string => `journals/${kind}/consistency.proof`;
export const policyFile = (sha256: string): string => `policies/${sha256}.json`;

const KIND = /^[a-z][a-z0-9_]{0,63}$/;
const POLICY_FILE = /^policies\/([0-9a-f]{64})\.json$/;

export const isKind = (kind: string): boolean => KIND.test(kind);

/** The hash in the name of a policy or price book text; undefined for any other file. */
export const policyHashOf = (file: string): string | undefined => POLICY_FILE.exec(file)?.[1];

/** What a bundle holds beside its journals and texts varies in nothing. */
export interface BundleShape {
  readonly kinds: readonly string[];
  readonly kindsWithConsistency: ReadonlySet<string>;
  readonly policyHashes: readonly string[];
}

/** Every file the manifest lists, in bundle order; the manifest and its note stand before them. */
export const listedFiles = ({ kinds, kindsWithConsistency, policyHashes }: BundleShape): readonly string[] => [
  README,
  ...[...kinds]
    .sort()
    .flatMap((kind) => [
      entriesFile(kind),
      checkpointFile(kind),
      rangeProofFile(kind),
      ...(kindsWithConsistency.has(kind) ? [consistencyProofFile(kind)] : []),
    ]),
  ...[...policyHashes].sort().map(policyFile),
  POLICY_LINEAGE,
  CONTEXT_LINEAGE,
  ...VIEW_FILES,
  VKEYS,
  JWKS,
];
