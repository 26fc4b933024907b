/** Lists of names and of numbers in messages. */

/** The maximum number of names in a list. */
const MOST_NAMED = 10;

/** The first ten names, and the number of the others: `a, b, and 3 more`. */
export const listed = (names: readonly string[]): string => {
  const rest = names.length - MOST_NAMED;
  return [...names.slice(0, MOST_NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
};

/** The first ten numbers, and the number of the others: `[1, 2, and 3 more]`. */
export const listedNumbers = (numbers: ArrayLike<number>): string => `[${listed(Array.from(numbers, String))}]`;
