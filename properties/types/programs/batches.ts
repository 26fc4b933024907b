/** One extent has one value: functions of users that are generic in the batch, or in another extent. */
import { group, right, wrong } from './program.js';

export const batches = group(
  'batches',
  {
    // wrong
    'two batches in a function of one': wrong`
      merge(«zeros(4, 64), zeros(5, 64)»)
    `,
    'two symbols in a function of one batch': wrong`
      program({ x: 'B 64', e: 'C 64' }, ({ x, e }) => merge(«x, e»))
    `,
    'a symbol and a number in a function of one batch': wrong`
      program({ x: 'B 64' }, ({ x }) => merge(«x, zeros(8, 64)»))
    `,
    'a symbol and its half in a function of one batch': wrong`
      program({ x: 'B 64' }, ({ x }) => merge(«x, halve(x, 0)[0]»))
    `,
    'one type parameter for two of the caller': wrong`
      const both = <A extends Dim, B extends Dim>(x: Tensor<[A, 64]>, e: Tensor<[B, 64]>) => merge(«x, e»);
    `,
    'a batch and its double in a generic caller': wrong`
      const doubled = <B extends Dim>(x: Tensor<[B, 64]>) => merge(«concatAll([x, x], 0), x»);
    `,
    'a weight that is not square': wrong`
      const residual = <B extends Dim, C extends Dim>(x: Tensor<[B, C]>, w: Tensor<[C, C]>) => add(x, matmul(x, w));
      residual(«zeros(8, 64), zeros(64, 32)»);
    `,
    'an image that is not square': wrong`
      const turned = <B extends Dim, H extends Dim>(x: Tensor<[B, H, H, 3]>) => transpose(x, 0, 2, 1, 3);
      turned(«zeros(1, 28, 20, 3)»);
    `,
    'a record of two batches': wrong`
      loss(«{ x: zeros(8, 2), y: zeros(4) }»)
    `,
    'a record of two batches in a variable': wrong`
      const batch = { x: zeros(8, 2), y: zeros(4) };
      loss(«batch»);
    `,
    'a record of two batches, destructured': wrong`
      const errors = <B extends Dim>({ x, y }: { readonly x: Tensor<[B, 2]>; readonly y: Tensor<[B, 2]> }) => sub(x, y);
      errors(«{ x: zeros(8, 2), y: zeros(9, 2) }»);
    `,
    'a tuple of two batches': wrong`
      const joined = <B extends Dim>([x, y]: readonly [Tensor<[B, 2]>, Tensor<[B, 3]>]) => concat(x, y);
      joined(«[zeros(8, 2), zeros(7, 3)]»);
    `,
    'the outputs and the targets of two batches': wrong`
      const mse = <S extends Shape>(y: Tensor<S>, target: Tensor<S>) => mean(square(sub(y, target)));
      mse(«zeros(32, 10), zeros(16, 10)»);
    `,
    'two images in a function of any images': wrong`
      const mix = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>, y: Tensor<[B, ...I]>) => mul(add(x, y), 0.5);
      mix(«zeros(4, 8, 8, 1), zeros(4, 8, 9, 1)»);
    `,
    'two batches in a function of any images': wrong`
      const mix = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>, y: Tensor<[B, ...I]>) => mul(add(x, y), 0.5);
      mix(«zeros(4, 8, 8, 1), zeros(3, 8, 8, 1)»);
    `,
    'a weight for each sample of another batch': wrong`
      const weighted = <B extends Dim, I extends Shape>(w: Tensor<[B]>, x: Tensor<[B, ...I]>) => scaleBy(x, w);
      weighted(«zeros(4), zeros(8, 28, 28, 1)»);
    `,
    'the embedding of another batch': wrong`
      const film = <B extends Dim, C extends Dim>(x: Tensor<[B, 8, 8, C]>, e: Tensor<[B, C]>) => addPerSample(x, e);
      film(«zeros(4, 8, 8, 16), zeros(1, 16)»);
    `,
    'the embedding of other channels': wrong`
      const film = <B extends Dim, C extends Dim>(x: Tensor<[B, 8, 8, C]>, e: Tensor<[B, C]>) => addPerSample(x, e);
      film(«zeros(4, 8, 8, 16), zeros(4, 32)»);
    `,
    'the third of three batches': wrong`
      const lerp = <B extends Dim>(a: Tensor<[B, 2]>, b: Tensor<[B, 2]>, w: Tensor<[B]>) =>
        add(a, scaleBy(sub(b, a), w));
      lerp(«zeros(4, 2), zeros(4, 2), zeros(1)»);
    `,
    'a layer of two batches': wrong`
      const head = layer({ inner: linearLayer({ inputs: 64, outputs: 64 }) }, ({ inner }) =>
        <B extends Dim>(x: Tensor<[B, 64]>, e: Tensor<[B, 64]>) => inner(add(x, e)));
      program({ params: head.params }, ({ params }) => head.apply(params)(«zeros(2, 64), zeros(3, 64)»));
    `,
    'two images and three times': wrong`
      program({ params: network.params }, ({ params }) =>
        network.apply(params)(«zeros(2, 32, 32, 3), zerosLike(iota(3))»));
    `,
    'two images and the times of a batch': wrong`
      program({ params: network.params, t: 'B:int32' }, ({ params, t }) =>
        network.apply(params)(«zeros(2, 32, 32, 3), t»));
    `,
    'two images and three times of a model': wrong`
      const predict = <P>(model: Model<P, [28, 28, 1]>, params: P) =>
        model.apply(params, zeros(2, 28, 28, 1), { «t: iota(3)» });
    `,
    'a residual block with the embedding of another batch': wrong`
      const block = residualBlock({ inputs: 64, outputs: 64, embedding: 32, groups: 8 });
      program({ params: block.params }, ({ params }) => block.apply(params)(zeros(2, 8, 8, 64), { «embedding: zeros(3, 32)» }));
    `,
    'a residual block whose embedding is not in a record': wrong`
      const block = residualBlock({ inputs: 64, outputs: 64, embedding: 32, groups: 8 });
      program({ params: block.params }, ({ params }) => block.apply(params)(zeros(2, 8, 8, 64), «zeros(2, 32)»));
    `,
    'a residual block with a misspelt embedding': wrong`
      const block = residualBlock({ inputs: 64, outputs: 64, embedding: 32, groups: 8 });
      program({ params: block.params }, ({ params }) =>
        block.apply(params)(zeros(2, 8, 8, 64), { «embeding»: zeros(2, 32) }));
    `,
    'a function that is applied to another batch': wrong`
      const applied = <B extends Dim>(f: (x: Tensor<[B, 2]>) => Tensor<[B, 2]>, x: Tensor<[B, 2]>) => f(x);
      applied(«(x: Tensor<[4, 2]>) => x, zeros(5, 2)»);
    `,
    'the noise of another batch in a pipe': wrong`
      const noisy = <B extends Dim>(e: Tensor<[B, 64]>) => (x: Tensor<[B, 64]>) => add(x, e);
      pipe(zeros(4, 64), «noisy(zeros(5, 64))»);
    `,
    'a result of another batch': wrong`
      const «y»: Tensor<[4, 64]> = merge(zeros(5, 64), zeros(5, 64));
    `,
    'an explicit batch and another argument': wrong`
      merge<4>(zeros(4, 64), «zeros(5, 64)»)
    `,
    'a mask of another batch': wrong`
      const kept = <B extends Dim>(keep: Tensor<[B], 'bool'>, x: Tensor<[B]>) => where(keep, x, 0);
      kept(«greater(zeros(3), 0), zeros(4)»);
    `,
    'the labels of another batch': wrong`
      const accuracy = <B extends Dim>(logits: Tensor<[B, 10]>, label: Tensor<[B], 'int32'>) =>
        mean(cast(equal(argmax(logits, 1), label), 'float32'));
      accuracy(«zeros(64, 10), iota(60)»);
    `,
    'scales of another batch in the body of a function': wrong`
      const scaled = <A extends Dim, B extends Dim>(x: Tensor<[A, 8]>, s: Tensor<[B]>) => scaleBy(x, «s»);
    `,

    // right
    'one batch of numbers': right`
      const y: Tensor<[4, 64]> = merge(zeros(4, 64), ones(4, 64));
    `,
    'one symbol': right`
      program({ x: 'B 64', e: 'B 64' }, ({ x, e }): Tensor<['B', 64]> => merge(x, e))
    `,
    'a wide batch and a number': right`
      merge(zeros(Number('4'), 64), zeros(4, 64))
    `,
    'a number and a wide batch': right`
      merge(zeros(4, 64), zeros(Number('4'), 64))
    `,
    'two wide batches': right`
      merge(zeros(Number('4'), 64), zeros(Number('4'), 64))
    `,
    'a generic caller of a generic function': right`
      const twice = <N extends Dim>(x: Tensor<[N, 64]>): Tensor<[N, 64]> => merge(merge(x, x), zerosLike(x));
    `,
    'a generic caller with the half of its batch': right`
      const quarter = <N extends Dim>(x: Tensor<[N, 64]>) => {
        const [first, second] = halve(x, 0);
        return merge(first, second);
      };
    `,
    'any images, from a caller of any images': right`
      const mix = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>, y: Tensor<[B, ...I]>) => mul(add(x, y), 0.5);
      const again = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>): Tensor<[B, ...I]> => mix(mix(x, x), x);
      const y: Tensor<[4, 8, 8, 1]> = again(zeros(4, 8, 8, 1));
    `,
    'any images of a wide shape': right`
      const mix = <B extends Dim, I extends Shape>(x: Tensor<[B, ...I]>, y: Tensor<[B, ...I]>) => mul(add(x, y), 0.5);
      mix(zeros(Number('2'), 8, Number('8')), zeros(2, 8, 8));
    `,
    'a record of one batch': right`
      const y: Scalar = loss({ x: zeros(8, 2), y: zeros(8) });
    `,
    'a record of one symbol': right`
      program({ x: 'B 2', y: 'B' }, loss)
    `,
    'a list of tensors of one batch': right`
      const total = <B extends Dim>(xs: readonly Tensor<[B, 64]>[]) => xs.reduce((a, b) => add(a, b));
      const y: Tensor<[4, 64]> = total([zeros(4, 64), ones(4, 64)]);
    `,
    'a square weight': right`
      const residual = <B extends Dim, C extends Dim>(x: Tensor<[B, C]>, w: Tensor<[C, C]>) => add(x, matmul(x, w));
      const y: Tensor<[8, 64]> = residual(zeros(8, 64), zeros(64, 64));
    `,
    'the same expression of a symbol twice': right`
      program('B H W 3', (x) => {
        const same = <H extends Dim>(a: Tensor<['B', H, 'W/2', 3]>, b: Tensor<['B', H, 'W/2', 3]>) => add(a, b);
        return same(averagePool(x), maxPool(x));
      })
    `,
    'two images and two times': right`
      program({ params: network.params }, ({ params }): Tensor<[2, 32, 32, 3]> =>
        network.apply(params)(zeros(2, 32, 32, 3), iota(2)))
    `,
    'the images and the times of one symbol': right`
      program({ params: network.params, x: 'B 32 32 3', t: 'B:int32' }, ({ params, x, t }): Tensor<['B', 32, 32, 3]> =>
        network.apply(params)(x, t))
    `,
    'a function that is applied to its own batch': right`
      const applied = <B extends Dim>(f: (x: Tensor<[B, 2]>) => Tensor<[B, 2]>, x: Tensor<[B, 2]>) => f(x);
      const y: Tensor<[5, 2]> = applied((x) => tanh(x), zeros(5, 2));
    `,
    'the noise of the same batch in a pipe': right`
      const noisy = <B extends Dim>(e: Tensor<[B, 64]>) => (x: Tensor<[B, 64]>) => add(x, e);
      const y: Tensor<[4, 64]> = pipe(zeros(4, 64), noisy(ones(4, 64)));
    `,
    'two type parameters for two batches': right`
      const scores = <A extends Dim, B extends Dim>(x: Tensor<[A, 64]>, y: Tensor<[B, 64]>): Tensor<[A, B]> =>
        matmul(x, transpose(y, 1, 0));
      scores(zeros(4, 64), zeros(5, 64));
    `,
  },
  right`
    const merge = <B extends Dim>(x: Tensor<[B, 64]>, e: Tensor<[B, 64]>) => mul(x, e);
    const loss = <B extends Dim>(batch: { readonly x: Tensor<[B, 2]>; readonly y: Tensor<[B]> }) =>
      mean(square(sub(sum(batch.x, 1), batch.y)));
    const network = layer(
      {
        time: timeEmbedding({ timesteps: 1000, size: 64, outputs: 32, sinusoid: 'ddpm' }),
        block: residualBlock({ inputs: 3, outputs: 3, embedding: 32, groups: 1 }),
      },
      ({ time, block }) =>
        <B extends Dim>(x: Tensor<[B, 32, 32, 3]>, t: Times<B>): Tensor<[B, 32, 32, 3]> =>
          block(x, { embedding: silu(time(t)) }),
    );
  `,
);
