import { type Dim, einsum, type Scalar, type Tensor } from '../../src/dsl/index.js';
import { F } from '../../src/internal/fp.js';
import { expectType } from './expect.js';

declare const queries: Tensor<['B', 49, 4, 'D']>;
declare const keys: Tensor<['B', 50, 4, 'D']>;
declare const fewerHeads: Tensor<['B', 50, 2, 'D']>;
declare const wide: Tensor<['B', Dim, 4, Dim]>;
declare const w: Tensor<[64, 128]>;
declare const b: Tensor<[128]>;
declare const ids: Tensor<[128], 'int32'>;

expectType<Tensor<['B', 4, 49, 50]>>()(einsum(queries, keys, 'bqhd,bkhd->bhqk'));
expectType<Tensor<['B', Dim, 4, 49]>>()(einsum(queries, wide, 'bqhd,bkhd->bkhq'));
expectType<Tensor<[128, 64]>>()(F.pipe(w, einsum('ij->ji')));
expectType<Tensor<[64]>>()(einsum(w, b, 'ij,j->i'));
expectType<Tensor<[128, 64, 128]>>()(einsum(b, w, 'i,jk->ijk'));
expectType<Scalar>()(F.pipe(b, (v) => einsum(v, v, 'i,i->')));

// @ts-expect-error "arg 2: axis h = 4 (bound earlier) but here 2"
einsum(queries, fewerHeads, 'bqhd,bkhd->bhqk');
// @ts-expect-error "arg 2: axis i = 64 (bound earlier) but here 128"
einsum(w, b, 'ij,i->j');
// @ts-expect-error "arg 1: rank 2 expected, but here 1"
F.pipe(b, einsum('ij->ji'));
// @ts-expect-error Type '"int32"' is not assignable to type '"float32"'
einsum(w, ids, 'ij,j->i');
// a call without its first operand waits for it
expectType<Tensor<[64]>>()(F.pipe(w, einsum(b, 'ij,j->i')));
// @ts-expect-error an equation has an arrow: bij,bjk->bik
einsum('ij,jk');
// @ts-expect-error 'i' appears twice in one operand or result: diagonals are not supported
einsum('ii->i');
// @ts-expect-error 'k' of the result is in no operand
einsum('ij->ik');
// @ts-expect-error ',' is not a letter
einsum('i,j,k->ijk');
// @ts-expect-error ' ' is not a letter
einsum('i j->j i');
