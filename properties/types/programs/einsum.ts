/** Equations and patterns: `einsum` and `rearrange`. */
import { group, right, wrong } from './program.js';

export const einsums = group('einsum', {
  // wrong
  'a letter with two extents': wrong`
    einsum(zeros(8, 64), «zeros(32, 10)», 'bi,io->bo')
  `,
  'a letter with two extents, in a pipe': wrong`
    pipe(zeros(8, 64), «einsum(zeros(32, 10), 'bi,io->bo')»)
  `,
  'a letter with two batches': wrong`
    einsum(zeros(8, 16, 64), «zeros(4, 16, 64)», 'bqd,bkd->bqk')
  `,
  'a letter with two symbols': wrong`
    program({ q: 'B N D', k: 'B M E' }, ({ q, k }) => einsum(q, «k», 'bqd,bkd->bqk'))
  `,
  'a letter with two type parameters': wrong`
    const scores = <B extends Dim, N extends Dim, D extends Dim, E extends Dim>(
      q: Tensor<[B, N, D]>,
      k: Tensor<[B, N, E]>,
    ) => einsum(q, «k», 'bqd,bkd->bqk');
  `,
  'a letter with a type parameter and a number': wrong`
    const scores = <B extends Dim, N extends Dim>(q: Tensor<[B, N, 64]>, k: Tensor<[B, N, 32]>) =>
      einsum(q, «k», 'bqd,bkd->bqk');
  `,
  'a letter too few for the operand': wrong`
    einsum(«zeros(8, 28, 28, 3)», zeros(3, 10), 'bhc,cd->bhd')
  `,
  'a letter too many for the operand': wrong`
    einsum(zeros(8, 64), «zeros(64)», 'bi,ij->bj')
  `,
  'a result with a letter of no operand': wrong`
    einsum(zeros(8, 64), zeros(64, 10), «'bi,io->bz'»)
  `,
  'an equation without an arrow': wrong`
    einsum(zeros(8, 64), zeros(64, 10), «'bi,io'»)
  `,
  'a diagonal': wrong`
    einsum(zeros(8, 8), «'ii->i'»)
  `,
  'an equation of three operands': wrong`
    einsum(zeros(8, 64), zeros(64, 10), «'bi,ij,jk->bk'»)
  `,
  'a result of other axes': wrong`
    const «scores»: Tensor<[2, 4, 16, 16]> = einsum(zeros(2, 16, 4, 8), zeros(2, 16, 4, 8), 'bqhd,bkhd->bqhk');
  `,
  'values of another length': wrong`
    const attend = (q: Tensor<[2, 16, 64]>, k: Tensor<[2, 12, 64]>, v: Tensor<[2, 16, 64]>) =>
      einsum(softmax(einsum(q, k, 'bqd,bkd->bqk')), «v», 'bqk,bkd->bqd');
  `,

  // right
  'scores in a generic function': right`
    const scores = <B extends Dim, N extends Dim, D extends Dim>(q: Tensor<[B, N, D]>, k: Tensor<[B, N, D]>) =>
      einsum(q, k, 'bqd,bkd->bqk');
  `,
  'scores in a generic function, with its result': right`
    const scores = <B extends Dim, N extends Dim, D extends Dim>(
      q: Tensor<[B, N, D]>,
      k: Tensor<[B, N, D]>,
    ): Tensor<[B, N, N]> => einsum(q, k, 'bqd,bkd->bqk');
    const y: Tensor<[2, 16, 16]> = scores(zeros(2, 16, 64), zeros(2, 16, 64));
  `,
  'scores in a function generic in the batch': right`
    const scores = <B extends Dim>(q: Tensor<[B, 16, 64]>, k: Tensor<[B, 12, 64]>): Tensor<[B, 16, 12]> =>
      einsum(q, k, 'bqd,bkd->bqk');
    const y: Tensor<[2, 16, 12]> = scores(zeros(2, 16, 64), zeros(2, 12, 64));
  `,
  'attention in a generic function': right`
    const attend = <B extends Dim, N extends Dim, M extends Dim, D extends Dim>(
      q: Tensor<[B, N, D]>,
      k: Tensor<[B, M, D]>,
      v: Tensor<[B, M, D]>,
    ): Tensor<[B, N, D]> => einsum(softmax(einsum(q, k, 'bqd,bkd->bqk')), v, 'bqk,bkd->bqd');
    const y: Tensor<[2, 16, 8]> = attend(zeros(2, 16, 8), zeros(2, 12, 8), zeros(2, 12, 8));
  `,
  'attention in a generic function, without its result': right`
    const attend = <B extends Dim, N extends Dim, M extends Dim, D extends Dim>(
      q: Tensor<[B, N, D]>,
      k: Tensor<[B, M, D]>,
      v: Tensor<[B, M, D]>,
    ) => einsum(softmax(mul(einsum(q, k, 'bqd,bkd->bqk'), 0.125)), v, 'bqk,bkd->bqd');
    const y: Tensor<[2, 16, 8]> = attend(zeros(2, 16, 8), zeros(2, 12, 8), zeros(2, 12, 8));
  `,
  'scores of a program': right`
    program({ q: 'B N D', k: 'B M D' }, ({ q, k }): Tensor<['B', 'N', 'M']> => einsum(q, k, 'bqd,bkd->bqk'))
  `,
  'scores of each head': right`
    const scores: Tensor<[2, 4, 16, 12]> = einsum(zeros(2, 16, 4, 8), zeros(2, 12, 4, 8), 'bqhd,bkhd->bhqk');
  `,
  'a letter with a wide extent and a number': right`
    const y: Tensor<[8, 10]> = einsum(zeros(8, Number('64')), zeros(64, 10), 'bi,io->bo');
  `,
  'an equation in a pipe': right`
    const y: Tensor<[8, 10]> = pipe(zeros(8, 64), einsum(zeros(64, 10), 'bi,io->bo'));
  `,
  'a generic equation in a pipe': right`
    const projected = <B extends Dim, D extends Dim>(x: Tensor<[B, D]>, w: Tensor<[D, 10]>) =>
      pipe(x, einsum(w, 'bi,io->bo'));
  `,
  'a transposition': right`
    const y: Tensor<[64, 8]> = einsum(zeros(8, 64), 'ij->ji');
  `,
  'a trace of products': right`
    const y: Scalar = einsum(zeros(8, 64), zeros(8, 64), 'ij,ij->');
  `,
});

