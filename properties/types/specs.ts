import {
  type Dim,
  type Key,
  leafSpec,
  type NoisefoldError,
  parseSpec,
  program,
  type Program,
  type Syms,
  type Tensor,
  treeSpec,
  type TreeSpec,
} from '../../src/dsl/index.js';
import type { either } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

interface Params {
  readonly levels: readonly { readonly kernel: Tensor<[3, 3, Dim, Dim]>; readonly bias?: Tensor<[Dim]> }[];
  readonly head: Tensor<['Q', 10]>;
}
const params = treeSpec<Params>({ levels: [{ kernel: leafSpec([3, 3, 1, 8]) }], head: leafSpec(['Q', 10]) });

const everything = program(
  { x: 'B 28 H/2 (C+D)/2', t: 'B:int32', key: 'key', rate: '', mask: ':bool', pair: ['D+C 2', 'B'], params },
  (inputs) => inputs,
);
interface Inputs {
  readonly x: Tensor<['B', 28, 'H/2', '(C+D)/2']>;
  readonly t: Tensor<['B'], 'int32'>;
  readonly key: Key;
  readonly rate: Tensor<[]>;
  readonly mask: Tensor<[], 'bool'>;
  readonly pair: readonly [Tensor<['C+D', 2]>, Tensor<['B']>];
  readonly params: Params;
}
expectType<(inputs: Inputs) => Inputs>()(everything.trace);

declare const symbols: Syms<Inputs>;
expectType<'B' | 'C' | 'D' | 'H' | 'Q'>()(symbols);

expectType<Program<Tensor<['B', 28]>, Tensor<['B', 28]>>>()(program('B 28', (x) => x));
expectType<either.Either<NoisefoldError, TreeSpec<{ readonly w: Tensor<['D', '2*C']> }>>>()(parseSpec({ w: 'D 2*C' }));

// @ts-expect-error Type '"B -1"' is not assignable to type '"'-1' is not an extent"'
program({ x: 'B -1', t: 'B:int32' }, (inputs) => inputs);
// @ts-expect-error Type '"B 1.5"' is not assignable to type '"'1.5' is not an extent"'
program({ x: 'B 1.5' }, (inputs) => inputs);
// @ts-expect-error Type '"B H-1"' is not assignable to type '"'H-1' is not an extent"'
program({ x: 'B H-1' }, (inputs) => inputs);
// @ts-expect-error '2C' is not an extent
program('B 2C', (x) => x);
// @ts-expect-error '(C+D' is not an extent
program('B (C+D', (x) => x);
// @ts-expect-error 'C+' is not an extent
program('B C+', (x) => x);
// @ts-expect-error 'É' is not an extent
program('B É', (x) => x);
// @ts-expect-error '...' is not an extent
program('... C', (x) => x);
// @ts-expect-error 'key' is not a dtype: float32, int32 or bool
program('B:key', (x) => x);
// @ts-expect-error Type '"B:float"' is not assignable to type '"'float' is not a dtype: float32, int32 or bool"'
program({ x: 'B:float' }, (inputs) => inputs);
// @ts-expect-error Type '"B int32"' is not assignable to type '"a dtype follows a colon: 'B:int32'"'
program({ t: 'B int32' }, (inputs) => inputs);
// @ts-expect-error Type 'number' is not assignable to type
program({ x: 3 }, (inputs) => inputs);
