import { runService } from '@verdict/platform';
import { ApprovalsModule } from './approvals.module.js';

await runService({
  name: 'approvals',
  writes: ['approvals'],
  moduleOf: (platform) => Promise.resolve({ module: ApprovalsModule.register(platform) }),
});
