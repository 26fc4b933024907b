/**
 * The U-Net of denoising-diffusion-pytorch (Wang 2020–2024): RMS norms, pixel-unshuffle downsampling, and linear
 * attention (Shen et al. 2021) with learned tokens.
 */
import { ascribeLike, concat, type Dim, gelu, sinusoid, type Tensor } from 'noisefold/dsl';
import { convLayer, layer, linearLayer } from 'noisefold/nn';
import { fullAttention, type Heads, type Images, linearAttention } from './linearAttention.js';
import { convolved, residual, shrink, type Vectors } from './lucidrainsBlocks.js';

/** The sinusoid of times, linear, GELU, linear: `[B]` → `[B, E]`. */
const timeEmbedding = (size: number, E: number) =>
  layer(
    { hidden: linearLayer({ inputs: size, outputs: E }), output: linearLayer({ inputs: E, outputs: E }) },
    ({ hidden, output }) =>
      (t: Tensor<[Dim]>): Vectors =>
        output(gelu(hidden(sinusoid(t, { size, sinusoid: 'ddpm' })))),
  );

/** Images, and the images of the encoder that the decoder joins, the last ones first. */
interface Encoded {
  readonly h: Images;
  readonly skips: readonly Images[];
}

export interface LucidrainsConfig extends Heads {
  readonly channels: number;
  readonly base: number;
  readonly multipliers: readonly number[];
}

/** A U-Net with full attention in the last level: `x: [B, H, W, channels]` and times `t: [B]` → images like x. */
export const lucidrainsUnet = ({ channels, base, multipliers, ...heads }: LucidrainsConfig) => {
  const widths = [base, ...multipliers.map((m) => m * base)];
  const [last, E] = [multipliers.length - 1, 4 * base];
  const blocks = (inputs: number, outputs: number, level: number) => ({
    first: residual(inputs, outputs, E),
    second: residual(inputs, outputs, E),
    attention: (level === last ? fullAttention : linearAttention)(outputs, heads),
  });
  const levels = multipliers.map((_, l) => {
    const [outer, inner] = [widths[l]!, widths[l + 1]!];
    return {
      down: blocks(outer, outer, l),
      shrink: l === last ? convolved(outer, inner, 1) : shrink(outer, inner),
      up: blocks(inner + outer, inner, l), // joined with the images of the encoder
      enlarge: convolved(inner, outer, l === 0 ? 1 : 2),
    };
  });
  const parts = {
    time: timeEmbedding(base, E),
    input: convLayer({ inputs: channels, outputs: base, size: 7 }),
    levels,
    middle: blocks(widths.at(-1)!, widths.at(-1)!, last),
    last: residual(2 * base, base, E),
    output: convLayer({ inputs: base, outputs: channels, size: 1 }),
  };
  return layer(
    parts,
    ({ time, input, levels, middle, last, output }) =>
      <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
        x: Tensor<[B, H, W, C]>,
        t: Tensor<[NoInfer<B>]>,
      ): typeof x => {
        const [images, e]: [Images, Vectors] = [x, time(t)];
        const first = input(images);
        const encoded = levels.reduce<Encoded>(
          ({ h, skips }, { down, shrink }) => {
            const a = down.first(h, e);
            const b = down.attention(down.second(a, e));
            return { h: shrink(b), skips: [b, a, ...skips] };
          },
          { h: first, skips: [] },
        );
        const lowest = middle.second(middle.attention(middle.first(encoded.h, e)), e);
        const decoded = levels.toReversed().reduce((h, { up, enlarge }, i) => {
          const [b, a] = encoded.skips.slice(2 * i);
          return enlarge(up.attention(up.second(concat(up.first(concat(h, b!), e), a!), e)));
        }, lowest);
        return ascribeLike(output(last(concat(decoded, first), e)), x);
      },
  );
};
