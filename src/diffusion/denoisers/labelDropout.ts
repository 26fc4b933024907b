import { bernoulliLike, fullLike, type Key, type Shape, type Tensor, where } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';

/**
 * Label dropout: replaces each label, with the given probability, by `classes`, which means no class. Trains the
 * unconditional half of classifier-free guidance (Ho & Salimans 2022, Algorithm 1).
 *
 * - `label`: any shape, int32
 *
 * A probability other than 0 for a denoiser without classes raises `ConfigError`.
 * @example
 * const model: Denoiser<null, []> = { predicts: 'v', classes: 10, apply: (_, x) => x }
 * await using nf = await open(reference())
 * await nf.run(evaluate(program({ k: 'key' }, ({ k }) => dropLabels(model, 0.5)(k)(iota(4))), {})({ k: key(7) })) // → [0, 1, 2, 10]
 */
export const dropLabels = ({ classes }: { readonly classes?: number }, probability: number) => {
  if (probability !== 0 && classes === undefined)
    raise('ConfigError', {
      where: 'label dropout',
      expected: 'a denoiser with classes',
      actual: 'one without classes',
      hint: 'give the denoiser its number of `classes`, or a probability of 0',
    });
  return (key: Key) =>
    <S extends Shape>(label: Tensor<S, 'int32'>): Tensor<S, 'int32'> =>
      probability === 0 || classes === undefined
        ? label
        : where(bernoulliLike(key, probability, label), fullLike(label, classes), label);
};
