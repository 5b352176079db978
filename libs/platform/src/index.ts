export { CoreEnv, reviewBytes, type ServiceConfig, ServiceEnv } from './config.js';
export { type OpenAudit, openAudit } from './open-audit.js';
export { type OpenRunTasks, openRunTasks } from './open-run-tasks.js';
export { type OpenPlatform, openPlatform, type PlatformOptions } from './open-platform.js';
export { apiDocument, runService, type ServiceMain, VERSION } from './run-service.js';
export { systemClock, systemIds } from './system.js';
