import { function as F } from 'fp-ts';
import {
  type Effect,
  checkpoint,
  customVjp,
  type Dim,
  type Executable,
  grad,
  iterate,
  jvp,
  type Key,
  matmul,
  mul,
  normal,
  scan,
  softmax,
  square,
  stack,
  sum,
  type Tensor,
  type Value,
  vmap,
} from '../../src/dsl/index.js';
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

// a tangent is a tree like the argument, with null for each leaf that is not float32
declare const tangent: { readonly w: Tensor<[4, 2]>; readonly label: null };
expectType<{ readonly value: Tensor<['B', 2]>; readonly tangent: Tensor<['B', 2]> }>()(jvp(layer)(params, tangent));
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
    (h, value) => (cotangent) => mul(value, mul(h, cotangent)),
  ),
);
customVjp(layer, ({ w }) => () => ({ w, label: null }));
// @ts-expect-error Type 'Tensor<["B", 2], "float32">' is not assignable to type 'Tensor<[4, 2], "float32">'
customVjp(layer, () => (cotangent) => ({ w: cotangent, label: null }));
// @ts-expect-error Type '2' is not assignable to type '4'
customVjp(block<'B'>, () => (cotangent) => cotangent);

// vmap adds a leading axis to each argument and result
declare const xs: Tensor<[8, 3]>;
declare const batch: Tensor<['B', 5, 3]>;
declare const energy: (x: Tensor<[3]>) => Tensor<[]>;
declare const pair: (p: { readonly a: Tensor<[3]>; readonly b: readonly [Tensor<[], 'int32'>] }) => {
  readonly y: Tensor<[2]>;
  readonly isLarge: Tensor<[], 'bool'>;
};
declare const labels: Tensor<[8], 'int32'>;
expectType<Tensor<[8]>>()(vmap(energy)(xs));
expectType<{ readonly y: Tensor<[8, 2]>; readonly isLarge: Tensor<[8], 'bool'> }>()(vmap(pair)({ a: xs, b: [labels] }));
expectType<<N extends Dim>(xs: Tensor<[N, 3]>) => Tensor<[N]>>()(vmap(energy));
expectType<Tensor<[8, 3]>>()(vmap(grad(energy))(xs));
expectType<Tensor<['B', 5]>>()(F.pipe(batch, vmap(vmap(energy))));
// in a pipe, a generic function and a parameter without a type get their shapes
expectType<Tensor<[8, 3]>>()(F.pipe(xs, vmap(softmax())));
expectType<Tensor<['B', 5, 2]>>()(F.pipe(batch, vmap(matmul(kernel))));
expectType<Tensor<[8]>>()(F.pipe(xs, vmap((x) => sum(square(x))))); // oxfmt-ignore
declare const kernel: Tensor<[3, 2]>;
// outside a pipe only the leading extent is kept
expectType<Tensor<[8, ...Dim[]]>>()(vmap(softmax())(xs));
// in a function of any batch
expectType<<B extends Dim>(x: Tensor<[B, 3]>) => Tensor<[B]>>()(<B extends Dim>(x: Tensor<[B, 3]>) => vmap(energy)(x));
// @ts-expect-error Type '4' is not assignable to type '3'
vmap(energy)(x);
// @ts-expect-error Source has 3 element(s) but target allows only 2
vmap(energy)(batch);
// @ts-expect-error one extent has two values in this call, 8 and 10
vmap(pair)(differing);
declare const differing: { readonly a: Tensor<[8, 3]>; readonly b: readonly [Tensor<[10], 'int32'>] };
// @ts-expect-error a key has no batch: draw the numbers first, and map over them
vmap((p: { readonly x: Tensor<[3]>; readonly key: Key }) => normal(p.key, 3))({ x: xs, key });
declare const key: Key;
// @ts-expect-error Type 'Tensor<[8], "float32">' is not assignable to type 'Tensor<["B"], "float32">'
const wrongBatch: Tensor<['B']> = vmap(energy)(xs);
void wrongBatch;

// the carry keeps its shapes; the results have the leading axis
declare const cell: (
  carry: { readonly h: Tensor<[4]>; readonly key: Key },
  x: Tensor<[3]>,
) => readonly [{ readonly h: Tensor<[4]>; readonly key: Key }, { readonly y: Tensor<[2]> }];
declare const init: { readonly h: Tensor<[4]>; readonly key: Key };
expectType<readonly [carry: { readonly h: Tensor<[4]>; readonly key: Key }, ys: { readonly y: Tensor<[8, 2]> }]>()(
  scan(cell)(init, xs),
);
// @ts-expect-error Type '5' is not assignable to type '4'
scan(cell)({ ...init, h: wide }, xs);
declare const wide: Tensor<[5]>;
// @ts-expect-error Type '4' is not assignable to type '3'
scan(cell)(init, x);
// @ts-expect-error Source has 2 element(s) but target allows only 1
scan((carry: Tensor<[3]>, x: Tensor<[3]>) => [stack([carry, x]), x]);

// results with the name of an input are the state; the other inputs are given for each step
declare const step: Executable<
  { readonly w: Value<[2]>; readonly rate: Value<[]> },
  { readonly w: Value<[2]>; readonly loss: Value<[]> }
>;
declare const w: Value<[2]>;
const rates = (index: number) => ({ rate: 1 / (1 + index) });
expectType<Effect<{ readonly w: Value<[2]> }>>()(iterate(step, { times: 3, inputs: rates })({ w }));
// the results come from the step, also where the caller states some of them
iterate(step, {
  times: 3,
  inputs: rates,
  onStep: async ({ loss }: { readonly loss: Value<[]> }) => void loss,
})({ w });
// @ts-expect-error Property 'inputs' is missing
iterate(step, { times: 3 });
// @ts-expect-error Type 'Value<[3], "float32">' is not assignable to type 'Value<[2], "float32">'
iterate(step, { times: 3, inputs: rates })({ w: longer });
declare const longer: Value<[3]>;
declare const growing: Executable<{ readonly w: Value<[2]> }, { readonly w: Value<[4]> }>;
// @ts-expect-error the step takes no w like the one that it returns
iterate(growing, { times: 3 })({ w });
