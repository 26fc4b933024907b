export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  f: (a: A, key: string) => B,
): Readonly<Record<string, B>> => Object.fromEntries(Object.entries(record).map(([key, a]) => [key, f(a, key)]));
