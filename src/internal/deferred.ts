/** A function that is made at its first call, such as one that looks numbers up in tables which may not be needed. */
export const deferred = <F extends (...given: never[]) => unknown>(make: () => F): F => {
  let made: F | undefined;
  return ((...given) => (made ??= make())(...given)) as F; // it calls a function of this type
};
