/** Dtypes: numbers, integers, conditions and keys. */
import { group, right, wrong } from './program.js';

export const dtypes = group('dtypes', {
  // wrong
  'an integer added to a number': wrong`
    add(zeros(8), «iota(8)»)
  `,
  'a number added to an integer': wrong`
    add(iota(8), «zeros(8)»)
  `,
  'integers in a pipe of numbers': wrong`
    pipe(zeros(8), (x) => mul(x, «iota(8)»))
  `,
  'the exponential of integers': wrong`
    exp(«iota(8)»)
  `,
  'the exponential of integers in a pipe': wrong`
    pipe(iota(8), «exp»)
  `,
  'the mean of integers': wrong`
    mean(«iota(8)»)
  `,
  'the accuracy as the mean of conditions': wrong`
    const accuracy = (logits: Tensor<[8, 10]>, labels: Tensor<[8], 'int32'>) => mean(«equal(argmax(logits, 1), labels)»);
  `,
  'numbers as a condition': wrong`
    where(«zeros(8)», ones(8), zeros(8))
  `,
  'branches of two dtypes': wrong`
    where(greater(zeros(8), 0), zeros(8), «iota(8)»)
  `,
  'numbers joined by and': wrong`
    and(greater(zeros(8), 0), «ones(8)»)
  `,
  'the negation of numbers': wrong`
    not(«zeros(8)»)
  `,
  'conditions that are summed': wrong`
    sum(«greater(zeros(8), 0)»)
  `,
  'an index of numbers': wrong`
    gather(zeros(10, 4), «zeros(8)»)
  `,
  'labels of numbers, as one-hot vectors': wrong`
    oneHot(«zeros(8)», 10)
  `,
  'labels compared with the numbers of a softmax': wrong`
    const right = (logits: Tensor<[8, 10]>, labels: Tensor<[8], 'int32'>) => equal(max(logits, 1), «labels»);
  `,
  'numbers for timesteps': wrong`
    const network = <B extends Dim>(x: Tensor<[B, 4]>, t: Tensor<[B], 'int32'>) => x;
    network(zeros(8, 4), «zeros(8)»);
  `,
  'integers for a linear layer': wrong`
    const dense = linearLayer({ inputs: 8, outputs: 2 });
    program({ params: dense.params, x: 'B 8:int32' }, ({ params, x }) => dense.apply(params)(«x»));
  `,
  'a cast to an unknown dtype': wrong`
    cast(zeros(8), «'float16'»)
  `,
  'a key of the host where a staged key belongs': wrong`
    normal(«key(7)», 8, 4)
  `,
  'a key of the host in a pipe': wrong`
    pipe(key(7), «normal(8, 4)»)
  `,
  'a seed where a key belongs': wrong`
    program('B 4', (x) => dropout(x, 0.1, «7»))
  `,
  'a seed for the key of a sampling': wrong`
    sample({ solver: ddim(), «key: 7», count: 2 })
  `,
  'a staged key where one of the host belongs': wrong`
    program({ k: 'key' }, ({ k }) => sample({ solver: ddim(), «key: k», count: 2 }))
  `,
  'a key that is added to numbers': wrong`
    program({ k: 'key', x: '4' }, ({ k, x }) => add(x, «k»))
  `,
  'a key in an input of numbers': wrong`
    const noisy = program({ x: '4', k: 'key' }, ({ x, k }) => add(x, normalLike(k, x)));
    evaluate(noisy, {})({ x: new Float32Array(4), «k: new Float32Array(2)» });
  `,
  'tensors of two dtypes concatenated': wrong`
    concat(zeros(8, 2), «expandDims(iota(8), 1)»)
  `,
  'integers in a tree of numbers': wrong`
    const embedded = ({ w, b }: { readonly w: Tensor<[4, 2]>; readonly b: Tensor<[2]> }) => addBias(w, b);
    embedded({ w: zeros(4, 2), «b: iota(2)» });
  `,
  'a range of random integers as numbers': wrong`
    const noise = (k: Key): Tensor<[8]> => «randint(k, 0, 9, 8)»;
  `,

  // right
  'integers cast to numbers': right`
    const y: Tensor<[8]> = add(zeros(8), cast(iota(8), 'float32'));
  `,
  'the accuracy of a classifier': right`
    const accuracy = <B extends Dim>(logits: Tensor<[B, 10]>, labels: Tensor<[B], 'int32'>): Scalar =>
      mean(cast(equal(argmax(logits, 1), labels), 'float32'));
    accuracy(zeros(8, 10), iota(8));
  `,
  'a condition and a number': right`
    const relu6 = <S extends Shape>(x: Tensor<S>): Tensor<S> => where(greater(x, 6), 6, x);
    relu6(zeros(2, 3));
  `,
  'sums of integers': right`
    program('key', (k): Tensor<[2], 'int32'> => sum(add(randint(k, 0, 9, 2, 3), 1), 1))
  `,
  'timesteps that are numbers or integers': right`
    const time = timeEmbedding({ timesteps: 1000, size: 8, outputs: 16, sinusoid: 'ddpm' });
    program({ params: time.params, t: 'B:int32', s: 'B' }, ({ params, t, s }): Tensor<['B', 16]> =>
      add(time.apply(params)(t), time.apply(params)(s)))
  `,
  'keys that are forked': right`
    program({ k: 'key' }, ({ k }) => {
      const { noise, mask } = fork(k, 'noise', 'mask');
      return where(bernoulli(mask, 0.5, 8), normal(noise, 8), 0);
    })
  `,
  'a key of the host as an input': right`
    const noisy = program({ x: '4', k: 'key' }, ({ x, k }) => add(x, normalLike(k, x)));
    evaluate(noisy, {})({ x: new Float32Array(4), k: key(7) });
  `,
  'a function of every dtype': right`
    const rows = <D extends DType>(x: Tensor<[8, 4], D>): Tensor<[4, 8], D> => transpose(x, 1, 0);
    const y: Tensor<[4, 8], 'bool'> = rows(greater(zeros(8, 4), 0));
  `,
  'a condition on the host': right`
    const y: Tensor<[8]> = Number('1') > 0 ? zeros(8) : ones(8);
  `,
});