export const rearrangements = group('rearrange', {
  // wrong
  'twenty-four channels in five heads': wrong`
    rearrange(zeros(2, 16, 24), «'b n (h d) -> b h n d', { h: 5 }»)
  `,
  'twenty-four channels in five heads, in a pipe': wrong`
    pipe(zeros(2, 16, 24), «rearrange('b n (h d) -> b h n d', { h: 5 })»)
  `,
  'an odd image in patches': wrong`
    rearrange(zeros(2, 15, 16, 3), «'b (h p) (w q) c -> b (h w) (p q c)', { p: 2, q: 2 }»)
  `,
  'both sizes of a group, whose product is another number': wrong`
    rearrange(zeros(2, 24), «'b (h d) -> b h d', { h: 5, d: 5 }»)
  `,
  'a pattern of another rank': wrong`
    rearrange(zeros(2, 16, 24), «'b h w c -> b (h w) c'»)
  `,
  'a pattern of another rank in a pipe': wrong`
    pipe(zeros(2, 16, 24), «rearrange('b h w c -> b (h w) c')»)
  `,
  'a size of a name that the pattern lacks': wrong`
    rearrange(zeros(2, 16, 24), 'b n (h d) -> b h n d', { «heads: 4» })
  `,
  'a name on one side only': wrong`
    rearrange(zeros(2, 16, 24), «'b n c -> b n'»)
  `,
  'a name twice on one side': wrong`
    rearrange(zeros(2, 16, 24), «'b n n -> b n'»)
  `,
  'two unknown sizes in a group': wrong`
    rearrange(zeros(2, 16, 24), «'b n (h d) -> b h n d'»)
  `,
  'a parenthesis that is not closed': wrong`
    rearrange(zeros(2, 16, 24), «'b (n c -> b n c'», { n: 4 })
  `,
  'heads that are added to tokens of another length': wrong`
    const tokens = rearrange(zeros(2, 4, 4, 8), 'b h w c -> b (h w) c');
    add(tokens, «zeros(2, 15, 8)»);
  `,

  // right
  'twenty-four channels in four heads': right`
    const y: Tensor<[2, 4, 16, 6]> = rearrange(zeros(2, 16, 24), 'b n (h d) -> b h n d', { h: 4 });
  `,
  'an image as tokens and back': right`
    const y: Tensor<[2, 4, 6, 8]> = pipe(
      zeros(2, 4, 6, 8),
      rearrange('b h w c -> b (h w) c'),
      rearrange('b (h w) c -> b h w c', { h: 4 }),
    );
  `,
  'an image in patches': right`
    const y: Tensor<[2, 49, 48]> = rearrange(zeros(2, 28, 28, 3), 'b (h p) (w q) c -> b (h w) (p q c)', { p: 4, q: 4 });
  `,
  'heads in a generic function': right`
    const heads = <B extends Dim, N extends Dim>(x: Tensor<[B, N, 64]>): Tensor<[B, 4, N, 16]> =>
      rearrange(x, 'b n (h d) -> b h n d', { h: 4 });
    const y: Tensor<[2, 4, 9, 16]> = heads(zeros(2, 9, 64));
  `,
  'heads of a number that is known at run time': right`
    rearrange(zeros(2, 16, 24), 'b n (h d) -> b h n d', { h: Number('4') })
  `,
  'other axes in dots': right`
    const y: Tensor<[2, 3, 8, 8]> = rearrange(zeros(2, 8, 8, 3), 'b h w c -> b c h w');
  `,
});
