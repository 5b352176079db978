import type { Io } from '../io.js';

export type OutputForm = 'table' | 'json';

const COLOURS = { good: '32', bad: '31', waiting: '33' } as const;
export type Colour = keyof typeof COLOURS;

/** Where a command's data goes; decided once, for all commands. */
export interface Printer {
  readonly form: OutputForm;
  readonly isQuiet: boolean;
  /** `body` as it was answered; `text` for people; `id` is all that `--quiet` leaves. */
  readonly print: (result: { readonly body: unknown; readonly text: () => string; readonly id?: string }) => void;
  /** One item of a stream: a line each. */
  readonly printItem: (item: unknown) => void;
  /** A hint for people; silent when quiet or when a script reads. */
  readonly hint: (text: string) => void;
  /** Emphasis only: the word itself says it too. */
  readonly paint: (colour: Colour, text: string) => string;
}

export interface PrinterOptions {
  readonly form: OutputForm | undefined;
  readonly isQuiet: boolean;
  readonly isColourWanted: boolean;
}

const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? Number(member) : member), 2);

export const createPrinter = (io: Io, { form: asked, isQuiet, isColourWanted }: PrinterOptions): Printer => {
  const form = asked ?? (io.isTerminal.stdout ? 'table' : 'json');
  const hasColour = isColourWanted && io.isTerminal.stdout && (io.env['NO_COLOR'] ?? '') === '';
  return {
    form,
    isQuiet,
    print: ({ body, text, id }) => {
      if (isQuiet) io.stdout(id === undefined ? '' : `${id}\n`);
      else io.stdout(form === 'json' ? `${jsonText(body)}\n` : text());
    },
    printItem: (item) => io.stdout(`${JSON.stringify(item)}\n`),
    hint: (text) => {
      if (!isQuiet && form === 'table') io.stderr(text);
    },
    paint: (colour, text) => (hasColour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text),
  };
};
