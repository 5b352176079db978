import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { REASON_CODES } from '@verdict/domain';
import { Metrics } from '@verdict/nest-kit';
import {
  appOf,
  composeOf,
  type ComposeService,
  environmentOf,
  mountsOf,
  ownDockerfile,
  portsOf,
  textOf,
  yamlOf,
} from '../support/deploy/compose.js';
import { readQuery } from '../support/deploy/promql.js';
import { REPOSITORY } from '../support/e2e/processes.js';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Scrape {
  readonly job_name: string;
  readonly static_configs?: readonly { readonly targets: readonly string[] }[];
  readonly dns_sd_configs?: readonly { readonly names: readonly string[]; readonly port: number }[];
}

const RULES = 'deploy/prometheus/verdict.rules.yml';
const RULE_TESTS = ['deploy/prometheus/verdict.rules.test.yml', 'deploy/prometheus/denial-spike.test.yml'];
const DASHBOARDS = 'deploy/grafana/dashboards';

const { services } = composeOf();
const serviceOf = (name: string): ComposeService => {
  const found = services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};
/** Ports that something in the container listens on, as far as its files say. */
const openPorts = (service: ComposeService): readonly number[] => [
  ...portsOf(service).map(({ target }) => target),
  ...(ownDockerfile(service)?.exposed ?? []),
];
const apps = Object.entries(services).filter(([, service]) => appOf(service) !== undefined);

const rules = (yamlOf(RULES) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const scrapes = (yamlOf('deploy/prometheus/prometheus.yml') as { readonly scrape_configs: readonly Scrape[] })
  .scrape_configs;
const panels = readdirSync(join(REPOSITORY, DASHBOARDS)).flatMap(
  (file) => (JSON.parse(textOf(`${DASHBOARDS}/${file}`)) as { readonly panels: readonly Panel[] }).panels,
);
const queries = [
  ...rules.map(({ alert, record, expr }) => [alert ?? record ?? '', expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
];

/** Labels that Prometheus puts on every series of a target, see prometheus.yml. */
const OF_TARGETS = ['job', 'instance', 'service'];

interface Series {
  readonly labels: ReadonlySet<string>;
  /** Values of each label, where the closed sets of the registry list them. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
}

type Values = Map<string, Set<string>>;

/** Label values of each series of a scrape, by the name on its lines. */
const valuesIn = (text: string): ReadonlyMap<string, Values> => {
  const found = new Map<string, Values>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = ''] = /^([a-z][a-z0-9_]*)\{(.*)\} /.exec(line) ?? [];
    const values = found.get(name) ?? new Map<string, Set<string>>();
    found.set(name, values);
    for (const [, label = '', value = ''] of labels.matchAll(/([a-z_]+)="([^"]*)"/g)) {
      values.set(label, (values.get(label) ?? new Set()).add(value));
    }
  }
  return found;
};

/** Every series name that the services can show, with its labels: from the registry itself, not from a list of names. */
const seriesOfRegistry = async (): Promise<ReadonlyMap<string, Series>> => {
  const { registry } = new Metrics({ reasonCodes: REASON_CODES });
  const shown = valuesIn(await registry.metrics());
  const found = new Map<string, Series>();
  for (const metric of registry.getMetricsAsArray()) {
    const { name, type, labelNames } = metric as unknown as {
      readonly name: string;
      readonly type: string;
      readonly labelNames: readonly string[];
    };
    for (const suffix of type === 'histogram' ? ['_bucket', '_count', '_sum'] : ['']) {
      const labels = new Set([...labelNames.filter((label) => label !== 'le'), ...OF_TARGETS]);
      if (suffix === '_bucket') labels.add('le');
      found.set(`${name}${suffix}`, { labels, values: shown.get(`${name}${suffix}`) ?? new Map() });
    }
  }
  return found;
};

const OWN_OF_PROMETHEUS = new Map<string, Series>([['up', { labels: new Set(OF_TARGETS), values: new Map() }]]);

/** Whether some value of a closed set passes; what is not closed may be anything. */
const canMatch = ({ values }: Series, label: string, operator: string, value: string): boolean => {
  const known = values.get(label);
  if (known === undefined) return true;
  const isSame = operator.endsWith('~')
    ? (each: string) => new RegExp(`^(?:${value})$`).test(each)
    : (each: string) => each === value;
  return [...known].some((each) => isSame(each) !== operator.startsWith('!'));
};

describe('the reader of queries', () => {
  it('finds metrics, matchers and groupings, and no function for a metric', () => {
    expect(
      readQuery(
        'histogram_quantile(0.9, sum by (le, a) (rate(x_bucket{b="c", d=~"e|f"}[5m] offset 1h))) > 2 and on () y',
      ),
    ).toEqual({
      selectors: [
        {
          metric: 'x_bucket',
          matchers: [
            { label: 'b', operator: '=', value: 'c' },
            { label: 'd', operator: '=~', value: 'e|f' },
          ],
        },
        { metric: 'y', matchers: [] },
      ],
      grouped: ['le', 'a'],
    });
  });
});

describe('each query of alerts and dashboards', () => {
  let known: ReadonlyMap<string, Series>;
  beforeAll(async () => {
    known = new Map([...(await seriesOfRegistry()), ...OWN_OF_PROMETHEUS]);
  });
  const recorded = (metric: string): readonly string[] | undefined => {
    const rule = rules.find(({ record }) => record === metric);
    return rule === undefined ? undefined : readQuery(rule.expr).grouped;
  };

  it('can be compared with what the services count', () => {
    expect(known.get('valdrics_ops_enforcement_gate_latency_seconds_bucket')?.labels).toContain('le');
    expect(known.get('valdrics_ops_enforcement_relay_lag_seconds')?.labels).toContain('kind');
    expect(known.size).toBeGreaterThan(40);
  });

  it.each(queries)('%s asks for series that exist', (_, expression) => {
    const { selectors } = readQuery(expression);
    expect(selectors.length).toBeGreaterThan(0);
    const unknown = selectors.filter(({ metric }) => !known.has(metric) && recorded(metric) === undefined);
    expect(unknown.map(({ metric }) => metric)).toEqual([]);
  });

  it.each(queries)('%s asks for labels that they have, and for values that can come', (_, expression) => {
    const { selectors, grouped } = readQuery(expression);
    const labels = new Set(
      selectors.flatMap(({ metric }) => [...(known.get(metric)?.labels ?? recorded(metric) ?? [])]),
    );
    expect(grouped.filter((label) => !labels.has(label))).toEqual([]);
    for (const { metric, matchers } of selectors) {
      for (const { label, operator, value } of matchers) {
        const series = known.get(metric);
        const has = (series?.labels ?? new Set(recorded(metric))).has(label);
        const hits = series === undefined || canMatch(series, label, operator, value);
        expect({ label, value, has, hits }).toEqual({ label, value, has: true, hits: true });
      }
    }
  });

  it('asks for services by names that they have', () => {
    const asked = queries.flatMap(([, expression]) =>
      readQuery(expression).selectors.flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'service')),
    );
    expect([...new Set(asked.map(({ value }) => value))].sort()).toEqual(apps.map(([name]) => name).sort());
    const jobs = new Set(scrapes.map(({ job_name }) => job_name));
    const askedJobs = queries.flatMap(([, expression]) =>
      readQuery(expression).selectors.flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'job')),
    );
    for (const { value } of askedJobs) expect(jobs).toContain(value);
  });
});

