import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';

const tracer = trace.getTracer('verdict'); // A proxy: follows whatever provider is registered later.
const state = { isOn: false };

/** Called once a tracer provider is registered; until then spans cost one comparison. */
export const switchTracing = (isOn: boolean): void => {
  state.isOn = isOn;
};
export const isTracing = (): boolean => state.isOn;

const run = async <Answer>(span: Span, work: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await work();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    if (error instanceof Error) span.recordException({ name: error.name, message: error.message });
    throw error;
  } finally {
    span.end();
  }
};

/** Runs `work` inside a span, child of the current one. Attributes never hold secrets, bodies or personal text. */
export const withSpan = <Answer>(name: string, attributes: Attributes, work: () => Promise<Answer>): Promise<Answer> =>
  state.isOn ? tracer.startActiveSpan(name, { attributes }, (span) => run(span, work)) : work();

/** One batch may answer hundreds of requests: so many of their traces get a span of it. */
const TRACES_MAX = 64;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

const remoteContext = (traceparent: string): Context | undefined => {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent) ?? [];
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : undefined;
};

/** The current span as a W3C `traceparent`, for what goes on elsewhere later; null outside of one. @source W3C Trace Context 3.2 */
export const currentTraceparent = (): string | null => {
  const spanContext = state.isOn ? trace.getActiveSpan()?.spanContext() : undefined;
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return null;
  const flags = (spanContext.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0');
  return `00-${spanContext.traceId}-${spanContext.spanId}-${flags}`;
};

/**
 * Runs work that serves several traces at once, such as the append or the publication of a batch: each of them gets a span
 * of that name, under the span that its `traceparent` names.
 */
export const withSpansOf = async <Answer>(
  name: string,
  { traceparents, attributes }: { readonly traceparents: Iterable<string | null>; readonly attributes: Attributes },
  work: () => Promise<Answer>,
): Promise<Answer> => {
  if (!state.isOn) return work();
  const parents: Context[] = [];
  for (const traceparent of new Set(traceparents)) {
    const parent = traceparent === null ? undefined : remoteContext(traceparent);
    if (parent !== undefined && parents.push(parent) === TRACES_MAX) break;
  }
  const [first, ...others] = parents.map((parent) => ({
    parent,
    span: tracer.startSpan(name, { attributes }, parent),
  }));
  if (first === undefined) return withSpan(name, attributes, work);
  try {
    return await context.with(trace.setSpan(first.parent, first.span), () => run(first.span, work));
  } finally {
    for (const { span } of others) span.end();
  }
};
