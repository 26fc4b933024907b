/** Changes of the inputs, the parameters and the prediction of a denoiser. */
import type { Dim, Shape, Tensor } from '../../dsl/index.js';
import { F } from '../../internal/fp.js';
import type { Conditioning, Denoiser, Guides } from './denoiser.js';

/** A change of a denoiser's inputs and prediction. */
export interface DenoiserChange<P, Q, I extends Shape> {
  /** The parameters of the old denoiser from those of the new one. */
  readonly params: (params: Q) => P;
  /** The conditioning of the old denoiser from that of the new one; the same if left out. */
  readonly at?: <B extends Dim>(at: Conditioning<B>) => Conditioning<B>;
  /** The prediction of the new denoiser from its conditioning, x_t and the old prediction; the same if left out. */
  readonly prediction?: <B extends Dim>(
    at: Conditioning<B>,
    x: Tensor<[NoInfer<B>, ...I]>,
  ) => (prediction: Tensor<[B, ...I]>) => Tensor<[B, ...I]>;
}

/**
 * Changes a denoiser's inputs and prediction, in `apply`, `learned` and `recurrent`. A learned variance stays the same.
 * @example
 * const denoiser: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => x }
 * const twice = mapDenoiser<null, object, []>({ params: () => null, prediction: () => (p) => mul(p, 2) })(denoiser)
 * twice.apply({}, ones(1), { t: iota(1) }) // → [2]
 */
export const mapDenoiser =
  <P, Q, I extends Shape>({
    params: part,
    at: inputsOf = (at) => at,
    prediction: predictionOf,
  }: DenoiserChange<P, Q, I>) =>
  ({
    apply,
    perturbed,
    unguided,
    renoise,
    learned,
    recurrent,
    guides,
    ...denoiser
  }: Denoiser<P, I>): Denoiser<Q, I> => {
    const changed = <B extends Dim, O extends { readonly prediction: Tensor<[B, ...I]> }>(
      at: Conditioning<B>,
      x: Tensor<[NoInfer<B>, ...I]>,
      outputs: O,
    ): O => (predictionOf ? { ...outputs, prediction: predictionOf(at, x)(outputs.prediction) } : outputs);
    const mapped =
      (predict: Denoiser<P, I>['apply']): Denoiser<Q, I>['apply'] =>
      (params, x, at) =>
        changed(at, x, { prediction: predict(part(params), x, inputsOf(at)) }).prediction;
    return {
      ...denoiser,
      ...(guides && { guides: mapGuides(guides, part, inputsOf) }),
      apply: mapped(apply),
      ...(perturbed && { perturbed: mapped(perturbed) }),
      ...(unguided && { unguided: mapped(unguided) }),
      ...(renoise && { renoise: mapped(renoise) }),
      ...(learned && {
        learned: {
          as: learned.as,
          apply: (params, x, at) => changed(at, x, learned.apply(part(params), x, inputsOf(at))),
        },
      }),
      ...(recurrent && {
        recurrent: {
          memory: recurrent.memory,
          apply: (params, x, at, memory) => changed(at, x, recurrent.apply(part(params), x, inputsOf(at), memory)),
        },
      }),
    };
  };

/** Changes the inputs of guides. */
const mapGuides = <P, Q, I extends Shape>(
  { score, mean }: Guides<P, I>,
  part: (params: Q) => P,
  inputsOf: <B extends Dim>(at: Conditioning<B>) => Conditioning<B>,
): Guides<Q, I> => ({
  ...(score && { score: (params, x, at) => score(part(params), x, inputsOf(at)) }),
  ...(mean && { mean: (params, x, at, of) => mean(part(params), x, inputsOf(at), of) }),
});

/** Makes a denoiser ignore the conditions that it does not take. */
export const ignoreOthers = <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
  const { conditions = {} } = denoiser;
  return mapDenoiser<P, P, I>({
    params: F.identity,
    at: ({ conditions: values = {}, ...at }) => ({
      ...at,
      conditions: Object.fromEntries(Object.entries(values).filter(([name]) => name in conditions)),
    }),
  })(denoiser);
};

/**
 * Turns off the dropout of a denoiser, as in sampling.
 * @example
 * const dropping: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   apply: (_, x, { dropout }) => (dropout === undefined ? x : zerosLike(x)),
 * }
 * const prediction = program('key', (dropout) => withoutDropout(dropping).apply(null, ones(1), { t: iota(1), dropout }))
 * await using nf = await open(reference())
 * await nf.run(evaluate(prediction, {})(key(7))) // → [1]
 */
export const withoutDropout = <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> =>
  mapDenoiser<P, P, I>({ params: F.identity, at: ({ dropout: _, ...at }) => at })(denoiser);

/**
 * A denoiser that selects its parameters from a larger record, such as a guided denoiser's, which includes the guide's parameters.
 * @example
 * const scaled: Denoiser<number, []> = { predicts: 'x0', apply: (p, x) => mul(x, p) }
 * const second = overParams((both: readonly [number, number]) => both[1])(scaled)
 * second.apply([2, 3], ones(1), { t: iota(1) }) // → [3]
 */
export const overParams =
  <Q, P>(part: (params: Q) => P) =>
  <I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<Q, I> =>
    mapDenoiser<P, Q, I>({ params: part })(denoiser);
