/** A small convolutional classifier of 28×28 digits: the default feature network of the metrics. */
import { ascribe, maxPool, maxPooling, relu, reshape, softmax, type Tensor } from '../../dsl/index.js';
import { convLayer, fanInNormal, linearLayer, type ParamsOf } from '../../nn/index.js';
import { layer } from '../../nn/layers/layer.js';

const initializer = fanInNormal(2); // keeps the variance of activations after a ReLU

const parts = {
  first: convLayer({ inputs: 1, outputs: 16, initializer }),
  second: convLayer({ inputs: 16, outputs: 32, initializer }),
  third: convLayer({ inputs: 32, outputs: 64, initializer }),
  hidden: linearLayer({ inputs: 576, outputs: 64, initializer }),
  output: linearLayer({ inputs: 64, outputs: 10 }),
};

/** The parameters of {@link digitNetwork}: 60,874 numbers. */
export type DigitParams = ParamsOf<typeof parts>;

/**
 * Three convolutions with max-pooling, a hidden layer and an output layer: digits `[B, 28, 28, 1]` in [-1, 1] → the
 * hidden layer as `features: [B, 64]`, `logits` and `probabilities: [B, 10]`. Its trained parameters are those of
 * `digitClassifier`.
 * @example
 * digitNetwork.params.leaves.map(({ path }) => path).slice(0, 2) // → ['first.kernel', 'first.bias']
 */
export const digitNetwork = {
  image: [28, 28, 1] as const,
  ...layer(parts, ({ first, second, third, hidden, output }) => (digits: Tensor<['B', 28, 28, 1]>) => {
    const quarter = maxPool(relu(second(maxPool(relu(first(digits)))))); // [B, 7, 7, 32]
    const squares = maxPooling(relu(third(quarter)), { window: [2, 2] }); // [B, 3, 3, 64]; row 7 and column 7 are border
    const features = relu(hidden(ascribe(reshape(squares, -1, 576), 'B', 576)));
    const logits = output(features);
    return { features, logits, probabilities: softmax(logits) };
  }),
};
