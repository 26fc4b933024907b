import { expect, test } from 'vitest';
import { hovers6 } from './compilers.js';

const image = 'Tensor<["B", 32, 32, 3], "float32">';
const halves = 'readonly [Tensor<["B", "H", "W", "C/2"], "float32">, Tensor<["B", "H", "W", "C/2"], "float32">]';
const pooled = 'Tensor<["B", "H/2", "W/2", "C"], "float32">';
const film = 'Tensor<["B", 32, 32, 64], "float32">';

/** Constants, each with the type that an editor shows for it. */
const shown: Readonly<Record<string, readonly [code: string, type: string]>> = {
  made: ['zeros(8, 32, 32, 64)', 'Tensor<[8, 32, 32, 64], "float32">'],
  counted: ['iota(10)', 'Tensor<[10], "int32">'],
  drawn: ['normal(key, 8, 64)', 'Tensor<[8, 64], "float32">'],
  drawnPiped: ['pipe(key, normal(8, 64))', 'Tensor<[8, 64], "float32">'],
  convolved: ['conv2d(image, kernel)', 'Tensor<["B", 32, 32, 64], "float32">'],
  convolvedPiped: ['pipe(image, conv2d(kernel), silu)', 'Tensor<["B", 32, 32, 64], "float32">'],
  wide: ['conv2d(image, kernel, { strides: [2, 2] })', 'Tensor<["B", 16, 16, 64], "float32">'],
  widePiped: ['pipe(image, conv2d(kernel, { strides: [2, 2] }))', 'Tensor<["B", 16, 16, 64], "float32">'],
  joined: ['concat(image, image)', 'Tensor<["B", 32, 32, 6], "float32">'],
  joinedPiped: ['pipe(image, concat(image))', 'Tensor<["B", 32, 32, 6], "float32">'],
  pooled: ['averagePool(symbols)', pooled],
  pooledPiped: ['pipe(symbols, averagePool)', pooled],
  doubled: ['pipe(symbols, averagePool, upsample)', 'Tensor<["B", "H", "W", "C"], "float32">'],
  padded: ['pad(image, 1, 2, 2)', 'Tensor<["B", 36, 32, 3], "float32">'],
  paddedPiped: ['pipe(image, pad(1, 2, 2))', 'Tensor<["B", 36, 32, 3], "float32">'],
  summed: ['sum(image, [1, 2])', 'Tensor<["B", 3], "float32">'],
  summedPiped: ['pipe(image, sum([1, 2]))', 'Tensor<["B", 3], "float32">'],
  turned: ['transpose(image, 0, 3, 1, 2)', 'Tensor<["B", 3, 32, 32], "float32">'],
  turnedPiped: ['pipe(image, transpose(0, 3, 1, 2))', 'Tensor<["B", 3, 32, 32], "float32">'],
  stacked: ['stack([image, image])', 'Tensor<[2, "B", 32, 32, 3], "float32">'],
  difference: ['sub(image, image)', image],
  chosen: ['topK(symbols, 2)', 'TopK<["B", "H", "W"], 2, "float32">'],
  chosenPiped: ['pipe(symbols, topK(2))', 'TopK<["B", "H", "W"], 2, "float32">'],
  contracted: ["einsum(image, image, 'bhwc,bhwd->bcd')", 'Tensor<["B", 3, 3], "float32">'],
  contractedPiped: ["pipe(image, einsum(image, 'bhwc,bhwd->bcd'))", 'Tensor<["B", 3, 3], "float32">'],
  halves: ['halve(symbols)', halves],
  halvesPiped: ['pipe(symbols, halve())', halves],
  parts: [
    'split(image, [1, 2])',
    'readonly [Tensor<["B", 32, 32, 1], "float32">, Tensor<["B", 32, 32, 2], "float32">]',
  ],
  partsPiped: [
    'pipe(image, split([1, 2]))',
    'readonly [Tensor<["B", 32, 32, 1], "float32">, Tensor<["B", 32, 32, 2], "float32">]',
  ],
  // layers
  linear: ['linearLayer({ inputs: 3, outputs: 64 })', 'LinearLayer<3, 64>'],
  convolution: ['convLayer({ inputs: 3, outputs: 64 })', 'ConvLayer<3, 64>'],
  block: ['residualBlock({ inputs: 64, outputs: 128, embedding: 256, groups: 8 })', 'ResidualBlock<64, 128, 256>'], // oxfmt-ignore
  configured: ['residualBlock({ inputs: 64, outputs: width, embedding: 256, groups: 8 })', 'ResidualBlock<64, Dim, 256>'], // oxfmt-ignore
  attends: ['attentionBlock({ channels: 64, heads: 2, groups: 8 })', 'AttentionBlock<64>'],
  shrinks: ['downsampleLayer({ channels: 64 })', 'DownsampleLayer<64>'],
  embedded: ["timeEmbedding({ timesteps: 10, size: 64, outputs: 256, sinusoid: 'ddpm' })", 'TimeEmbedding<256>'],
  weights: ['parameter(allZeros, 3, 64)', 'Layer<Tensor<[3, 64], "float32">, Tensor<[3, 64], "float32">>'],
  network: [
    'layer({ conv: convolution, norm: groupNormLayer({ channels: 64, groups: 8 }) }, ({ conv, norm }) => (x: typeof image) => norm(conv(x)))',
    `Layer<{
    readonly conv: ConvParams<3, 64>;
    readonly norm: ScaleAndShift<64>;
}, (x: typeof image) => ${film}>`,
  ],
  applied: ['network.apply(params)(image)', film],
  checked: ['unet({ image: [32, 32, 3], base: 8, multipliers: [1, 2] })', 'Either<NoisefoldError, UNet<[32, 32, 3], {}>>'], // oxfmt-ignore
};

