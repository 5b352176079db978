import { openAudit, runService } from '@verdict/platform';
import { AuditExportModule } from './audit-export.module.js';

await runService({
  name: 'audit-export',
  writes: [],
  moduleOf: async (platform, config) => {
    const audit = await openAudit({
      url: config.POSTGRES_URL,
      adminUrl: config.POSTGRES_ADMIN_URL,
      exportsDir: config.VERDICT_EXPORTS_DIR,
      isLog: config.VERDICT_LOG === 'postgres',
    });
    return { module: AuditExportModule.register(platform, audit.options), close: () => audit.close() };
  },
});
