import type { IncomingHttpHeaders } from 'node:http';

const MEDIA_TYPE = 'application/vnd.api+json';
const STATUSES = ['running', 'passed', 'failed'];
const LEVELS = ['none', 'info', 'warning', 'error'];
const BODY_BYTES_MAX = 1024 * 1024;
const OUTCOME_BYTES_MAX = 5 * 1024 * 1024;

type Members = Readonly<Record<string, unknown>>;
const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

const extraMembers = (value: Members, known: readonly string[], where: string): readonly string[] =>
  Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `${where} has the member ${name}`);

const tagDefects = (tags: unknown): readonly string[] =>
  Object.values(membersOf(tags)).flatMap((list) =>
    listOf(list).flatMap((tag) => {
      const { label, level } = membersOf(tag);
      return [
        ...(isText(label) ? [] : ['a tag has no label']),
        ...(level === undefined || LEVELS.some((known) => known === level)
          ? []
          : [`a tag has the level ${JSON.stringify(level)}`]),
      ];
    }),
  );

const outcomeDefects = (outcome: unknown): readonly string[] => {
  const { type, attributes } = membersOf(outcome);
  const { 'outcome-id': id, description, body, tags } = membersOf(attributes);
  return [
    ...(type === 'task-result-outcomes' ? [] : ['an outcome has another type']),
    ...(isText(id) ? [] : ['an outcome has no outcome-id']),
    ...(isText(description) ? [] : ['an outcome has no description']),
    ...(typeof body === 'string' && Buffer.byteLength(body) > OUTCOME_BYTES_MAX
      ? ['the body of an outcome is too long']
      : []),
    ...extraMembers(membersOf(attributes), ['outcome-id', 'description', 'body', 'url', 'tags'], 'an outcome'),
    ...tagDefects(tags),
  ];
};

/** Everything that the API would refuse in a callback, or drop without a word. */
export const callbackDefects = (
  headers: IncomingHttpHeaders,
  text: string,
  hasOutcomes: boolean,
): readonly string[] => {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return ['the body is not JSON'];
  }
  const { type, attributes, relationships } = membersOf(membersOf(read)['data']);
  const { status, message, url } = membersOf(attributes);
  const outcomes = membersOf(membersOf(relationships)['outcomes'])['data'];
  return [
    ...(headers['content-type'] === MEDIA_TYPE ? [] : [`the media type is ${String(headers['content-type'])}`]),
    ...(type === 'task-results' ? [] : ['the type is not task-results']),
    ...(STATUSES.includes(String(status)) ? [] : [`the status is ${String(status)}`]),
    ...(message === undefined || isText(message) ? [] : ['the message is no text']),
    ...(url === undefined || (typeof url === 'string' && URL.canParse(url)) ? [] : ['the url is no URL']),
    ...extraMembers(membersOf(attributes), ['status', 'message', 'url'], 'attributes'),
    ...(outcomes !== undefined && !hasOutcomes ? ['outcomes were sent to a peer that has none'] : []),
    ...listOf(outcomes).flatMap(outcomeDefects),
    ...(Buffer.byteLength(text) > BODY_BYTES_MAX ? ['the body is larger than 1 MiB'] : []),
  ];
};
