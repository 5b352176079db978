import { runService } from '@verdict/platform';
import { GateModule } from './gate.module.js';

await runService({
  name: 'gate',
  writes: ['policy', 'decisions'],
  moduleOf: (platform) => Promise.resolve({ module: GateModule.register(platform) }),
});
