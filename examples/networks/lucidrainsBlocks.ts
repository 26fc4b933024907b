/** The blocks of the U-Net in `lucidrains.ts`. */
import {
  add,
  addPerSample,
  type Dim,
  halve,
  mulPerSample,
  pixelUnshuffle,
  silu,
  type Tensor,
  upsample,
} from 'noisefold/dsl';
import { convLayer, layer, linearLayer } from 'noisefold/nn';
import { type Images, norm } from './linearAttention.js';

/** `[B, E]` */
export type Vectors = Tensor<[Dim, Dim]>;

/** Convolution, norm and SiLU; the halves of `y: [B, 2·D]` scale and shift the norm. */
const block = (inputs: number, outputs: number) =>
  layer(
    { conv: convLayer({ inputs, outputs }), norm: norm(outputs) },
    ({ conv, norm }) =>
      (x: Images, y?: Vectors): Images => {
        const h = norm(conv(x));
        if (y === undefined) return silu(h);
        const [scale, shift] = halve(y);
        return silu(addPerSample(mulPerSample(h, add(1, scale)), shift));
      },
  );

/** Two blocks and a shortcut, for an embedding of length E. */
export const residual = (inputs: number, outputs: number, E: number) =>
  layer(
    {
      projection: linearLayer({ inputs: E, outputs: 2 * outputs }),
      first: block(inputs, outputs),
      second: block(outputs, outputs),
      skip: inputs === outputs ? undefined : convLayer({ inputs, outputs, size: 1 }),
    },
    ({ projection, first, second, skip }) =>
      (x: Images, e: Vectors): Images =>
        add(second(first(x, projection(silu(e)))), skip === undefined ? x : skip(x)),
  );

/** Half the size: 2×2 pixels become channels, and a 1×1 convolution mixes them. */
export const shrink = (inputs: number, outputs: number) =>
  layer(
    { conv: convLayer({ inputs: 4 * inputs, outputs, size: 1 }) },
    ({ conv }) =>
      (x: Images): Images =>
        conv(pixelUnshuffle(x, 2)),
  );

/** Twice the size, or the same for `times` 1, and a 3×3 convolution. */
export const convolved = (inputs: number, outputs: number, times: 1 | 2) =>
  layer(
    { conv: convLayer({ inputs, outputs }) },
    ({ conv }) =>
      (x: Images): Images =>
        conv(times === 2 ? upsample(x) : x),
  );
