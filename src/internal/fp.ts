/**
 * The one seam onto fp-ts and io-ts. Root imports only: the deep ones either fail in Node's ESM
 * (`fp-ts/Option`) or weigh ten times as much in a bundle (`fp-ts/lib/Option.js`).
 */
export {
  either as E,
  function as F,
  readerTaskEither as RTE,
  readonlyArray as RA,
  taskEither as TE,
} from 'fp-ts';
export type { either, io, readerTaskEither, taskEither } from 'fp-ts';
export * as t from 'io-ts';
