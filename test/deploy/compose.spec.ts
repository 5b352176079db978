import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@verdict/nest-kit';
import { ServiceEnv } from '@verdict/platform';
import {
  appOf,
  COMPOSE,
  composeOf,
  type ComposeService,
  dockerfileOf,
  environmentOf,
  mountsOf,
  ownDockerfile,
  portsOf,
  POSTGRES_ONLY,
  textOf,
  USER_ENV,
  variablesOf,
} from '../support/deploy/compose.js';
import { REPOSITORY } from '../support/e2e/processes.js';

const STOP_SECONDS = 30; // What a service gives itself, see runMain.

const compose = composeOf();
const all = Object.entries(compose.services);
const ours = all.filter(([, service]) => service.image?.startsWith('verdict:') === true);
const apps = all.filter(([, service]) => appOf(service) !== undefined);
const longLived = all.filter(([, { restart }]) => restart !== 'no');
const thirdParty = longLived.filter(([, service]) => appOf(service) === undefined);
const serviceOf = (name: string): ComposeService => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};
const settingsOf = (name: string) => serviceOf(name).environment ?? {};
const PROFILES = [
  ['the scale-out profile', composeOf()],
  ['the profile on Postgres alone', composeOf(POSTGRES_ONLY)],
] as const;
/** Services that start without naming a profile. */
const startedIn = ({ services }: ReturnType<typeof composeOf>): readonly string[] =>
  Object.entries(services).flatMap(([name, { profiles = [] }]) => (profiles.length === 0 ? [name] : []));

describe('the compose file', () => {
  it('runs every service app, and each as itself', () => {
    const built = readdirSync(join(REPOSITORY, 'apps')).filter(
      (app) =>
        existsSync(join(REPOSITORY, 'apps', app, 'src/main.ts')) &&
        textOf(`apps/${app}/src/main.ts`).includes('runService('),
    );
    expect(apps.map(([name]) => name).sort()).toEqual(built);
    for (const [name, service] of apps) expect(appOf(service)).toBe(name);
  });

  it.each(PROFILES)('gives each app in %s all that it needs, and nothing that it does not read', (_, { services }) => {
    for (const [name] of apps) {
      const env = environmentOf(services[name] ?? {});
      expect(Object.keys(env).filter((variable) => !(variable in ServiceEnv.shape))).toEqual([]);
      const config = loadConfig(ServiceEnv, env);
      expect(config.VERDICT_LOG === 'eventstoredb' && config.EVENTSTORE_URL === undefined).toBe(false);
      expect(config.VERDICT_BUS === 'kafka' && config.KAFKA_BROKERS === undefined).toBe(false);
    }
  });

  it('starts EventStoreDB, Kafka and everything that watches, unless Postgres alone is asked for', () => {
    const [full, small] = PROFILES.map(([, profile]) => startedIn(profile));
    expect(full).toEqual(all.map(([name]) => name));
    expect([...(small ?? [])].sort()).toEqual(['migrate', 'postgres', ...apps.map(([name]) => name)].sort());
    const [first, second] = PROFILES.map(([, { services }]) =>
      apps.map(([name]) => {
        const { VERDICT_LOG, VERDICT_BUS } = environmentOf(services[name] ?? {});
        return `${VERDICT_LOG ?? ''} ${VERDICT_BUS ?? ''}`;
      }),
    );
    expect(new Set(first)).toEqual(new Set(['eventstoredb kafka']));
    expect(new Set(second)).toEqual(new Set(['postgres log']));
  });

  it('gives the migration what the command reads, and no more', () => {
    const read = [...textOf('apps/cli/src/commands/migrate.command.ts').matchAll(/postgresUrlIn\(io, '([A-Z_]+)'\)/g)];
    expect(Object.keys(settingsOf('migrate')).sort()).toEqual(read.map(([, name]) => name).sort());
    expect(serviceOf('migrate').command).toEqual(['node', 'apps/cli/bin/verdict.js', 'migrate']);
  });

  it("tells the administrator's password to the database and to the migration only", () => {
    const told = all.filter(([, service]) => JSON.stringify(service).includes('POSTGRES_ADMIN_PASSWORD'));
    expect(told.map(([name]) => name).sort()).toEqual(['migrate', 'postgres']);
    for (const [, service] of apps) {
      expect(new URL(environmentOf(service)['POSTGRES_URL'] ?? '').username).toBe('verdict_service');
    }
  });

  it('writes no secret down', () => {
    for (const [, { environment = {} }] of all) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|TOKEN/.test(name)) expect(value).toMatch(/^\$\{[A-Z_]+:\?/);
        const [, password] = /:\/\/[^/@:]+:([^@]+)@/.exec(String(value)) ?? [];
        if (password !== undefined) expect(password).toMatch(/^\$\{[A-Z_]+:\?/);
      }
    }
  });

  it('asks for nothing that deploy/README.md does not explain', () => {
    const readme = textOf('deploy/README.md');
    const variables = [COMPOSE, POSTGRES_ONLY].flatMap((file) => variablesOf(textOf(file)));
    for (const { name } of variables) expect(readme).toContain(`\`${name}\``);
    const required = new Set(variables.filter(({ isRequired }) => isRequired).map(({ name }) => name));
    expect([...required].sort()).toEqual(Object.keys(USER_ENV).sort());
  });
});

