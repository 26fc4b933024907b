/** A diffusion transformer of twelve blocks as a program, with literal and with wide extents (Peebles & Xie 2023). */

const BLOCKS = 12;

/** The extents of a network as TypeScript: as arguments, and in types. */
export interface ExtentTexts {
  readonly size: string;
  readonly rows: string;
  readonly channels: string;
  readonly width: string;
  /** The width of the hidden layer of each block. */
  readonly hidden: string;
  /** `n` times the width, or the numbers of a patch. */
  readonly times: (n: number) => string;
  readonly patch: string;
}

interface Extents {
  readonly value: ExtentTexts;
  readonly type: ExtentTexts;
}

const literal: ExtentTexts = {
  ...{ size: '32', rows: '16', channels: '4', width: '384', hidden: '1536', patch: '16' },
  times: (n) => `${384 * n}`,
};

/** Literals, as in a network whose extents are known. */
export const LITERAL: Extents = { value: literal, type: literal };

/** Numbers that only a configuration knows; the patches and the heads stay literal. */
export const WIDE: Extents = {
  value: {
    ...{ size: 'size', rows: 'rows', channels: 'channels', width: 'width', hidden: 'hidden' },
    ...{ times: (n) => `${n} * width`, patch: '4 * channels' },
  },
  type: {
    ...{ size: 'Dim', rows: 'Dim', channels: 'Dim', width: 'Dim', hidden: 'Dim' },
    ...{ times: () => 'Dim', patch: 'Dim' },
  },
};

/** The imports, and the numbers of a configuration. */
export const START = `import {
  add, addBias, addPerSample, attention, conv2d, type Dim, gelu, layerNorm, mulPerSample, ones, rearrange, silu, split,
  type Tensor, vmap, zeros,
} from 'noisefold/dsl';
import {
  allZeros, classEmbedding, fanInUniform, layer, linearLayer, normalOf, parameter, timeEmbedding,
} from 'noisefold/nn';
declare const size: number, rows: number, channels: number, width: number, hidden: number;
void [size, rows, channels, width, hidden];
`;

const list = (text: string, count: number): string => Array.from({ length: count }, () => text).join(', ');

const normText = ({ value }: Extents): string =>
  `const norm = { gamma: ones(${value.width}), beta: zeros(${value.width}) };\n`;

/** A block with adaptive layer norm: attention and two affine maps, each a gated residual. */
const blockText = (i: number, { value, type }: Extents): string => `
const block${i} = layer(
  {
    modulation: linearLayer({ inputs: ${value.width}, outputs: ${value.times(6)}, initializer: allZeros }),
    qkv: linearLayer({ inputs: ${value.width}, outputs: ${value.times(3)} }),
    output: linearLayer({ inputs: ${value.width}, outputs: ${value.width} }),
    wide: linearLayer({ inputs: ${value.width}, outputs: ${value.hidden} }),
    narrow: linearLayer({ inputs: ${value.hidden}, outputs: ${value.width} }),
  },
  ({ modulation, qkv, output, wide, narrow }) =>
    <B extends Dim>(
      x: Tensor<[B, ${type.rows}, ${type.rows}, ${type.width}]>,
      e: Tensor<[B, ${type.width}]>,
    ): Tensor<[B, ${type.rows}, ${type.rows}, ${type.width}]> => {
      const [shift, scale, gate, shift2, scale2, gate2] = split(modulation(silu(e)), [${list(value.width, 6)}]);
      const seen = addPerSample(mulPerSample(layerNorm(x, norm), add(1, scale)), shift);
      const [q, k, v] = split(qkv(seen), [${list(value.width, 3)}]);
      const h = add(x, mulPerSample(output(attention(q, k, v, { heads: 6 })), gate));
      const read = addPerSample(mulPerSample(layerNorm(h, norm), add(1, scale2)), shift2);
      return add(h, mulPerSample(narrow(gelu(wide(read))), gate2));
    },
);
`;

const networkText = ({ value, type }: Extents, names: readonly string[]): string => `
const transformer = layer(
  {
    time: timeEmbedding({ timesteps: 1000, size: 256, outputs: ${value.width}, sinusoid: 'ddpm' }),
    ofClass: classEmbedding({ classes: 10, outputs: ${value.width} }),
    kernel: parameter(fanInUniform(), 2, 2, ${value.channels}, ${value.width}),
    bias: parameter(allZeros, ${value.width}),
    position: parameter(normalOf(0.02), ${value.rows}, ${value.rows}, ${value.width}),
    ${names.map((name) => `${name},`).join(' ')}
    modulation: linearLayer({ inputs: ${value.width}, outputs: ${value.times(2)}, initializer: allZeros }),
    output: linearLayer({ inputs: ${value.width}, outputs: ${value.patch}, initializer: allZeros }),
  },
  ({ time, ofClass, kernel, bias, position, ${names.join(', ')}, modulation, output }) =>
    <B extends Dim>(
      image: Tensor<[B, ${type.size}, ${type.size}, ${type.channels}]>,
      t: Tensor<[B], 'int32'>,
      label: Tensor<[B], 'int32'>,
    ): Tensor<[B, ${type.size}, ${type.size}, ${type.channels}]> => {
      const e = add(time(t), ofClass(label));
      const patches = addBias(conv2d(image, kernel, { strides: [2, 2], padding: 'valid' }), bias);
      const x = vmap((patch: typeof position) => add(patch, position))(patches);
${names.map((name, i) => `      const x${i} = ${name}(${i === 0 ? 'x' : `x${i - 1}`}, e);`).join('\n')}
      const [shift, scale] = split(modulation(silu(e)), [${list(value.width, 2)}]);
      const y = addPerSample(mulPerSample(layerNorm(x${names.length - 1}, norm), add(1, scale)), shift);
      return rearrange(output(y), 'B H W (p q C) -> B (H p) (W q) C', { p: 2, q: 2 });
    },
);
void transformer;
`;

/** The network with all its definitions. Each block is written out. */
export const transformerText = (extents: Extents): string => {
  const names = Array.from({ length: BLOCKS }, (_, i) => `block${i}`);
  const blocks = names.map((_, i) => blockText(i, extents)).join('');
  return START + normText(extents) + blocks + networkText(extents, names);
};
