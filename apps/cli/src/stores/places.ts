import { wrongCall } from '../failure.js';
import type { Io } from '../io.js';
import type { LogKind } from './log.js';
import { eventStoreUrlIn, postgresUrlIn } from './urls.js';

/** Where one side of a copy is. */
export type Place =
  | { readonly kind: 'eventstoredb'; readonly url: string }
  /** `admin`: the side is to be migrated first. */
  | { readonly kind: 'postgres'; readonly url: URL; readonly variable: string; readonly admin: URL | undefined }
  | { readonly kind: 'data_folder' };

export interface PlaceFlags {
  readonly from: LogKind;
  readonly to: LogKind;
  /** Wins over POSTGRES_URL, as every flag over its variable. */
  readonly dataDir?: string;
}

const missing = (variable: string): Error =>
  wrongCall('url_missing', `${variable} is not set`, 'passwords are no arguments: URLs come from the environment');

const placeOf = (
  io: Io,
  kind: LogKind,
  { prefix, dataDir }: { prefix: string; dataDir?: string | undefined },
): Place => {
  if (kind === 'eventstoredb') {
    const url = eventStoreUrlIn(io, `${prefix}EVENTSTORE_URL`);
    if (url === undefined) throw missing(`${prefix}EVENTSTORE_URL`);
    return { kind, url };
  }
  const variable = `${prefix}POSTGRES_URL`;
  const url = postgresUrlIn(io, variable);
  if (prefix === '' && (url === undefined || dataDir !== undefined)) return { kind: 'data_folder' };
  if (url === undefined) throw missing(variable);
  return { kind, url, variable, admin: postgresUrlIn(io, `${prefix}POSTGRES_ADMIN_URL`) };
};

const TARGET = 'TARGET_';
const VARIABLES = { postgres: 'POSTGRES_URL', eventstoredb: 'EVENTSTORE_URL' } as const satisfies Record<
  LogKind,
  string
>;

/** What tells two stores apart, whoever connects, and in whichever way. */
const addressOf = (place: Place): string => {
  switch (place.kind) {
    case 'postgres':
      return `${place.url.hostname}:${place.url.port === '' ? '5432' : place.url.port}${place.url.pathname}`;
    case 'eventstoredb':
      return place.url.replace(/^esdb(\+discover)?:\/\/([^/@]*@)?/, '').replace(/[/?].*$/, '');
    case 'data_folder':
      return '';
  }
};

/**
 * Both sides of a copy, from the environment. The variables of the target may begin with TARGET_; where both sides are of
 * one kind, they must.
 */
export const placesOf = (
  io: Io,
  { from, to, dataDir }: PlaceFlags,
): { readonly source: Place; readonly target: Place } => {
  const source = placeOf(io, from, { prefix: '', dataDir });
  const hasOwn = (io.env[`${TARGET}${VARIABLES[to]}`] ?? '') !== '';
  const target = placeOf(io, to, { prefix: hasOwn || from === to ? TARGET : '', dataDir });
  if (source.kind === target.kind && addressOf(source) === addressOf(target)) {
    throw wrongCall('same_store', 'source and target are the same store');
  }
  return { source, target };
};
