import { migrateAudit, openAuditStore, openPostgresLeaves } from '@verdict/adapter-postgres';
import type { AuditStore, LeafSource } from '@verdict/application';

export interface OpenAudit {
  /** What the audit-export module is registered with. */
  readonly options: { readonly exportsDir: string; readonly store: AuditStore; readonly leaves?: LeafSource };
  close(): Promise<void>;
}

/** Opens what audit-export keeps besides the log: checkpoints, export jobs, and the folder of finished bundles. */
export const openAudit = async (where: {
  readonly url: string;
  readonly adminUrl: string | undefined;
  readonly exportsDir: string;
  /** This database is the log too: it gives out leaf hashes without the entries. Elsewhere they come with the entries. */
  readonly isLog: boolean;
}): Promise<OpenAudit> => {
  const { url, adminUrl, exportsDir } = where;
  if (adminUrl !== undefined) await migrateAudit(adminUrl);
  const store = await openAuditStore({ url });
  const leaves = where.isLog ? openPostgresLeaves({ url }) : undefined;
  return {
    options: { exportsDir, store, ...(leaves === undefined ? {} : { leaves }) },
    close: async () => {
      await leaves?.close();
      await store.close();
    },
  };
};
