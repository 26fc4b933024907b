/**
 * Network R (3×32×32, 64 channels, multipliers 1, 2, 2, two residual blocks, attention at 16, 6.47 M parameters)
 * written by hand as a tfjs user would, with eager execution.
 */
import * as tf from '@tensorflow/tfjs-core';

type T4 = tf.Tensor4D;
type Block = (x: T4, e: tf.Tensor2D) => T4;

export interface EagerUnet {
  /** One forward pass of a batch; reads the result. */
  readonly forward: () => Promise<void>;
  /** The loss and its gradients by all parameters, by tf.variableGrads; the loss is read back. */
  readonly gradients: () => Promise<void>;
  /** The same with Adam and a moving average of the parameters. */
  readonly step: () => Promise<void>;
  readonly parameters: number;
}

const GROUPS = 8;
const HEADS = 4;
const MULTIPLIERS = [1, 2, 2] as const;
const BLOCKS = 2;

export const eagerUnet = (batch: number, base = 64): EagerUnet => {
  let parameters = 0;
  const weights: tf.Variable[] = [];
  const embedding = base * 4;
  const parameter = <T extends tf.Tensor>(shape: number[]): T => {
    parameters += shape.reduce((a, b) => a * b, 1);
    const weight = tf.tidy(() => tf.variable(tf.mul(tf.randomNormal(shape), 0.05)));
    weights.push(weight);
    return weight as tf.Tensor as T;
  };
  const conv = (from: number, to: number, size = 3, stride = 1): ((x: T4) => T4) => {
    const w = parameter<T4>([size, size, from, to]);
    const b = parameter<tf.Tensor1D>([to]);
    return (x) => tf.add(tf.conv2d(x, w, stride, 'same'), b);
  };
  const linear = (from: number, to: number): ((x: tf.Tensor2D) => tf.Tensor2D) => {
    const w = parameter<tf.Tensor2D>([from, to]);
    const b = parameter<tf.Tensor1D>([to]);
    return (x) => tf.add(tf.matMul(x, w), b);
  };
  const groupNorm = (channels: number): ((x: T4) => T4) => {
    const gamma = parameter<tf.Tensor1D>([channels]);
    const beta = parameter<tf.Tensor1D>([channels]);
    return (x) => {
      const [n, h, w, c] = x.shape;
      const grouped = tf.reshape(x, [n, h * w, GROUPS, c / GROUPS]);
      const { mean, variance } = tf.moments(grouped, [1, 3], true);
      const normal = tf.mul(tf.sub(grouped, mean), tf.rsqrt(tf.add(variance, 1e-5)));
      return tf.add(tf.mul(tf.reshape(normal, [n, h, w, c]), gamma), beta);
    };
  };
  const silu = <T extends tf.Tensor>(x: T): T => tf.mul(x, tf.sigmoid(x));
  const residual = (from: number, to: number): Block => {
    const norm1 = groupNorm(from);
    const conv1 = conv(from, to);
    const time = linear(embedding, to);
    const norm2 = groupNorm(to);
    const conv2 = conv(to, to);
    const skip = from === to ? (x: T4): T4 => x : conv(from, to, 1);
    return (x, e) => {
      const h: T4 = tf.add(conv1(silu(norm1(x))), tf.reshape(time(silu(e)), [-1, 1, 1, to]));
      return tf.add(skip(x), conv2(silu(norm2(h))));
    };
  };
  const attention = (channels: number): ((x: T4) => T4) => {
    const norm = groupNorm(channels);
    const toQkv = conv(channels, 3 * channels, 1);
    const project = conv(channels, channels, 1);
    const d = channels / HEADS;
    return (x) => {
      const [b, h, w, c] = x.shape;
      const split = tf.transpose(tf.reshape(toQkv(norm(x)), [b, h * w, 3, HEADS, d]), [2, 0, 3, 1, 4]);
      const [q, k, v] = tf.unstack(split, 0) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(d)));
      return tf.add(x, project(tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [b, h, w, c])));
    };
  };
  const attended = (block: Block, attend: ((x: T4) => T4) | null): Block =>
    attend === null ? block : (x, e) => attend(block(x, e));

  const time1 = linear(base, embedding);
  const time2 = linear(embedding, embedding);
  const first = conv(3, base);
  const down: Block[] = [];
  const channels = [base];
  let c = base;
  let size = 32;
  MULTIPLIERS.forEach((m, level) => {
    for (let block = 0; block < BLOCKS; block++) {
      down.push(attended(residual(c, base * m), size === 16 ? attention(base * m) : null));
      c = base * m;
      channels.push(c);
    }
    if (level < MULTIPLIERS.length - 1) {
      const half = conv(c, c, 3, 2);
      down.push((x) => half(x));
      channels.push(c);
      size /= 2;
    }
  });
  const middle = [residual(c, c), attended((x) => x, attention(c)), residual(c, c)];
  const up: { readonly skip: boolean; readonly block: Block }[] = [];
  [...MULTIPLIERS].reverse().forEach((m, fromBelow) => {
    for (let block = 0; block <= BLOCKS; block++) {
      const from = c + channels.pop()!;
      up.push({
        skip: true,
        block: attended(residual(from, base * m), size === 16 ? attention(base * m) : null),
      });
      c = base * m;
    }
    if (fromBelow < MULTIPLIERS.length - 1) {
      const after = conv(c, c);
      up.push({
        skip: false,
        block: (x) => after(tf.image.resizeNearestNeighbor(x, [x.shape[1] * 2, x.shape[2] * 2])),
      });
      size *= 2;
    }
  });
  const lastNorm = groupNorm(c);
  const last = conv(c, 3);
  const frequencies = tf.keep(
    tf.tensor1d(Array.from({ length: base / 2 }, (_, i) => Math.exp((-Math.log(10000) * i) / (base / 2)))),
  );

  const apply = (x: T4, t: tf.Tensor1D): T4 =>
    tf.tidy(() => {
      const angles = tf.mul(tf.reshape(t, [-1, 1]), frequencies);
      const e = time2(silu(time1(tf.concat([tf.sin(angles), tf.cos(angles)], 1) as tf.Tensor2D)));
      let h = first(x);
      const skips = [h];
      for (const block of down) {
        h = block(h, e);
        skips.push(h);
      }
      for (const block of middle) h = block(h, e);
      for (const { skip, block } of up) h = block(skip ? tf.concat([h, skips.pop()!], 3) : h, e);
      return last(silu(lastNorm(h)));
    });

  const x = tf.keep(tf.randomNormal<tf.Rank.R4>([batch, 32, 32, 3]));
  const t = tf.keep(tf.mul<tf.Tensor1D>(tf.ones([batch]), 500));

  // made on demand: three times the memory of the parameters
  const adam = tf.train.adam(1e-4);
  let averages: readonly tf.Variable[] | null = null;
  const lossAndGradients = () =>
    tf.variableGrads(() => tf.mean(tf.square(tf.sub(apply(x, t), x))) as tf.Scalar, weights);

  return {
    parameters,
    gradients: async () => {
      const { value, grads } = lossAndGradients();
      await value.data(); // completes after everything submitted before
      tf.dispose([value, grads]);
    },
    step: async () => {
      averages ??= weights.map((weight) => tf.variable(weight, false));
      const { value, grads } = lossAndGradients();
      adam.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      averages.forEach((average, i) =>
        tf.tidy(() => average.assign(tf.add(tf.mul(average, 0.999), tf.mul(weights[i]!, 0.001)))),
      );
      await value.data();
      tf.dispose([value, grads]);
    },
    forward: async () => {
      const y = apply(x, t);
      await y.data();
      y.dispose();
    },
  };
};