const program = `
import { pipe } from 'fp-ts/function';
import {
  averagePool, concat, conv2d, einsum, halve, iota, mul, normal, pad, program, silu, split, stack, sub, sum, topK, transpose,
  upsample, zeros, type Key, type Tensor,
} from 'noisefold/dsl';
import {
  allZeros, attentionBlock, convLayer, downsampleLayer, groupNormLayer, layer, linearLayer, parameter, residualBlock,
  timeEmbedding, unet, type ParamsOf, type UNetParams,
} from 'noisefold/nn';
declare const image: Tensor<['B', 32, 32, 3]>;
declare const symbols: Tensor<['B', 'H', 'W', 'C']>;
declare const kernel: Tensor<[3, 3, 3, 64]>;
declare const key: Key;
declare const width: number;
declare const params: ParamsOf<typeof network>;
program({ x: 'B 32 32 3', t: 'B:int32' }, ({ x, t }) => {
  const input = x;
  const step = t;
  return { input, step };
});
${Object.entries(shown)
  .map(([name, [code]]) => `const ${name} = ${code};`)
  .join('\n')}
if (checked._tag === 'Right') {
  const model = checked.right;
  const predicted = model.apply(weightsOfModel, image, { t });
}
declare const weightsOfModel: UNetParams;
declare const t: Tensor<['B'], 'int32'>;
`;

const hovers = hovers6(program);

test.each(Object.entries(shown))('an editor shows the shape of %s', (name, [, type]) => {
  expect(hovers[name]).toBe(`const ${name}: ${type}`);
});

test('the inputs of a program are tensors', () => {
  expect(hovers['input']).toBe(`const input: ${image}`);
  expect(hovers['step']).toBe('const step: Tensor<["B"], "int32">');
});

test('a model is a U-Net of its images', () => {
  expect(hovers['model']).toBe('const model: UNet<[32, 32, 3], {}>');
  expect(hovers['predicted']).toBe(`const predicted: ${image}`);
});
