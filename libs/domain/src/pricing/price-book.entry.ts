import { isRawList, isRawObject, memberOf, NumberToken, pointerTo, type RawJson } from '../shared/raw-json.js';
import { PRICE_PLACES, QUANTITY_PLACES } from './exact.js';
import type { Assumption, Matcher, PriceBookEntry, PriceComponent, Quantity } from './price-book.js';
import { readLabel, readObject, type PriceBookProblemCode, type Report } from './price-book.report.js';

const RESOURCE_TYPE = /^[\x21-\x29\x2b-\x7e]{1,127}\*?$/;
const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const WHOLE_DIGITS_MAX = 12;
/** Longest text of a matcher; a client may cut longer attributes without changing a price. */
export const MATCH_TEXT_MAX = 200;
const TEXTS_MAX = 1000;
const MATCHERS_MAX = 32;

const withoutTrailingZeros = (whole: string, fraction: string): string => {
  const significant = fraction.replace(/0+$/, '');
  return significant === '' ? whole : `${whole}.${significant}`;
};

interface DecimalRule {
  readonly places: number;
  readonly codes: { readonly [Fault in 'form' | 'places' | 'size']: PriceBookProblemCode };
}
const PRICE: DecimalRule = {
  places: PRICE_PLACES,
  codes: { form: 'money_invalid', places: 'money_too_precise', size: 'money_out_of_range' },
};
const QUANTITY: DecimalRule = {
  places: QUANTITY_PLACES,
  codes: { form: 'validation_failed', places: 'validation_failed', size: 'validation_failed' },
};

/** A decimal that is not negative, as text or number, in its shortest form; reported and read as '0' otherwise. */
const readDecimal = (raw: RawJson | undefined, pointer: string, rule: DecimalRule, report: Report): string => {
  const text = raw instanceof NumberToken ? raw.text : raw;
  const [, whole, fraction = ''] = typeof text === 'string' ? (DECIMAL.exec(text) ?? []) : [];
  if (whole === undefined) report(pointer, rule.codes.form, 'must be a decimal, 0 or more');
  else if (fraction.length > rule.places)
    report(pointer, rule.codes.places, `has more than ${String(rule.places)} places`);
  else if (whole.length > WHOLE_DIGITS_MAX) report(pointer, rule.codes.size, 'is too large');
  else return withoutTrailingZeros(whole, fraction);
  return '0';
};

/** Numbers and booleans compare by their text. */
const textOf = (raw: RawJson | undefined): string | undefined => {
  if (raw instanceof NumberToken) return raw.text;
  if (typeof raw === 'boolean') return String(raw);
  return typeof raw === 'string' && raw.length <= MATCH_TEXT_MAX ? raw : undefined;
};

const readTexts = (raw: RawJson | undefined, pointer: string, report: Report): readonly string[] => {
  const texts = isRawList(raw) ? raw.map(textOf).filter((text) => text !== undefined) : [];
  if (isRawList(raw) && texts.length === raw.length && texts.length > 0 && texts.length <= TEXTS_MAX)
    return [...new Set(texts)].sort();
  report(
    pointer,
    'validation_failed',
    `must be a list of 1 to ${String(TEXTS_MAX)} texts of at most ${String(MATCH_TEXT_MAX)} characters`,
  );
  return [];
};

const readMatcherObject = (raw: RawJson, pointer: string, report: Report): Matcher => {
  const names = isRawObject(raw) ? Object.keys(raw) : [];
  const prefix = textOf(memberOf(raw, 'prefix'));
  if (names.length === 1 && prefix !== undefined) return { prefix };
  if (names.length === 1 && memberOf(raw, 'absent') === true) return { absent: true };
  if (names.length === 1 && names[0] === 'absent_or')
    return { absent_or: readTexts(memberOf(raw, 'absent_or'), `${pointer}/absent_or`, report) };
  report(pointer, 'validation_failed', 'must be text, a list of texts, {prefix}, {absent: true} or {absent_or: []}');
  return '';
};

const readMatcher = (raw: RawJson, pointer: string, report: Report): Matcher => {
  const text = textOf(raw);
  if (text !== undefined) return text;
  if (!isRawList(raw)) return readMatcherObject(raw, pointer, report);
  const texts = readTexts(raw, pointer, report);
  return texts.length === 1 && texts[0] !== undefined ? texts[0] : texts;
};

const readMatch = (raw: RawJson, pointer: string, report: Report): PriceBookEntry['match'] => {
  const match = readObject(raw, pointer, undefined, report);
  const paths = Object.keys(match).sort();
  if (paths.length > MATCHERS_MAX)
    report(pointer, 'validation_failed', `has more than ${String(MATCHERS_MAX)} matchers`);
  const matchers = paths.slice(0, MATCHERS_MAX).map((path) => {
    const place = pointerTo(pointer, path);
    readLabel(path, place, report);
    return [path, readMatcher(match[path] ?? null, place, report)] as const;
  });
  return Object.fromEntries(matchers);
};

