/** Everything a command needs of the process it runs in, so that a test can run it without one. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here. */
  readonly cwd: string;
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  /** Data: what the caller asked for. */
  readonly stdout: (text: string) => void;
  /** The rest: errors, hints, progress. */
  readonly stderr: (text: string) => void;
  /** Standard input, as it comes. */
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** Asks a person yes or no; undefined: nobody sits there, so nothing is asked. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly fetch: typeof fetch;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** A fresh UUID. */
  readonly newId: () => string;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly interrupted: AbortSignal;
  readonly exit: (code: ExitCode) => void;
}

/** What the exit code says. @source operations section 11 */
export const EXIT = {
  /** Done, or yes. */
  yes: 0,
  /** No: DENY, tampered, different. */
  no: 1,
  /** Called wrongly, or it cannot be checked. */
  wrongCall: 2,
  /** REQUIRE_APPROVAL, or the quorum is still open. */
  personNeeded: 3,
  /** Refused with a code; nothing happened. */
  refused: 4,
  /** Not authenticated or not permitted. */
  notPermitted: 5,
  /** Unknown or unavailable: repeat with the same key. */
  unknown: 6,
  /** Done in part; what is missing is listed. */
  incomplete: 7,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
