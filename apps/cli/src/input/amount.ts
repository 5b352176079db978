import { isMoney, parseUsd } from '@verdict/domain';
import { wrongCall } from '../failure.js';

/** Checks an amount before it is sent; it goes out as it was written. */
export const checkedUsd = (text: string, flag: string): string => {
  const amount = parseUsd(text, 4);
  if (isMoney(amount)) return text;
  throw wrongCall(
    amount,
    `${flag} is not an amount: ${text}`,
    'US dollars with at most 4 decimal places, such as 125.5 or -300',
  );
};
