import { checkpoint, type Dim, type Tensor } from '../../src/dsl/index.js';
import { expectType } from './expect.js';

declare const x: Tensor<['B', 4]>;
declare const params: { readonly w: Tensor<[4, 2]>; readonly label: Tensor<['B'], 'int32'> };
declare const block: <B extends Dim>(h: Tensor<[B, 4]>) => Tensor<[B, 2]>;
declare const layer: (p: typeof params) => Tensor<['B', 2]>;

// a checkpointed function has the type of the function
expectType<Tensor<['B', 2]>>()(checkpoint(block<'B'>)(x));
expectType<(p: typeof params) => Tensor<['B', 2]>>()(checkpoint(layer));
// @ts-expect-error Type '4' is not assignable to type '2'
checkpoint((h: Tensor<['B', 2]>) => h)(x);
