import { ROUTES } from '@verdict/contracts';
import { isRawList } from '@verdict/domain';
import type { Command } from 'commander';
import { extname } from 'node:path';
import type { z } from 'zod';
import { CliCommand } from '../cli-command.js';
import { decodeText, parseJsonInput, readInput } from '../input/input-file.js';
import { jsonTextOf } from '../input/json-text.js';
import { EXIT, type Io } from '../io.js';
import { plural, table } from '../output/table.js';
import { openSession } from '../session.js';

type Imported = z.output<typeof ROUTES.importCosts.response>;
type Reconciled = Imported['reconciled'][number];

interface CostFile {
  readonly body: string;
  readonly mediaType: string;
}

const FORMS = { '.csv': 'csv', '.json': 'json' } as const;
const isForm = (extension: string): extension is keyof typeof FORMS => Object.hasOwn(FORMS, extension);

/** The name says it; else what it begins with: no header of CSV begins with a bracket. */
const formOf = (path: string, text: string): 'csv' | 'json' => {
  const extension = extname(path).toLowerCase();
  if (isForm(extension)) return FORMS[extension];
  return /^\s*[[{]/.test(text) ? 'json' : 'csv';
};

/** Rows as they were written: numbers are not touched, and the server names line and column of what is wrong. */
const readCostFile = async (io: Io, path: string): Promise<CostFile> => {
  const bytes = await readInput(io, path);
  const text = decodeText(bytes, path);
  if (formOf(path, text) === 'csv') return { body: text, mediaType: 'text/csv' };
  const raw = parseJsonInput(bytes, path);
  return { body: jsonTextOf(isRawList(raw) ? { rows: raw } : raw), mediaType: 'application/json' };
};

const isMissing = ({ status }: Reconciled): boolean => status === null;

const importedText = ({ accepted, replaced, reconciled, replayed }: Imported): string => {
  const note = replayed ? 'done before: this is the first answer\n' : '';
  const head = `${plural(accepted, 'row')} accepted, ${String(replaced)} of them replaced earlier ones\n`;
  if (reconciled.length === 0) return `${note}${head}`;
  const missing = reconciled.filter(isMissing).length;
  const settled = `${String(reconciled.length - missing)} of ${plural(reconciled.length, 'decision')} reconciled\n`;
  return `${note}${head}${settled}\n${table<Reconciled>(
    [
      { title: 'DECISION', value: ({ decision_id: id }) => id },
      { title: 'RECONCILED', value: ({ status, code }) => status ?? `no: ${code ?? 'unknown'}` },
    ],
    reconciled,
  )}`;
};

export const importCostsCommand = (io: Io): Command =>
  new CliCommand('import')
    .description('import actual cost, all rows or none; rows that name a decision settle it')
    .argument('<file>', 'CSV with a header, or JSON: a list of rows, or {rows}; - for standard input')
    .about({
      reach: 'server',
      exits: {
        0: 'imported',
        4: 'refused and nothing imported: the first 50 defects are listed with line and column',
        7: 'imported, but a decision that a row names could not be settled: the reason is listed',
      },
      notes: `
Columns of FOCUS: ChargePeriodStart, ChargePeriodEnd, EffectiveCost or BilledCost, BillingCurrency (USD), ServiceName,
ResourceId; and x_project_id, x_environment, x_status (final, preliminary), optionally x_decision_id with
x_actual_monthly_delta_usd. Others are left aside. At most 1000 rows. A row of the same day, project, environment, service,
resource and status replaces the earlier one.`,
      examples: [
        'verdict reservations import november.csv',
        'billing-export --day yesterday | verdict reservations import -',
      ],
    })
    .action(async (file: string, _flags: object, command: Command) => {
      const session = openSession(io, command);
      const sent = await readCostFile(io, file);
      const { value, body } = await (await session.client()).send(ROUTES.importCosts, sent);
      session.printer.print({ body, text: () => importedText(value), id: value.import_id });
      io.exit(value.reconciled.some(isMissing) ? EXIT.incomplete : EXIT.yes);
    });