const readFrom = (raw: RawJson | undefined, pointer: string, report: Report): readonly (string | number)[] => {
  const path = (isRawList(raw) ? raw : []).flatMap((segment): readonly (string | number)[] => {
    if (typeof segment === 'string' && segment !== '') return [segment];
    return segment instanceof NumberToken && /^[0-9]{1,6}$/.test(segment.text) ? [Number(segment.text)] : [];
  });
  const isWhole = isRawList(raw) && path.length === raw.length && path.length > 0;
  if (!isWhole) report(pointer, 'validation_failed', 'must be a path: names and list indexes');
  return isWhole ? path : ['-'];
};

const readMeasured = (raw: RawJson, pointer: string, report: Report): Quantity => {
  const measured = readObject(raw, pointer, ['from', 'default', 'multiply', 'round_up_to'], report);
  const decimalAt = (name: 'default' | 'multiply' | 'round_up_to') =>
    measured[name] === undefined ? {} : { [name]: readDecimal(measured[name], `${pointer}/${name}`, QUANTITY, report) };
  const steps = { ...decimalAt('default'), ...decimalAt('multiply'), ...decimalAt('round_up_to') };
  if (measured['round_up_to'] !== undefined && steps['round_up_to'] === '0')
    report(`${pointer}/round_up_to`, 'validation_failed', 'must be above 0');
  return { from: readFrom(measured['from'], `${pointer}/from`, report), ...steps };
};

const readQuantity = (raw: RawJson | undefined, pointer: string, report: Report): Quantity => {
  if (raw === undefined) return '1';
  if (!isRawObject(raw)) return readDecimal(raw, pointer, QUANTITY, report);
  if (!Object.hasOwn(raw, 'usage')) return readMeasured(raw, pointer, report);
  const usage = readObject(raw, pointer, ['usage'], report);
  return { usage: readLabel(usage['usage'], `${pointer}/usage`, report) };
};

const readComponent = (raw: RawJson, pointer: string, report: Report): PriceComponent => {
  const component = readObject(raw, pointer, ['name', 'unit', 'unit_price', 'quantity'], report);
  const unit = component['unit'];
  if (unit !== 'hour' && unit !== 'month') report(`${pointer}/unit`, 'validation_failed', 'must be hour or month');
  return {
    name: readLabel(component['name'], `${pointer}/name`, report),
    unit: unit === 'hour' ? 'hour' : 'month',
    unit_price: readDecimal(component['unit_price'], `${pointer}/unit_price`, PRICE, report),
    quantity: readQuantity(component['quantity'], `${pointer}/quantity`, report),
  };
};

const readComponents = (raw: RawJson | undefined, pointer: string, report: Report): readonly PriceComponent[] => {
  const list = isRawList(raw) ? raw : [];
  if (list.length === 0) report(pointer, 'validation_failed', 'must be a list with at least one component');
  const components = list.map((component, index) => readComponent(component, pointerTo(pointer, index), report));
  const names = new Set<string>();
  components.forEach(({ name }, index) => {
    if (names.has(name) && name !== '')
      report(`${pointerTo(pointer, index)}/name`, 'validation_failed', 'names an earlier component of the entry');
    names.add(name);
  });
  return components;
};

const readAssumption = (raw: RawJson, pointer: string, report: Report): Assumption => {
  const assume = readObject(raw, pointer, ['hours', 'nodes'], report);
  return Object.fromEntries(
    (['hours', 'nodes'] as const)
      .filter((name) => assume[name] !== undefined)
      .map((name) => [name, readDecimal(assume[name], `${pointer}/${name}`, QUANTITY, report)]),
  );
};

const ENTRY_MEMBERS = ['id', 'resource_type', 'match', 'components', 'assume'];

/** One entry of a book; what is wrong is reported, and what is returned in its place only keeps the reader going. */
export const readEntry = (raw: RawJson, pointer: string, report: Report): PriceBookEntry => {
  const entry = readObject(raw, pointer, ENTRY_MEMBERS, report);
  const type = entry['resource_type'];
  const isType = typeof type === 'string' && RESOURCE_TYPE.test(type);
  if (!isType)
    report(`${pointer}/resource_type`, 'validation_failed', 'must be a resource type, exact or with one trailing *');
  const { assume } = entry;
  return {
    id: readLabel(entry['id'], `${pointer}/id`, report),
    resource_type: isType ? type : '',
    match: readMatch(entry['match'] ?? {}, `${pointer}/match`, report),
    components: readComponents(entry['components'], `${pointer}/components`, report),
    ...(assume === undefined ? {} : { assume: readAssumption(assume, `${pointer}/assume`, report) }),
  };
};
