/** Reads the choices of a figure in a query. Those that are invalid or not in it are left out, each by itself. */
export const choicesOf = (query: string) => {
  const asked = new URLSearchParams(query);
  const textOf = (name: string): string => asked.get(name) ?? '';
  return {
    textOf,
    /** The field with a number of the query, which is whole or a half. */
    number: <K extends string>(field: K, name: string, holds: (n: number) => boolean): Partial<Record<K, number>> => {
      const text = textOf(name);
      return /^\d{1,15}([.]5)?$/.test(text) && holds(Number(text))
        ? ({ [field]: Number(text) } as Record<K, number>)
        : {};
    },
    /** The field with one of some values. */
    oneOf: <K extends string, A extends string | number>(field: K, name: string, values: readonly A[]) => {
      const value = values.find((one) => `${one}` === textOf(name));
      return (value === undefined ? {} : { [field]: value }) as Partial<Record<K, A>>;
    },
  };
};
