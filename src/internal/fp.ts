/**
 * The only module that imports fp-ts and io-ts. It uses root imports only: deep imports fail in Node's ES modules
 * (`fp-ts/Option`) or take ten times as much space in a bundle (`fp-ts/lib/Option.js`).
 */
export { either as E, function as F, readerTaskEither as RTE, readonlyArray as RA, taskEither as TE } from 'fp-ts';
export type { either, io, readerTaskEither, taskEither } from 'fp-ts';
export * as t from 'io-ts';
