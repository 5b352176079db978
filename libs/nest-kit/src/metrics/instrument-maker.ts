import { collectDefaultMetrics, Registry } from 'prom-client';
import { FastCounter, FastGauge, FastHistogram } from './instruments.js';

const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500] as const;

export interface MetricsOptions {
  readonly prefix?: string;
  readonly aliasPrefixes?: readonly string[];
  /** The closed list of reason codes, so that each starts at 0. */
  readonly reasonCodes?: readonly string[];
  /** Default true: memory, event loop lag, garbage collection of this process. */
  readonly withProcess?: boolean;
}

/** Closed label values by label name, in label order; null where the values are not listed. */
type Labels = Readonly<Record<string, readonly string[] | null>>;

const closedSets = (labels: Labels): { readonly closed?: readonly (readonly string[])[] } => {
  const sets = Object.values(labels).filter((set) => set !== null);
  return sets.length === Object.keys(labels).length && sets.length > 0 ? { closed: sets } : {};
};

/** Makes instruments under the names of one app, in its own registry. */
export class InstrumentMaker {
  readonly registry = new Registry();
  protected readonly reasonCodes: readonly string[];
  private readonly prefix: string;
  private readonly aliases: readonly string[];

  constructor(options: MetricsOptions = {}) {
    const {
      prefix = 'valdrics_ops_',
      aliasPrefixes = ['valdrix_ops_'],
      reasonCodes = [],
      withProcess = true,
    } = options;
    this.prefix = prefix;
    this.aliases = aliasPrefixes.filter((alias) => alias !== prefix);
    this.reasonCodes = reasonCodes;
    if (withProcess) collectDefaultMetrics({ register: this.registry });
  }

  protected counter<Values extends readonly string[]>(name: string, help: string, labels: Labels): FastCounter<Values> {
    return new FastCounter(this.define([this.prefix], name, { help, labels }));
  }

  /** Also under the alias prefixes, for dashboards that are older than the name. */
  protected aliasedCounter<Values extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels,
  ): FastCounter<Values> {
    return new FastCounter(this.define([this.prefix, ...this.aliases], name, { help, labels }));
  }

  protected gauge<Values extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels = {},
  ): FastGauge<Values> {
    return new FastGauge(this.define([this.prefix], name, { help, labels }));
  }

  protected latency<Values extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels,
  ): FastHistogram<Values> {
    return new FastHistogram({ ...this.define([this.prefix], name, { help, labels }), buckets: LATENCY_BUCKETS });
  }

  protected batches<Values extends readonly string[]>(
    name: string,
    help: string,
    labels: Labels,
  ): FastHistogram<Values> {
    return new FastHistogram({ ...this.define([this.prefix], name, { help, labels }), buckets: BATCH_BUCKETS });
  }

  private define(
    prefixes: readonly string[],
    name: string,
    { help, labels }: { readonly help: string; readonly labels: Labels },
  ) {
    const names = prefixes.map((prefix) => `${prefix}enforcement_${name}`);
    return { registry: this.registry, names, help, labels: Object.keys(labels), ...closedSets(labels) };
  }
}
