import { NumberToken, type RawJson } from '@verdict/domain';

/**
 * Objects of the tree inherit nothing at all, not even the `__proto__` accessor, so every name is an ordinary member.
 * A constructor with an empty prototype keeps them as fast as literals; Object.create(null) makes slow dictionaries.
 */
type Members = Record<string, RawJson>;
const Members = function () {
  /* Members are added one by one. */
} as unknown as new () => Members;
Members.prototype = Object.freeze(Object.create(null)) as object;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const HEX4 = /^[0-9a-fA-F]{4}$/;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;

interface ForeignDepth {
  readonly isForeign: (member: string, depth: number) => boolean;
  readonly depthMax: number;
}

/**
 * One pass over decoded JSON text, by recursive descent; recursion is bounded by `depthMax`es, so no input overflows the
 * stack. The first fault ends the pass: `fault` is set, whatever is returned from then on means nothing.
 */
export class Scanner {
  fault: string | undefined = undefined;
  private at = 0;
  private depth = 0;
  /** Reference tokens of the place of the fault, innermost first. */
  private readonly trail: string[] = [];

  constructor(
    private readonly text: string,
    private depthMax: number,
    /** Members with a depth of their own, which begins with them; undefined: there are none, or one is being read. */
    private foreign?: ForeignDepth,
  ) {}

  /** The only value of the text. */
  document(): RawJson {
    if (this.text.charCodeAt(0) === 0xfeff) return this.fail('byte order mark');
    this.space();
    const value = this.value();
    if (this.failed()) return null;
    this.space();
    return this.at < this.text.length ? this.fail('trailing text') : value;
  }

