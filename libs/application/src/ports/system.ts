/** The wall clock; rules never read it, use cases pass its time in commands. */
export interface Clock {
  /** Unix time in milliseconds, UTC. */
  nowMs(): number;
}
export interface Ids {
  /** UUIDv7, lower case: sorts by the time it was made. */
  uuid(): string;
  /** `count` random bytes as base64url. */
  randomText(count: number): string;
}
/** Seals personal text under a key of its subject, so that erasing the key erases the text and keeps every proof. */
export interface Sealer {
  seal(request: { readonly tenantId: string; readonly subject: string; readonly text: string; readonly aad: string }): {
    readonly kid: string;
    readonly iv: string;
    readonly ct: string;
    readonly tag: string;
  };
  /** undefined: the subject's key has been destroyed. */
  open(request: {
    readonly tenantId: string;
    readonly sealed: { readonly kid: string; readonly iv: string; readonly ct: string; readonly tag: string };
    readonly aad: string;
  }): string | undefined;
}
/** Called by the core at moments that operators count; must be cheap and never throw. */
export interface Observer {
  batchAppended(batch: {
    readonly kind: 'policy' | 'decisions' | 'approvals' | 'reservations';
    readonly entries: number;
    readonly commands: number;
    readonly seconds: number;
    readonly outcome: 'appended' | 'conflict' | 'unknown';
  }): void;
  /** What the state of a tenant made due could not be decided or written, and waiting does not mend it: a defect. */
  reactionFailed(failure: { readonly service: string; readonly tenantId: string; readonly error: unknown }): void;
}
export const silentObserver: Observer = { batchAppended: () => undefined, reactionFailed: () => undefined };
