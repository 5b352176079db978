import { SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';

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
