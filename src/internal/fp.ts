/**
 * The only module that imports fp-ts and io-ts. Values come from the root: deep imports fail in Node's ES modules
 * (`fp-ts/Option`) or take ten times as much space in a bundle (`fp-ts/lib/Option.js`). Types come from the modules
 * that declare them. The declarations of the package do not import the root, because the compiler of a user would then
 * read all 122 modules of fp-ts.
 */
/** @internal */
export { either as E, function as F, readerTaskEither as RTE, readonlyArray as RA, taskEither as TE } from 'fp-ts';
export type * as either from 'fp-ts/lib/Either.js';
export type * as functions from 'fp-ts/lib/function.js';
export type * as io from 'fp-ts/lib/IO.js';
export type * as readerTaskEither from 'fp-ts/lib/ReaderTaskEither.js';
export type * as taskEither from 'fp-ts/lib/TaskEither.js';
export * as t from 'io-ts';