  /** RFC 6901 pointer to the value at fault. */
  pointer(): string {
    return this.trail.reduceRight((base, name) => `${base}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, '');
  }

  /** UTF-16 offset where the fault was seen. */
  offset(): number {
    return this.at;
  }

  private fail(fault: string): null {
    this.fault ??= fault;
    return null;
  }

  private failed(): boolean {
    return this.fault !== undefined;
  }

  private blank(fault: string): string {
    this.fail(fault);
    return '';
  }

  private space(): void {
    const { text } = this;
    let code = text.charCodeAt(this.at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.at += 1;
      code = text.charCodeAt(this.at);
    }
  }

  private value(): RawJson {
    const code = this.text.charCodeAt(this.at);
    if (code === QUOTE) return this.string();
    if (code === OPEN_OBJECT) return this.nested(OPEN_OBJECT);
    if (code === OPEN_LIST) return this.nested(OPEN_LIST);
    if (code === MINUS || isDigit(code)) return this.number();
    return this.literal();
  }

  private literal(): RawJson {
    if (this.text.startsWith('true', this.at)) return this.skip(4, true);
    if (this.text.startsWith('false', this.at)) return this.skip(5, false);
    if (this.text.startsWith('null', this.at)) return this.skip(4, null);
    return this.fail('not a JSON value');
  }

  private skip(length: number, value: boolean | null): boolean | null {
    this.at += length;
    return value;
  }

  private nested(open: number): RawJson {
    if (this.depth >= this.depthMax) return this.fail(`nested deeper than ${String(this.depthMax)}`);
    this.depth += 1;
    this.at += 1;
    this.space();
    const value = open === OPEN_OBJECT ? this.object() : this.list();
    this.depth -= 1;
    return value;
  }

  /** Within such a member nothing is looked for any more, so a large plan costs no more than before. */
  private foreignValue(): RawJson {
    const { depth, depthMax, foreign } = this;
    this.depth = 0;
    this.depthMax = foreign?.depthMax ?? depthMax;
    this.foreign = undefined;
    const value = this.value();
    this.depth = depth;
    this.depthMax = depthMax;
    this.foreign = foreign;
    return value;
  }

  private list(): RawJson {
    const items: RawJson[] = [];
    if (this.text.charCodeAt(this.at) === CLOSE_LIST) return this.closed(items);
    for (;;) {
      items.push(this.value());
      if (this.failed()) return this.failedIn(String(items.length - 1));
      this.space();
      const code = this.text.charCodeAt(this.at);
      if (code === CLOSE_LIST) return this.closed(items);
      if (code !== COMMA) return this.fail('expected , or ] in a list');
      this.at += 1;
      this.space();
    }
  }

  private object(): RawJson {
    const members = new Members();
    if (this.text.charCodeAt(this.at) === CLOSE_OBJECT) return this.closed(members);
    for (;;) {
      const name = this.memberName(members);
      if (this.failed()) return null;
      members[name] = this.foreign?.isForeign(name, this.depth) === true ? this.foreignValue() : this.value();
      if (this.failed()) return this.failedIn(name);
      this.space();
      const code = this.text.charCodeAt(this.at);
      if (code === CLOSE_OBJECT) return this.closed(members);
      if (code !== COMMA) return this.fail('expected , or } in an object');
      this.at += 1;
      this.space();
    }
  }

  /** Reads `"name" :` and the space around; a name may occur once. */
  private memberName(members: Members): string {
    const start = this.at;
    if (this.text.charCodeAt(start) !== QUOTE) return this.blank('expected a member name');
    const name = this.string();
    if (this.failed()) return '';
    // Nothing is inherited and no value is undefined; a load is twice as fast as `in`.
    if (members[name] !== undefined) {
      this.at = start;
      this.trail.push(name);
      return this.blank('duplicate member');
    }
    this.space();
    if (this.text.charCodeAt(this.at) !== COLON) return this.blank('expected : after a member name');
    this.at += 1;
    this.space();
    return name;
  }

  private closed<Container>(container: Container): Container {
    this.at += 1;
    return container;
  }

  private failedIn(token: string): null {
    this.trail.push(token);
    return null;
  }

  private string(): string {
    const { text } = this;
    const start = this.at + 1;
    let at = start;
    let code = text.charCodeAt(at);
    // NaN, the answer behind the end, fails both comparisons that go on.
    while (code >= 0x20 && code !== QUOTE && code !== BACKSLASH) {
      at += 1;
      code = text.charCodeAt(at);
    }
    this.at = at;
    if (code === QUOTE) {
      this.at = at + 1;
      return text.slice(start, at);
    }
    return code === BACKSLASH ? this.escapedString(text.slice(start, at)) : this.blank('control character in text');
  }

  /** Goes on at a backslash. What the escapes make may be half a character, so the whole is looked at once. */
  private escapedString(head: string): string {
    let whole = head;
    while (!this.failed()) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) break;
      whole += code === BACKSLASH ? this.escape() : this.plain();
    }
    this.at += 1;
    return LONE_SURROGATE.test(whole) ? this.blank('lone surrogate') : whole;
  }

  /** The run of characters up to the next quote or backslash. */
  private plain(): string {
    const { text } = this;
    const start = this.at;
    let code = text.charCodeAt(start);
    if (!(code >= 0x20)) return this.blank('control character in text');
    while (code >= 0x20 && code !== QUOTE && code !== BACKSLASH) {
      this.at += 1;
      code = text.charCodeAt(this.at);
    }
    return text.slice(start, this.at);
  }

  private escape(): string {
    const letter = this.text.charAt(this.at + 1);
    if (letter === 'u') return this.unicodeEscape();
    const character = ESCAPED.get(letter);
    if (character === undefined) return this.blank('unknown escape');
    this.at += 2;
    return character;
  }

  private unicodeEscape(): string {
    const digits = this.text.slice(this.at + 2, this.at + 6);
    if (!HEX4.test(digits)) return this.blank('unknown escape');
    this.at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  private number(): RawJson {
    const start = this.at;
    if (this.text.charCodeAt(start) === MINUS) this.at += 1;
    if (this.text.charCodeAt(this.at) === ZERO) this.at += 1;
    else if (!this.digits()) return this.fail('not a JSON number');
    if (this.text.charCodeAt(this.at) === POINT) {
      this.at += 1;
      if (!this.digits()) return this.fail('not a JSON number');
    }
    if (!this.exponent()) return this.fail('not a JSON number');
    return new NumberToken(this.text.slice(start, this.at));
  }

  /** True also where there is none. */
  private exponent(): boolean {
    if ((this.text.charCodeAt(this.at) | 0x20) !== 0x65) return true;
    this.at += 1;
    const sign = this.text.charCodeAt(this.at);
    if (sign === PLUS || sign === MINUS) this.at += 1;
    return this.digits();
  }

  /** One digit or more. */
  private digits(): boolean {
    const start = this.at;
    while (isDigit(this.text.charCodeAt(this.at))) this.at += 1;
    return this.at > start;
  }
}
