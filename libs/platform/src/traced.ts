import type { AroundAppend, AroundApply, RelayOptions } from '@verdict/application';
import { withSpansOf } from '@verdict/nest-kit';

/** Where an entry goes, its trace goes: a span under the command that made it. While tracing is off these cost a comparison. */
export const tracedAppend: AroundAppend = ({ journal, entries }, append) =>
  withSpansOf(
    'journal append',
    {
      traceparents: entries.map(({ traceparent }) => traceparent),
      attributes: { 'verdict.journal': journal, 'verdict.entries': entries.length },
    },
    append,
  );

export const tracedApply: AroundApply = ({ traceparents, entries }, apply) =>
  withSpansOf('read models apply', { traceparents, attributes: { 'verdict.entries': entries } }, apply);

export const tracedPublish: NonNullable<RelayOptions['around']> = (slices, publish) => {
  const entries = slices.flatMap((slice) => slice.entries);
  const attributes = { 'verdict.kind': slices[0]?.kind ?? '', 'verdict.entries': entries.length };
  return withSpansOf(
    'relay publish',
    { traceparents: entries.map(({ traceparent }) => traceparent), attributes },
    publish,
  );
};
