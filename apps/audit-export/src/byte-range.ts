/** Both ends inclusive. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}
const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * The part of `size` bytes that a Range header asks for. undefined: all of it, as for no header, several ranges or a form
 * that is not understood; `unsatisfiable`: nothing of it is there.
 * @source RFC 9110 section 14.2
 */
export const readByteRange = (header: string | null, size: number): ByteRange | 'unsatisfiable' | undefined => {
  const [, first = '', last = ''] = ONE_RANGE.exec(header ?? '') ?? [];
  if (first === '') return last === '' ? undefined : suffix(Number(last), size);
  const from = Number(first);
  const to = last === '' ? size - 1 : Number(last);
  if (from >= size) return 'unsatisfiable';
  return to < from ? undefined : { from, to: Math.min(to, size - 1) };
};

/** The last `length` bytes. */
const suffix = (length: number, size: number): ByteRange | 'unsatisfiable' =>
  length === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - length), to: size - 1 };
