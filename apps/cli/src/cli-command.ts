import { Command } from 'commander';
import { EXIT, type ExitCode } from './io.js';

/** What a command works on. Only a request to a server can be printed instead of being sent. */
type Reach = 'server' | 'stores' | 'files';

export interface CommandFacts {
  readonly reach: Reach;
  /** What exit codes say here, where they say more than everywhere. */
  readonly exits?: Readonly<Partial<Record<ExitCode, string>>>;
  readonly notes?: string;
  /** Whole command lines; a line that ends with \ goes on. */
  readonly examples: readonly [string, ...string[]];
  /** The option that --reason is another name for: the entry has a place for it. */
  readonly reason?: string;
  /** The option that --incident is another name for. */
  readonly incident?: string;
}

const NEVER_MISSING = { [EXIT.yes]: 'done', [EXIT.wrongCall]: 'called wrongly' } as const;
const EXITS = {
  server: {
    ...NEVER_MISSING,
    [EXIT.refused]: 'refused with a code, nothing happened',
    [EXIT.notPermitted]: 'not authenticated or not permitted',
    [EXIT.unknown]: 'unknown or unavailable: repeat',
  },
  stores: { ...NEVER_MISSING, [EXIT.unknown]: 'unavailable: try again' },
  files: NEVER_MISSING,
} as const satisfies Record<Reach, Partial<Record<ExitCode, string>>>;

/** Every exit code of a command beside an interruption, with what it says. */
export const exitsOf = ({ reach, exits = {} }: CommandFacts): readonly (readonly [string, string])[] =>
  Object.entries({ ...EXITS[reach], ...exits });

const helpOf = (facts: CommandFacts): string => {
  const notes = facts.notes === undefined ? '' : `\n${facts.notes.trim()}\n`;
  const exits = exitsOf(facts).map(([code, says]) => `  ${code}  ${says}\n`);
  const examples = facts.examples.map((line) => `  ${line}\n`);
  return `${notes}\nExit codes:\n${exits.join('')}\nExamples:\n${examples.join('')}`;
};

/** A command that says of itself what its help, the reference and the global options have to know. */
export class CliCommand extends Command {
  private known: CommandFacts | undefined;

  about(facts: CommandFacts): this {
    this.known = facts;
    return this.addHelpText('after', helpOf(facts));
  }

  get facts(): CommandFacts | undefined {
    return this.known;
  }
}

export const factsOf = (command: Command): CommandFacts | undefined =>
  command instanceof CliCommand ? command.facts : undefined;