describe('the alerts', () => {
  it('have one name each, a severity, and say what to look at', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { labels, annotations } of alerts) {
      expect(['info', 'warning', 'critical']).toContain(labels?.['severity']);
      expect(Object.keys(annotations ?? {})).toEqual(['summary', 'description']);
    }
  });

  it('are each shown to fire and to be silent', () => {
    const tests = RULE_TESTS.flatMap(
      (file) => (yamlOf(file) as { readonly tests: readonly { readonly name: string }[] }).tests,
    );
    for (const { alert = '' } of alerts) {
      const shown = tests
        .filter(({ name }) => name.startsWith(`${alert} `))
        .map(({ name }) => name.slice(alert.length + 1));
      expect({ alert, fires: shown.includes('fires') }).toEqual({ alert, fires: true });
      expect({ alert, isSilent: shown.some((name) => name.startsWith('is silent')) }).toEqual({
        alert,
        isSilent: true,
      });
    }
    expect(tests.filter(({ name }) => !alerts.some(({ alert = '' }) => name.startsWith(`${alert} `)))).toEqual([]);
  });
});

describe('prometheus', () => {
  it('asks services that are there, on ports that they listen on', () => {
    const targets = scrapes.flatMap(({ static_configs = [], dns_sd_configs = [] }) => [
      ...static_configs.flatMap((each) => each.targets),
      ...dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${String(port)}`)),
    ]);
    expect(targets.length).toBeGreaterThan(apps.length);
    for (const target of targets) {
      const [name = '', port] = target.split(':');
      expect({ target, open: openPorts(serviceOf(name)) }).toEqual({
        target,
        open: expect.arrayContaining([Number(port)]),
      });
    }
  });

  it('finds every replica of every service app, by name', () => {
    const names = scrapes.flatMap(({ dns_sd_configs = [] }) => dns_sd_configs.flatMap((each) => each.names));
    expect([...names].sort()).toEqual(apps.map(([name]) => name).sort());
  });

  it('reads its files where they are mounted', () => {
    const service = serviceOf('prometheus');
    const mount = mountsOf(service).find(({ source }) => source === './deploy/prometheus');
    const { rule_files } = yamlOf('deploy/prometheus/prometheus.yml') as { readonly rule_files: readonly string[] };
    expect(rule_files).toEqual([`${mount?.target ?? ''}/verdict.rules.yml`]);
    expect(service.command).toContain(`--config.file=${mount?.target ?? ''}/prometheus.yml`);
  });
});

describe('grafana', () => {
  const { datasources } = yamlOf('deploy/grafana/provisioning/datasources/verdict.yml') as {
    readonly datasources: readonly { readonly uid: string; readonly url: string }[];
  };

  it('asks sources that are there', () => {
    for (const { url } of datasources) {
      const { hostname, port } = new URL(url);
      expect(openPorts(serviceOf(hostname))).toContain(Number(port));
    }
  });

  it('is given every source that a dashboard names', () => {
    const named = readdirSync(join(REPOSITORY, DASHBOARDS)).flatMap((file) =>
      [...textOf(`${DASHBOARDS}/${file}`).matchAll(/"datasource": \{[^}]*"uid": "([^"]+)"/g)].map(([, uid]) => uid),
    );
    expect(named.length).toBeGreaterThan(panels.length);
    expect([...new Set(named)].filter((uid) => !datasources.some((each) => each.uid === uid))).toEqual([]);
  });

  it('finds the dashboards where they are mounted', () => {
    const { providers } = yamlOf('deploy/grafana/provisioning/dashboards/verdict.yml') as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    const service = serviceOf('grafana');
    const mount = mountsOf(service).find(({ source }) => source === `./${DASHBOARDS}`);
    expect(providers.map(({ options }) => options.path)).toEqual([mount?.target]);
    expect(mountsOf(service).map(({ target }) => target)).toContain('/etc/grafana/provisioning');
    const home = String(service.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']);
    expect(readdirSync(join(REPOSITORY, DASHBOARDS)).map((file) => `${mount?.target ?? ''}/${file}`)).toContain(home);
  });

  it('shows nobody more than dashboards, and has no password to guess', () => {
    expect(serviceOf('grafana').environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true',
    });
  });
});

describe('the collector of traces', () => {
  type Parts = Readonly<Record<string, unknown>>;
  const config = yamlOf('deploy/otel-collector/config.yaml') as {
    readonly receivers: { readonly otlp: { readonly protocols: { readonly http: { readonly endpoint: string } } } };
    readonly processors: Parts;
    readonly exporters: Readonly<Record<string, { readonly endpoint: string }>>;
    readonly extensions: { readonly health_check: { readonly endpoint: string } };
    readonly service: {
      readonly extensions: readonly string[];
      readonly pipelines: Readonly<
        Record<string, Readonly<Record<'receivers' | 'processors' | 'exporters', string[]>>>
      >;
    };
  };
  const collector = serviceOf('otel-collector');

  it('uses what it declares, and declares what it uses', () => {
    for (const part of ['receivers', 'processors', 'exporters'] as const) {
      const used = Object.values(config.service.pipelines).flatMap((pipeline) => pipeline[part]);
      expect([...new Set(used)].sort()).toEqual(Object.keys(config[part]).sort());
    }
    expect(config.service.extensions).toEqual(Object.keys(config.extensions));
  });

  it('listens where the services send to, and is asked how it is where it answers', () => {
    const port = config.receivers.otlp.protocols.http.endpoint.split(':')[1];
    for (const [, service] of apps) {
      expect(environmentOf(service)['OTEL_EXPORTER_OTLP_ENDPOINT']).toBe(`http://otel-collector:${port ?? ''}`);
    }
    const health = config.extensions.health_check.endpoint.split(':')[1] ?? '';
    expect(collector.healthcheck?.test?.at(-1)).toBe(`http://127.0.0.1:${health}/`);
    expect(openPorts(collector)).toEqual(expect.arrayContaining([Number(port), Number(health)]));
  });

  it('gives them to a service that is there', () => {
    for (const { endpoint } of Object.values(config.exporters)) serviceOf(endpoint.split(':')[0] ?? '');
    expect(Object.keys(config.exporters)).toEqual(['otlp/jaeger']);
  });

  it('reads its file where it is mounted', () => {
    const mount = mountsOf(collector).find(({ source }) => source === './deploy/otel-collector/config.yaml');
    expect(collector.command).toEqual([`--config=${mount?.target ?? ''}`]);
  });
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
// promtool is not part of what the tests need: where it is installed, it reads the rules too.
if (hasPromtool) {
  describe('promtool', () => {
    it.each([
      ['check', 'rules', RULES],
      ['test', 'rules', ...RULE_TESTS],
    ])(
      '%s %s',
      (...args) => {
        const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: REPOSITORY, encoding: 'utf8' });
        expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
      },
      300_000,
    ); // Some rules look back over a week.
  });
}
