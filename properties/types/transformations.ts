import { checkpoint, customVjp, type Dim, jvp, mul, type Tensor } from '../../src/dsl/index.js';
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

// a tangent is a tree like the argument, null for what is not float32, and moves the value
declare const tangent: { readonly w: Tensor<[4, 2]>; readonly label: null };
expectType<{ readonly value: Tensor<['B', 2]>; readonly tangent: Tensor<['B', 2]> }>()(
  jvp(layer)(params, tangent),
);
expectType<Tensor<['B', 2]>>()(jvp(block<'B'>)(x, x).tangent);
// @ts-expect-error Type 'Tensor<["B"], "int32">' is not assignable to type 'null'
jvp(layer)(params, params);
// @ts-expect-error Type '3' is not assignable to type '4'
jvp(block<'B'>)(x, wrong);
declare const wrong: Tensor<['B', 3]>;

// a function with a derivative of its own has the type of the function
expectType<(x: Tensor<['B', 4]>) => Tensor<['B', 4]>>()(
  customVjp(
    (h: Tensor<['B', 4]>) => h,
    (h, value) => (cotangent) => mul(mul(cotangent)(h))(value),
  ),
);
customVjp(layer, ({ w }) => () => ({ w, label: null }));
// @ts-expect-error Type 'Tensor<["B", 2], "float32">' is not assignable to type 'Tensor<[4, 2], "float32">'
customVjp(layer, () => (cotangent) => ({ w: cotangent, label: null }));
// @ts-expect-error Type '2' is not assignable to type '4'
customVjp(block<'B'>, () => (cotangent) => cotangent);