describe('each image', () => {
  const built = all.flatMap(([, service]) => ownDockerfile(service)?.from ?? []);
  const used = new Set([...all.map(([, { image = '' }]) => image), ...built]);

  it.each([...used])('%s has a version that stays', (image) => {
    // Postgres counts in two numbers, all else in three.
    expect(image).toMatch(/^[a-z0-9/-]+:v?\d+\.\d+(?:\.\d+)?(?:-[a-z0-9-]+)?(?:@sha256:[0-9a-f]{64})?$/);
    if (!image.startsWith('postgres:')) expect(image).toMatch(/:v?\d+\.\d+\.\d+/);
  });

  it('of ours has the version of the release', () => {
    const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
    for (const [, { image }] of ours) expect(image).toBe(`verdict:${version}`);
  });

  it('of ours is one, built once for all', () => {
    for (const [, { build }] of ours) expect(build).toEqual({ context: '.', dockerfile: 'deploy/Dockerfile' });
  });

  it('of the collector has the version of the collector in it', () => {
    const { image = '' } = serviceOf('otel-collector');
    const tag = image.split(':')[1] ?? '';
    expect(ownDockerfile(serviceOf('otel-collector'))?.from).toContain(`otel/opentelemetry-collector:${tag}`);
  });
});

describe('each published port', () => {
  it('is on loopback, and nobody else has it', () => {
    const taken = new Map<number, string>();
    for (const [name, service] of all) {
      expect(portsOf(service)).toHaveLength(service.ports?.length ?? 0);
      for (const { host, first, last, target } of portsOf(service)) {
        expect({ name, host, isPort: target > 0 && first > 0 && last >= first }).toEqual({
          ...{ name, host: '127.0.0.1', isPort: true },
        });
        for (let port = first; port <= last; port += 1) {
          expect(taken.get(port)).toBeUndefined();
          taken.set(port, name);
        }
      }
    }
  });

  it.each(apps)('of %s is where it listens, is exposed, and is asked how it is', (_, service) => {
    const image = dockerfileOf('deploy/Dockerfile');
    const { HTTP_HOST, HTTP_PORT } = environmentOf(service);
    expect(HTTP_HOST).toBe('0.0.0.0');
    expect(image.exposed).toEqual([Number(HTTP_PORT)]);
    expect(portsOf(service).map(({ target }) => target)).toEqual([Number(HTTP_PORT)]);
    expect(/HEALTHCHECK .*\\\n.*CMD (.*)/.exec(image.text)?.[1]).toContain(
      '127.0.0.1:${process.env.HTTP_PORT}/health/ready',
    );
  });

  it('is enough for the replicas', () => {
    for (const [, service] of apps) {
      const { replicas = 1 } = service.deploy ?? {};
      for (const { first, last } of portsOf(service)) expect(last - first + 1).toBeGreaterThanOrEqual(replicas);
    }
    expect(serviceOf('gate').deploy?.replicas).toBe(2);
  });
});

