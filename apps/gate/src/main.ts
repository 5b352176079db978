import { openRunTasks, runService } from '@verdict/platform';
import { GateModule } from './gate.module.js';

await runService({
  name: 'gate',
  writes: ['policy', 'decisions'],
  moduleOf: async (platform, config, logger) => {
    const runTasks = await openRunTasks({ url: config.POSTGRES_URL, publicUrl: config.VERDICT_PUBLIC_URL, logger });
    return { module: GateModule.register(platform, runTasks.options), close: () => runTasks.close() };
  },
});
