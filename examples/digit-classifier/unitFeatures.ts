import type { Noisefold } from 'noisefold';
import { compile, div, mul, program, type Resident } from 'noisefold/dsl';
import { digitNetwork, type DigitParams, extractFeatures } from 'noisefold/evaluation';
import type { Dataset } from 'noisefold/training';

/**
 * Divides the hidden layer by a number, and multiplies the next layer by it, which does not change the logits because
 * of the ReLU.
 */
const rescaled = program(
  { params: digitNetwork.params, by: '' },
  ({ params: { hidden, output, ...convolutions }, by }): DigitParams => ({
    ...convolutions,
    hidden: { w: div(hidden.w, by), b: div(hidden.b, by) },
    output: { ...output, w: mul(output.w, by) },
  }),
);

/** The same classifier, with features whose mean square over some digits is 1, so that distances have a unit. */
export const unitFeatures = async (
  nf: Noisefold,
  params: Resident<DigitParams>,
  digits: Dataset,
): Promise<Resident<DigitParams>> => {
  const { features } = await nf.run(extractFeatures({ model: digitNetwork, params }, digits));
  const squares = Float64Array.from(features.data).reduce((sum, x) => sum + x * x, 0);
  const { run } = await nf.run(compile(rescaled, {}));
  return nf.run(run({ params, by: Float32Array.of(Math.sqrt(squares / features.data.length)) }));
};
