import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../e2e/processes.js';

export type Env = Readonly<Record<string, string>>;
export type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly command?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition; readonly required?: boolean }>>;
  readonly environment?: Readonly<Record<string, string | number | boolean | null>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly deploy?: { readonly replicas?: number };
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, null>>;
}

export const textOf = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
export const yamlOf = (path: string): unknown => parse(textOf(path), { merge: true });

export const COMPOSE = 'docker-compose.yml';
export const POSTGRES_ONLY = 'deploy/compose.postgres.yml';

/** What a user has to set, with values that every part of the stack takes. */
export const USER_ENV: Env = {
  POSTGRES_ADMIN_PASSWORD: 'admin-password-of-the-test',
  POSTGRES_SERVICE_PASSWORD: 'service-password-of-the-test',
  AUTH_ISSUERS: JSON.stringify([{ issuer: 'https://idp.test', jwksUrl: 'https://idp.test/jwks' }]),
};

const VARIABLE = /\$\{([A-Z_]+)(?:(:?[-?])([^}]*))?\}/g;

/** The names that compose asks the user for, and whether it goes on without. */
export const variablesOf = (text: string): readonly { readonly name: string; readonly isRequired: boolean }[] =>
  [...text.matchAll(VARIABLE)].map(([, name = '', operator]) => ({
    name,
    isRequired: operator === undefined || operator.endsWith('?'),
  }));

/** Replaces `${NAME:-default}` and its kin as compose does. @source compose specification, interpolation */
export const interpolate = (text: string, env: Env): string =>
  text.replace(VARIABLE, (_, name: string, operator: string | undefined, rest: string) => {
    const value = env[name];
    const isGiven = value !== undefined && !(value === '' && operator?.startsWith(':') === true);
    if (isGiven) return value;
    if (operator?.endsWith('-') === true) return rest;
    throw new Error(`${name} is not set`);
  });

/** The environment of one service, as its process sees it. */
export const environmentOf = (service: ComposeService, env: Env = USER_ENV): Env =>
  Object.fromEntries(
    Object.entries(service.environment ?? {}).map(([name, value]) => [name, interpolate(String(value ?? ''), env)]),
  );

const overlaid = (base: ComposeService, { environment, profiles, ...rest }: ComposeService): ComposeService => {
  const others = Object.keys(rest);
  if (others.length > 0) throw new Error(`how ${others.join()} are laid over is not written here`);
  return {
    ...base,
    environment: { ...base.environment, ...environment },
    profiles: [...(base.profiles ?? []), ...(profiles ?? [])],
  };
};

/** The main file; with overlays, what compose makes of `-f` after `-f`. */
export const composeOf = (...overlays: readonly string[]): Compose => {
  const main = yamlOf(COMPOSE) as Compose;
  const services = { ...main.services };
  for (const overlay of overlays) {
    for (const [name, over] of Object.entries((yamlOf(overlay) as Compose).services)) {
      const base = services[name];
      if (base === undefined) throw new Error(`${overlay} lays something over ${name}, which is not there`);
      services[name] = overlaid(base, over);
    }
  }
  return { ...main, services };
};

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
  readonly isNamed: boolean;
}

export const mountsOf = ({ volumes = [] }: ComposeService): readonly Mount[] =>
  volumes.map((text) => {
    const [source = '', target = '', mode] = text.split(':');
    return { source, target, isReadOnly: mode === 'ro', isNamed: /^[a-z]/.test(source) };
  });

export interface PublishedPort {
  readonly host: string;
  readonly first: number;
  readonly last: number;
  readonly target: number;
}

export const portsOf = ({ ports = [] }: ComposeService): readonly PublishedPort[] =>
  ports.map((text) => {
    const [, host = '', first = '', last = first, target = ''] =
      /^(?:([\d.]+):)?(\d+)(?:-(\d+))?:(\d+)$/.exec(text) ?? [];
    return { host, first: Number(first), last: Number(last), target: Number(target) };
  });

const APP = /^apps\/([a-z-]+)\/dist\/main\.js$/;

/** Which app a service runs; undefined for what is not ours, and for one-shot commands. */
export const appOf = ({ command = [] }: ComposeService): string | undefined => APP.exec(command[1] ?? '')?.[1];

export interface Dockerfile {
  readonly from: readonly string[];
  readonly exposed: readonly number[];
  readonly text: string;
}

/** Stages of the file itself are left out of `from`; build arguments are replaced by their defaults. */
export const dockerfileOf = (path: string): Dockerfile => {
  const text = textOf(path);
  const args: Env = Object.fromEntries(
    [...text.matchAll(/^ARG ([A-Z]+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
  const froms = [...text.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
  const stages = new Set(froms.map(([, , stage]) => stage));
  return {
    from: froms.map(([, image = '']) => interpolate(image, args)).filter((image) => !stages.has(image)),
    exposed: [...text.matchAll(/^EXPOSE (.+)$/gm)].flatMap(([, ports = '']) => ports.split(' ').map(Number)),
    text,
  };
};

/** The Dockerfile that a service is built from, if it is built. */
export const ownDockerfile = ({ build }: ComposeService): Dockerfile | undefined =>
  build === undefined ? undefined : dockerfileOf(join(build.context, build.dockerfile ?? 'Dockerfile'));
