import { runService } from '@verdict/platform';
import { ReconciliationModule } from './reconciliation.module.js';

await runService({
  name: 'reconciliation',
  writes: ['reservations'],
  moduleOf: (platform) => Promise.resolve({ module: ReconciliationModule.register(platform) }),
});
