/** Products and quotients of extents, in types. */
import type { Dim } from '../../src/dsl/index.js';
import type { Product, Quotient } from '../../src/dsl/types/product.js';
import { expectType } from './expect.js';

declare const product: <D extends readonly Dim[]>() => Product<D>;
declare const quotient: <A extends Dim, B extends Dim>() => Quotient<A, B>;

// literals
expectType<1>()(product<[]>());
expectType<28>()(product<[28]>());
expectType<784>()(product<[28, 28]>());
expectType<9801>()(product<[99, 99]>());
expectType<6000>()(product<[16, 3, 125]>());
expectType<105105>()(product<[105, 1001]>());
expectType<1048576>()(product<[1024, 1024]>());
expectType<99990>()(product<[9999, 10]>());
expectType<0>()(product<[999, 0]>());
expectType<0>()(product<[0, 5, 'H']>());
// symbols, in the order of the alphabet
expectType<'H*W'>()(product<['W', 'H']>());
expectType<'B*H*W'>()(product<['H*W', 'B']>());
expectType<'4*H'>()(product<['H', 4]>());
expectType<'6*(H*W)'>()(product<['2*H', 'W', 3]>());
expectType<'4*(B*H*W)'>()(product<['4*(H*W)', 'B']>());
expectType<'2*(C+D)'>()(product<[2, 'C+D']>());
expectType<'C+D'>()(product<[1, 'C+D']>());
expectType<'(H/2)*A'>()(product<['A', 'H/2']>());
// a factor below the line goes
expectType<'H'>()(product<['H/2', 2]>());
expectType<'C'>()(product<['C/4', 4]>());
expectType<'8*(C/4)'>()(product<['C/4', 8]>());
// what is wide
expectType<Dim>()(product<['B', number]>());
expectType<Dim>()(product<[Dim, 3]>());
expectType<Dim>()(product<[Dim, Dim, 'B']>());

expectType<16>()(quotient<64, 4>());
expectType<28>()(quotient<784, 28>());
expectType<1001>()(quotient<105105, 105>());
expectType<0>()(quotient<0, 3>());
expectType<1>()(quotient<'C', 'C'>());
expectType<3>()(quotient<51, 17>());
expectType<'17 does not divide 52'>()(quotient<52, 17>());
expectType<103>()(quotient<104030, 1010>());
expectType<'3 does not divide 50'>()(quotient<50, 3>());
expectType<'C'>()(quotient<'C', 1>());
expectType<'C/2'>()(quotient<'C', 2>());
expectType<'C/4'>()(quotient<'C', 4>());
expectType<'C'>()(quotient<'4*C', 4>());
expectType<'2*C'>()(quotient<'8*C', 4>());
expectType<'(C+D)/3'>()(quotient<'C+D', 3>());
expectType<'H'>()(quotient<'H*W', 'W'>());
expectType<'2*H'>()(quotient<'2*(H*W)', 'W'>());
expectType<Dim>()(quotient<'H', 'W'>());
expectType<Dim>()(quotient<Dim, Dim>());
expectType<Dim>()(quotient<28, Dim>());
