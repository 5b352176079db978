import { stringify } from 'yaml';
import { withSchema } from '../http/schemas.js';
import type { Io } from '../io.js';

export const OUTPUT_FORMS = ['table', 'json', 'yaml', 'ndjson', 'md'] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

export const isOutputForm = (text: unknown): text is OutputForm => OUTPUT_FORMS.some((form) => form === text);
/** Written for people: everything else is data. */
export const isForPeople = (form: OutputForm): boolean => form === 'table' || form === 'md';

const COLOURS = { good: '32', bad: '31', waiting: '33' } as const;
export type Colour = keyof typeof COLOURS;

/** Where a command's data goes; decided once, for all commands. */
export interface Printer {
  /** Whether people read it. */
  readonly isText: boolean;
  readonly isQuiet: boolean;
  /** `body` as it was answered; `text` for people; `id` is all that `--quiet` leaves. */
  readonly print: (result: {
    readonly body: unknown;
    readonly text: () => string;
    readonly id?: string;
    /** What the lines of NDJSON are, where the body is a list. */
    readonly itemSchema?: string | undefined;
  }) => void;
  /** A text that others read as it is: keys, a token, a script. Only a flag makes data of it. */
  readonly printDocument: (result: { readonly body: unknown; readonly text: string }) => void;
  /** What people read of a stream that has ended. */
  readonly printText: (text: string) => void;
  /** One item of a stream: a line each, or a YAML document each. */
  readonly printItem: (item: unknown) => void;
  /** A hint for people; silent when quiet or when a script reads. */
  readonly hint: (text: string) => void;
  /** Emphasis only: the word itself says it too. */
  readonly paint: (colour: Colour, text: string) => string;
}

export interface PrinterOptions {
  readonly form: OutputForm | undefined;
  /** The form that the command line itself asks for. */
  readonly asked?: string | undefined;
  readonly isQuiet: boolean;
  readonly isColourWanted: boolean;
}

const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), indent);

const itemsOf = (body: unknown): readonly unknown[] =>
  typeof body === 'object' && body !== null && 'items' in body && Array.isArray(body.items) ? body.items : [body];

const dataText = (form: OutputForm, body: unknown, itemSchema?: string): string => {
  if (form === 'yaml') return stringify(JSON.parse(jsonText(body)));
  return form === 'ndjson'
    ? itemsOf(body)
        .map((item) => `${jsonText(withSchema(itemSchema, item))}\n`)
        .join('')
    : `${jsonText(body, 2)}\n`;
};
/** The table as a code block, closed by more backticks than a name in it may have. */
const fenced = (text: string): string => {
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return `${fence}text\n${text}${fence}\n`;
};
const itemText = (form: OutputForm, item: unknown): string =>
  form === 'yaml' ? `---\n${dataText(form, item)}` : `${jsonText(item)}\n`;

export const createPrinter = (io: Io, { form: wanted, asked, isQuiet, isColourWanted }: PrinterOptions): Printer => {
  const form = wanted ?? (io.isTerminal.stdout ? 'table' : 'json');
  const hasColour = isColourWanted && io.isTerminal.stdout && (io.env['NO_COLOR'] ?? '') === '';
  const isText = isForPeople(form);
  const printText = (text: string): void => {
    io.stdout(form === 'md' ? fenced(text) : text);
  };
  return {
    isText,
    isQuiet,
    print: ({ body, text, id, itemSchema }) => {
      if (isQuiet) io.stdout(id === undefined ? '' : `${id}\n`);
      else if (isText) printText(text());
      else io.stdout(dataText(form, body, itemSchema));
    },
    printDocument: ({ body, text }) => {
      io.stdout(asked === undefined || isText || isQuiet ? text : dataText(form, body));
    },
    printText,
    printItem: (item) => io.stdout(itemText(form, item)),
    hint: (text) => {
      if (!isQuiet && isText) io.stderr(text);
    },
    paint: (colour, text) => (hasColour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text),
  };
};
