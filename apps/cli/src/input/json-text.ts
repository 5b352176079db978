import { isRawList, isRawObject, NumberToken, type RawJson } from '@verdict/domain';

/** JSON text of what was read, number tokens as they were written: an amount goes out as it came in. */
export const jsonTextOf = (value: RawJson): string => {
  if (value instanceof NumberToken) return value.text;
  if (isRawList(value)) return `[${value.map(jsonTextOf).join(',')}]`;
  if (!isRawObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonTextOf(member)}`);
  return `{${members.join(',')}}`;
};
