import { CliFailure, wrongCall } from '../failure.js';
import { EXIT } from '../io.js';

const failed = (error: unknown): CliFailure =>
  new CliFailure(EXIT.unknown, {
    code: 'migration_failed',
    title: error instanceof Error ? error.message : String(error),
    detail: 'each step is a transaction: what was not migrated is as it was',
    retry: 'later',
    idempotencyKey: null,
  });

const passwordIn = (url: URL, variable: string, serviceRole: string): string | undefined => {
  if (decodeURIComponent(url.username) !== serviceRole) {
    throw wrongCall('service_role_wrong', `${variable} must name the role ${serviceRole}`);
  }
  return url.password === '' ? undefined : decodeURIComponent(url.password);
};

export interface MigrateTerms {
  readonly adminUrl: URL;
  /** What services connect with: its password becomes that of their role. */
  readonly service: { readonly url: URL; readonly variable: string } | undefined;
}

/** Brings a database to this release, as its administrator. */
export const migrateAs = async ({ adminUrl, service }: MigrateTerms): Promise<{ readonly isPasswordSet: boolean }> => {
  const { migrateDatabase, SERVICE_ROLE } = await import('@verdict/adapter-postgres');
  const servicePassword = service === undefined ? undefined : passwordIn(service.url, service.variable, SERVICE_ROLE);
  await migrateDatabase(adminUrl.href, servicePassword === undefined ? {} : { servicePassword }).catch(
    (error: unknown) => {
      throw failed(error);
    },
  );
  return { isPasswordSet: servicePassword !== undefined };
};
