export const CELLS_MAX = 2000;
const OTHER = 'other';

type LabelValues = readonly string[];

interface Held<Cell> {
  readonly values: LabelValues;
  readonly cell: Cell;
}

/**
 * One cell per combination of label values. Beyond the maximum everything new shares one cell labelled `other`, so a
 * label that was not as closed as it should be costs detail and not memory.
 */
export class Cells<Cell> {
  private readonly held = new Map<string, Held<Cell>>();

  constructor(
    private readonly make: () => Cell,
    private readonly max: number = CELLS_MAX,
  ) {}

  at(values: LabelValues): Cell {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\n');
    const found = this.held.get(key);
    if (found !== undefined) return found.cell;
    if (this.held.size >= this.max) return this.overflow(values.length);
    return this.add(key, values);
  }

  all(): Iterable<Held<Cell>> {
    return this.held.values();
  }

  private overflow(count: number): Cell {
    const values = Array.from({ length: count }, () => OTHER);
    const key = values.join('\n');
    return this.held.get(key)?.cell ?? this.add(key, values);
  }

  private add(key: string, values: LabelValues): Cell {
    const cell = this.make();
    this.held.set(key, { values, cell });
    return cell;
  }
}

/** Every combination of the closed sets, so that a series exists at 0 before its first event. */
export const combinations = (sets: readonly (readonly string[])[]): readonly LabelValues[] =>
  sets.reduce<readonly LabelValues[]>((rows, set) => rows.flatMap((row) => set.map((value) => [...row, value])), [[]]);

export const labelled = (names: readonly string[], values: LabelValues): Record<string, string> =>
  Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
