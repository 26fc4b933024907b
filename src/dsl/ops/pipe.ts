import { callback } from '../../internal/parts.js';
import { argument, type Checker } from '../../internal/schema.js';

/**
 * Like `pipe` of fp-ts, for up to 12 functions. `NoInfer` keeps the compiler from inferring the type of the value from
 * the first function, so that an error is reported at the function, not at the value. In the other functions `NoInfer`
 * would prevent the inference of their types.
 */
// oxfmt-ignore
interface Pipe {
  <A>(a: A): A;
  <A, B>(a: A, ab: (a: NoInfer<A>) => B): B;
  <A, B, C>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C): C;
  <A, B, C, D>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D): D;
  <A, B, C, D, E>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E): E;
  <A, B, C, D, E, F>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F): F;
  <A, B, C, D, E, F, G>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G): G;
  <A, B, C, D, E, F, G, H>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G, gh: (g: G) => H): H;
  <A, B, C, D, E, F, G, H, I>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G, gh: (g: G) => H, hi: (h: H) => I): I;
  <A, B, C, D, E, F, G, H, I, J>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G, gh: (g: G) => H, hi: (h: H) => I, ij: (i: I) => J): J;
  <A, B, C, D, E, F, G, H, I, J, K>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G, gh: (g: G) => H, hi: (h: H) => I, ij: (i: I) => J, jk: (j: J) => K): K;
  <A, B, C, D, E, F, G, H, I, J, K, L>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G, gh: (g: G) => H, hi: (h: H) => I, ij: (i: I) => J, jk: (j: J) => K, kl: (k: K) => L): L;
  <A, B, C, D, E, F, G, H, I, J, K, L, M>(a: A, ab: (a: NoInfer<A>) => B, bc: (b: B) => C, cd: (c: C) => D, de: (d: D) => E, ef: (e: E) => F, fg: (f: F) => G, gh: (g: G) => H, hi: (h: H) => I, ij: (i: I) => J, jk: (j: J) => K, kl: (k: K) => L, lm: (l: L) => M): M;
}

const step = callback('a function', 'give the pipeable form, such as conv2d(kernel)');
const stepAt = (i: number) => argument(`pipe: function ${i + 1}`, step) as Checker<(x: unknown) => unknown>; // a function

/**
 * Passes a value through functions from left to right: `pipe(x, f, g)` is `g(f(x))`. Up to 12 functions.
 * @example
 * const h = zeros(8, 28, 28, 64)
 * pipe(h, conv2d(zeros(3, 3, 64, 32)), silu, averagePool) // : Tensor<[8, 14, 14, 32]>
 * pipe(constantOf([1, 4], 1, 2), sqrt, sum(1)) // → [3]
 */
export const pipe = ((a: unknown, ...steps: readonly unknown[]) =>
  steps.reduce((x, each, i) => stepAt(i).demand(each)(x), a)) as Pipe; // each overload has this form
