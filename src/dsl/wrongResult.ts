/** Results of bodies held against the specs that they were promised by, in types. */
import type { ShapeOf, TreeSpec } from './spec.js';
import type { Dim, Shape, Tensor } from './tensor.js';
import type { Below, Same } from './unify.js';
import type { DTypeOf } from './words.js';

/** The messages where a result is not what its spec says; what is wide is looked at when the program is traced. */
export type WrongResult<P, R, Where extends string, Level extends keyof Below = 3> = P extends string
  ? R extends Tensor<infer S, infer D>
    ? D extends DTypeOf<P>
      ? WrongShape<ShapeOf<P extends `${infer Extents}:${string}` ? Extents : P>, S, Where>
      : `${Where}: ${DTypeOf<P>} expected, but here ${D}`
    : `${Where}: a tensor expected`
  : [Below[Level]] extends [never]
    ? never
    : P extends TreeSpec<infer T>
      ? R extends T
        ? never
        : `${Where}: a tree of its spec expected`
      : P extends readonly unknown[]
        ? {
            [I in keyof P]: WrongResult<P[I], At<R, I>, `${Where}.${I & string}`, Below[Level]>;
          }[number]
        : {
            [K in keyof P]: WrongResult<P[K], At<R, K>, `${Where}.${K & string}`, Below[Level]>;
          }[keyof P];

/** A member of a result; `undefined` where it has none. */
type At<R, K> = K extends keyof R ? R[K] : undefined;

type WrongShape<Said extends Shape, S extends Shape, Where extends string> = number extends S['length']
  ? never
  : Said['length'] extends S['length']
    ? {
        [I in keyof Said]: Same<Said[I], S[I & keyof S]> extends true
          ? never
          : `${Where}: axis ${I & string} should be ${Said[I]}, but here ${S[I & keyof S] & Dim}`;
      }[number]
    : `${Where}: rank ${Said['length']} expected, but here ${S['length']}`;
