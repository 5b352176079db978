import { createRequire, syncBuiltinESMExports } from 'node:module';
import { redactPath } from '../logging/redact.js';
import { switchTracing } from './with-span.js';

export interface TracingOptions {
  readonly serviceName: string;
  /** Base address of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`; absent: tracing stays off. */
  readonly endpoint: string | undefined;
  /** Packages to load once instrumentation listens, such as `pg`: ES modules share the instance that is patched then. */
  readonly preload?: readonly string[];
}

export interface Tracing {
  /** Sends what is waiting, then stops. */
  stop(): Promise<void>;
}

const OFF: Tracing = { stop: () => Promise.resolve() };

/** Loads everything lazily, so that an app without tracing never pays for the import. */
const load = async () => {
  const [sdk, exporter, http, pg] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/instrumentation-pg'),
  ]);
  return { ...sdk, ...exporter, ...http, ...pg };
};

/**
 * Starts tracing when an endpoint is given. Call it before the app is created.
 * @returns a handle that flushes on `stop`.
 */
export const startTracing = async ({ serviceName, endpoint, preload = [] }: TracingOptions): Promise<Tracing> => {
  if (endpoint === undefined) return OFF;
  const { NodeSDK, OTLPTraceExporter, HttpInstrumentation, PgInstrumentation } = await load();
  const sdk = new NodeSDK({
    serviceName,
    traceExporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }),
    metricReaders: [], // Metrics are scraped, logs go to standard output: traces only.
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: ({ url = '' }) => /^\/(?:health\/|metrics)/.test(url),
        startIncomingSpanHook: ({ url = '' }) => ({
          'url.path': redactPath(url),
          'url.query': '',
          'http.target': redactPath(url),
        }),
      }),
      new PgInstrumentation({ requireParentSpan: true, enhancedDatabaseReporting: false }),
    ],
  });
  sdk.start();
  // The hooks patch what is required after them; ES modules see the patched builtins once their exports are synced.
  const require = createRequire(import.meta.url);
  for (const name of ['node:http', 'node:https', ...preload]) require(name);
  syncBuiltinESMExports();
  switchTracing(true);
  return {
    stop: async () => {
      switchTracing(false);
      await sdk.shutdown();
    },
  };
};