describe('each service', () => {
  it.each(longLived)('%s is restarted, can be asked how it is, and cannot gain privileges', (_, service) => {
    expect(service.restart).toBe('unless-stopped');
    expect(service.security_opt).toContain('no-new-privileges:true');
    const hasOwn = ownDockerfile(service)?.text.includes('\nHEALTHCHECK ') === true;
    expect(hasOwn || (service.healthcheck?.test?.length ?? 0) > 1).toBe(true);
  });

  it.each(thirdParty)('%s is asked on the port that it publishes', (_, service) => {
    const asked = service.healthcheck?.test?.join(' ') ?? '';
    const ports = [...portsOf(service).map(({ target }) => target), ...(ownDockerfile(service)?.exposed ?? [])];
    expect(ports.some((port) => new RegExp(`127\\.0\\.0\\.1(?::| -p )${String(port)}\\b`).test(asked))).toBe(true);
  });

  it.each(ours)('%s of ours writes to volumes and /tmp only, without capabilities', (_, service) => {
    expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] });
    expect(Number.parseInt(service.stop_grace_period ?? '', 10)).toBeGreaterThan(STOP_SECONDS);
  });

  it('waits for what it needs, in a way that can come true', () => {
    for (const [, { depends_on = {} }] of all) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        const needed = serviceOf(name);
        const expected = needed.restart === 'no' ? 'service_completed_successfully' : 'service_healthy';
        expect({ name, condition }).toEqual({ name, condition: expected });
      }
    }
    for (const [, { depends_on = {} }] of apps) {
      expect(Object.keys(depends_on).sort()).toEqual(['eventstore', 'kafka', 'migrate', 'postgres']);
    }
  });

  it('that another profile leaves out is not waited for in vain', () => {
    const { services } = composeOf(POSTGRES_ONLY);
    for (const name of startedIn({ ...compose, services })) {
      for (const [needed, { required = true }] of Object.entries(services[name]?.depends_on ?? {})) {
        if (required) expect(startedIn({ ...compose, services })).toContain(needed);
      }
    }
  });
});

