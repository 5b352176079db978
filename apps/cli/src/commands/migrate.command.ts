import { Command } from 'commander';
import { CliFailure, wrongCall } from '../failure.js';
import { EXIT, type Io } from '../io.js';
import { openSession, type Session, withGlobals } from '../session.js';

const PROTOCOLS = ['postgres:', 'postgresql:'];

/** URLs come from the environment only: everybody on the machine can read arguments. */
const urlIn = ({ env }: Io, name: string): URL | undefined => {
  const text = env[name] ?? '';
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !PROTOCOLS.includes(url.protocol)) {
    throw wrongCall('database_url_invalid', `${name} is not the URL of a Postgres database`);
  }
  return url;
};

const adminUrlIn = (io: Io): URL => {
  const url = urlIn(io, 'POSTGRES_ADMIN_URL');
  if (url !== undefined) return url;
  throw wrongCall('admin_url_missing', 'POSTGRES_ADMIN_URL is not set', 'it names the database, as its administrator');
};

const servicePasswordIn = (io: Io, serviceRole: string): string | undefined => {
  const url = urlIn(io, 'POSTGRES_URL');
  if (url === undefined) return undefined;
  if (decodeURIComponent(url.username) !== serviceRole) {
    throw wrongCall('service_role_wrong', `POSTGRES_URL must name the role ${serviceRole}`);
  }
  return url.password === '' ? undefined : decodeURIComponent(url.password);
};

const failed = (error: unknown): CliFailure =>
  new CliFailure(EXIT.unknown, {
    code: 'migration_failed',
    title: error instanceof Error ? error.message : String(error),
    detail: 'each step is a transaction: what was not migrated is as it was',
    retry: 'later',
    idempotencyKey: null,
  });

const migrate = async ({ io, printer, flags }: Session): Promise<void> => {
  if (flags.isDryRun) throw wrongCall('usage', 'migrate sends no request that could be printed');
  const { migrateDatabase, SERVICE_ROLE } = await import('@verdict/adapter-postgres');
  const adminUrl = adminUrlIn(io);
  const servicePassword = servicePasswordIn(io, SERVICE_ROLE);
  await migrateDatabase(adminUrl.href, servicePassword === undefined ? {} : { servicePassword }).catch(
    (error: unknown) => {
      throw failed(error);
    },
  );
  const body = {
    schema: 'verdict.migrate.report.v1',
    database: decodeURIComponent(adminUrl.pathname.slice(1)),
    service_role: SERVICE_ROLE,
    is_password_set: servicePassword !== undefined,
  };
  const password = body.is_password_set ? ', its password set' : '';
  printer.print({
    body,
    text: () => `database ${body.database} is of this release; services connect as ${SERVICE_ROLE}${password}\n`,
    id: body.database,
  });
};

/** `verdict migrate`: what only the database's administrator may do, before services start. */
export const migrateCommand = (io: Io): Command =>
  withGlobals(new Command('migrate'))
    .description('bring a database to this release, as its administrator')
    .addHelpText(
      'after',
      `
POSTGRES_ADMIN_URL names the database and its administrator. With POSTGRES_URL, the password in it becomes that of the
role verdict_service. Repeating it changes nothing; the standalone needs none of this.

Examples:
  POSTGRES_ADMIN_URL=postgresql://postgres:...@db/verdict POSTGRES_URL=postgresql://verdict_service:...@db/verdict \\
    verdict migrate
`,
    )
    .action((_flags: unknown, command: Command) => migrate(openSession(io, command)));
