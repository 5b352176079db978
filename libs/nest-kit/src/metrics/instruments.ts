import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { Cells, combinations, labelled } from './cells.js';

/**
 * Instruments for the hot path: an update is a map lookup and an addition. prom-client, which sorts and hashes labels
 * at each update, reads the cells only when somebody scrapes.
 */
interface Definition {
  readonly registry: Registry;
  readonly names: readonly string[];
  readonly help: string;
  readonly labels: readonly string[];
  /** Closed sets of label values, in label order: all their combinations start at 0. */
  readonly closed?: readonly (readonly string[])[];
}

interface Amount {
  value: number;
}
const amount = (): Amount => ({ value: 0 });

const startAtZero = <Cell>(cells: Cells<Cell>, { labels, closed }: Definition): void => {
  if (labels.length === 0) cells.at([]);
  if (closed !== undefined) for (const values of combinations(closed)) cells.at(values);
};

/** Only rises. */
export class FastCounter<Values extends readonly string[]> {
  private readonly cells = new Cells(amount);

  constructor(definition: Definition) {
    const { registry, names, help, labels } = definition;
    startAtZero(this.cells, definition);
    const cells = this.cells;
    for (const name of names) {
      new Counter({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        collect() {
          this.reset();
          for (const { values, cell } of cells.all()) this.inc(labelled(labels, values), cell.value);
        },
      });
    }
  }

  inc(...values: Values): void {
    this.cells.at(values).value += 1;
  }

  /** A negative or unreal amount is ignored: a counter never falls. */
  add(by: number, ...values: Values): void {
    if (by > 0 && Number.isFinite(by)) this.cells.at(values).value += by;
  }
}

/** Rises and falls. */
export class FastGauge<Values extends readonly string[]> {
  private readonly cells = new Cells(amount);

  constructor(definition: Definition) {
    const { registry, names, help, labels } = definition;
    startAtZero(this.cells, definition);
    const cells = this.cells;
    for (const name of names) {
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        collect() {
          this.reset();
          for (const { values, cell } of cells.all()) this.set(labelled(labels, values), cell.value);
        },
      });
    }
  }

  set(to: number, ...values: Values): void {
    this.cells.at(values).value = to;
  }
}

interface Observed {
  readonly counts: Float64Array;
  sum: number;
  count: number;
}

interface Row {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly value: number;
}
interface Collected {
  readonly name: string;
  readonly help: string;
  readonly type: 'histogram';
  readonly aggregator: 'sum';
  readonly values: readonly Row[];
}

class CollectedHistogram extends Histogram {
  constructor(
    private readonly definition: Omit<Definition, 'names'> & {
      readonly name: string;
      readonly buckets: readonly number[];
    },
    private readonly cells: Cells<Observed>,
  ) {
    const { name, help, labels, buckets, registry } = definition;
    super({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });
  }

  /** prom-client reads every histogram through this method, for `get` too; its types leave it out. */
  getForPromString(): Promise<Collected> {
    const { name, help } = this.definition;
    const values = [...this.cells.all()].flatMap(({ values: labels, cell }) => this.rows(labels, cell));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }

  private rows(values: readonly string[], { counts, sum, count }: Observed): Row[] {
    const { name, labels: names, buckets: bounds } = this.definition;
    const sharedLabels = labelled(names, values);
    const row = (suffix: string, value: number, labels: Row['labels'] = {}): Row => ({
      metricName: `${name}_${suffix}`,
      labels,
      sharedLabels,
      value,
    });
    let below = 0;
    const buckets = bounds.map((le, index) => {
      below += counts[index] ?? 0;
      return row('bucket', below, { le });
    });
    return [...buckets, row('bucket', count, { le: '+Inf' }), row('sum', sum), row('count', count)];
  }
}

export class FastHistogram<Values extends readonly string[]> {
  private readonly cells: Cells<Observed>;
  private readonly buckets: readonly number[];

  constructor({ buckets, ...definition }: Definition & { readonly buckets: readonly number[] }) {
    const { names, ...shared } = definition;
    this.buckets = buckets;
    this.cells = new Cells(() => ({ counts: new Float64Array(buckets.length), sum: 0, count: 0 }));
    startAtZero(this.cells, definition);
    for (const name of names) new CollectedHistogram({ ...shared, name, buckets }, this.cells);
  }

  observe(value: number, ...values: Values): void {
    const cell = this.cells.at(values);
    const { buckets } = this;
    let index = 0;
    while (index < buckets.length && value > (buckets[index] ?? 0)) index += 1;
    if (index < buckets.length) cell.counts[index] = (cell.counts[index] ?? 0) + 1;
    cell.sum += value;
    cell.count += 1;
  }
}