describe('the volumes', () => {
  it('are declared, and used', () => {
    const named = all.flatMap(([, service]) => mountsOf(service).filter(({ isNamed }) => isNamed));
    expect([...new Set(named.map(({ source }) => source))].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('from the repository are there, and cannot be changed', () => {
    const bound = all.flatMap(([, service]) => mountsOf(service).filter(({ isNamed }) => !isNamed));
    for (const { source, isReadOnly } of bound) {
      expect(existsSync(join(REPOSITORY, source))).toBe(true);
      expect(isReadOnly).toBe(true);
    }
  });

  const mountAt = (service: ComposeService, folder: string) =>
    mountsOf(service).find(({ target }) => target === folder);

  it('with keys are the same for all, since what one signs or seals another publishes or opens', () => {
    const keys = apps.map(([, service]) => mountAt(service, environmentOf(service)['VERDICT_KEYS_DIR'] ?? ''));
    expect(new Set(keys.map((mount) => mount?.source)).size).toBe(1);
    for (const mount of keys) expect(mount).toMatchObject({ isNamed: true, isReadOnly: false });
  });

  it('with bundles are where the exports are written', () => {
    const service = serviceOf('audit-export');
    expect(mountAt(service, environmentOf(service)['VERDICT_EXPORTS_DIR'] ?? '')).toMatchObject({
      ...{ isNamed: true, isReadOnly: false },
    });
  });

  it('belong to the user of the image before anything is in them', () => {
    const { text } = dockerfileOf('deploy/Dockerfile');
    const [, owner = '', group = '', folders = ''] = /install -d -o (\d+) -g (\d+) -m 0700 (.+)$/m.exec(text) ?? [];
    expect(text).toContain(`\nUSER ${owner}:${group}\n`);
    for (const [, service] of apps) {
      for (const { target } of mountsOf(service)) expect(folders.split(' ')).toContain(target);
    }
  });

  it.each([
    ['postgres', '/var/lib/postgresql'],
    ['eventstore', '/var/lib/eventstore'],
    ['kafka', String(settingsOf('kafka')['KAFKA_LOG_DIRS'])],
  ])('keep what %s has acknowledged', (name, folder) => {
    expect(mountAt(serviceOf(name), folder)).toMatchObject({ isNamed: true, isReadOnly: false });
  });
});

describe('the servers', () => {
  it('are where the services look for them', () => {
    for (const [, service] of apps) {
      const env = environmentOf(service);
      const urls = [env['POSTGRES_URL'], env['EVENTSTORE_URL'], env['OTEL_EXPORTER_OTLP_ENDPOINT']];
      for (const { hostname, port } of urls.map((url) => new URL(url ?? ''))) {
        const server = serviceOf(hostname);
        const open = [...portsOf(server).map(({ target }) => target), ...(ownDockerfile(server)?.exposed ?? [])];
        expect(open).toContain(Number(port));
      }
      const advertised = String(settingsOf('kafka')['KAFKA_ADVERTISED_LISTENERS']).split(',');
      for (const broker of env['KAFKA_BROKERS']?.split(',') ?? []) {
        expect(advertised).toContain(`PLAINTEXT://${broker}`);
        serviceOf(broker.split(':')[0] ?? '');
      }
    }
  });

  it('keep the journals on disk, make no streams of their own, and tell nobody', () => {
    expect(settingsOf('eventstore')).toMatchObject({
      EVENTSTORE_INSECURE: 'true',
      EVENTSTORE_MEM_DB: 'false',
      EVENTSTORE_RUN_PROJECTIONS: 'None',
      EVENTSTORE_START_STANDARD_PROJECTIONS: 'false',
      EVENTSTORE_TELEMETRY_OPTOUT: 'true',
    });
    expect(settingsOf('postgres')['POSTGRES_INITDB_ARGS']).toContain('--data-checksums');
    expect(JSON.stringify(serviceOf('postgres').command)).not.toMatch(/fsync|full_page_writes|synchronous_commit/);
  });

  it('are as many brokers as the topics want copies', () => {
    const one = {
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    };
    expect(settingsOf('kafka')).toMatchObject({
      ...one,
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka:9093',
    });
    for (const [, service] of apps) {
      const { KAFKA_TOPIC_REPLICATION, KAFKA_TOPIC_MIN_ISR } = environmentOf(service);
      expect([KAFKA_TOPIC_REPLICATION, KAFKA_TOPIC_MIN_ISR]).toEqual(['1', '1']);
    }
  });
});

describe('the build', () => {
  it('copies named folders only, and what is ignored is everything else', () => {
    const { text } = dockerfileOf('deploy/Dockerfile');
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    const rules = textOf('deploy/Dockerfile.dockerignore').split('\n');
    const letIn = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(rules.find((rule) => rule !== '' && !rule.startsWith('#'))).toBe('*');
    expect([...new Set(copied)].sort()).toEqual([...letIn].sort());
    const lastLetIn = rules.findLastIndex((rule) => rule.startsWith('!'));
    for (const never of ['**/node_modules', '**/dist', '**/.verdict', '**/.env*', '**/*.pem', '**/*.key']) {
      expect(rules.indexOf(never)).toBeGreaterThan(lastLetIn); // The last rule that fits wins.
    }
  });

  it('gives Node the flags that `npm start` gives it, and that the bench measures with', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { readonly scripts: { readonly start: string } };
    const flags = scripts.start.match(/--[a-z-]+=\S+/g) ?? [];
    expect(flags).not.toEqual([]);
    expect(/NODE_OPTIONS=(\S+)/.exec(dockerfileOf('deploy/Dockerfile').text)?.[1]).toBe(flags.join(' '));
  });

  it('runs as nobody, from exactly what the lock file says, without tools that only the build needs', () => {
    const { text } = dockerfileOf('deploy/Dockerfile');
    expect(text).toMatch(/^RUN npm ci --omit=dev .*--ignore-scripts/m);
    expect(text).not.toMatch(/npm (?:i|install)\b/);
    expect(text.lastIndexOf('\nUSER ')).toBeGreaterThan(text.lastIndexOf('\nFROM '));
    expect(text).not.toMatch(/^(?:ARG|ENV) .*(?:PASSWORD|SECRET|TOKEN|KEY=)/m);
  });
});

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
// A client with compose is not part of what the tests need: where there is one, it reads the files too.
if (hasCompose) {
  describe('docker compose', () => {
    it.each([[[COMPOSE]], [[COMPOSE, POSTGRES_ONLY]]])('accepts %j', (files) => {
      const args = ['compose', ...files.flatMap((file) => ['-f', file]), 'config', '-q'];
      const { status, stderr } = spawnSync('docker', args, {
        ...{ cwd: REPOSITORY, encoding: 'utf8', env: { ...process.env, ...USER_ENV } },
      });
      expect({ status, stderr }).toMatchObject({ status: 0 });
    });
  });
}
