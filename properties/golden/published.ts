/**
 * Published networks, and their results in PyTorch 2.6. `unet/` has three with their weights, computed by the code of
 * openai/guided-diffusion and huggingface/diffusers in float32. `networks/` has more, whose weights are hashes of their
 * names, in float64. They are computed by modules written for this purpose, which reproduce the three networks to 2e-6
 * and the published counts of parameters.
 */
import { readFileSync } from 'node:fs';
import { unwrap } from 'noisefold';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from 'noisefold/training';
import { hashedNoise, hashedWeight, measures } from './hashed.js';

type Config = Readonly<Record<string, unknown>>;
type Measures = readonly [norm: number, other: number];

/** A network under its own names, and its inputs and results. Images are NHWC. */
export interface Published {
  readonly name: string;
  /** The file and class of the project. */
  readonly source: string;
  readonly config: Config;
  /** A safetensors file, in which the names of the weights begin with the prefix. */
  readonly weights: Uint8Array;
  readonly prefix: string;
  /** `input.*`, `output`, `grad.input.x`, and the gradients of some weights, `grad.*`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The noise w of the loss Σ output·w. */
  readonly loss: Float32Array;
  /** Two numbers of the gradient of each weight. */
  readonly gradients: ReadonlyMap<string, Measures>;
  /** These numbers of a gradient. */
  readonly measure: (name: string, gradient: ArrayLike<number>) => Measures;
}

const bytesOf = (path: string): Uint8Array => readFileSync(new URL(path, import.meta.url));
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const float32 = (shape: readonly number[], data: Float32Array): StoredTensor => ({ dtype: 'F32', shape, data });

/** Images `[B, C, H, W]` as `[B, H, W, C]`; other tensors unchanged. */
const channelsLast = (tensor: StoredTensor): StoredTensor => {
  const [B, C, H, W] = tensor.shape as readonly [number, number, number, number];
  if (tensor.shape.length !== 4) return tensor;
  const data = tensor.data as Float32Array; // images are F32
  return float32(
    [B, H, W, C],
    data.map((_, i) => {
      const [pixel, c] = [Math.floor(i / C), i % C];
      return data[(Math.floor(pixel / (H * W)) * C + c) * H * W + (pixel % (H * W))]!;
    }),
  );
};

/** √2·sin(0.7·i + 9.6), in the layout of PyTorch. */
const wave = ({ shape }: StoredTensor): StoredTensor =>
  float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.SQRT2 * Math.sin(0.7 * i + 9.6)),
  );

const manifest = JSON.parse(new TextDecoder().decode(bytesOf('unet/manifest.json'))) as Readonly<
  Record<
    string,
    { source: string; config: Config; gradients: Readonly<Record<string, readonly [sum: number, norm: number]>> }
  >
>;

/** A network with its weights. */
const withWeights = (name: string): Published => {
  const { source, config, gradients } = manifest[name]!;
  const weights = bytesOf(`unet/${name}.safetensors`);
  const all = unwrap(decodeSafetensors(name)(weights)).tensors;
  const tensors = [...all].flatMap(([key, tensor]): readonly (readonly [string, StoredTensor])[] =>
    key.startsWith('param.')
      ? []
      : [[key.replace('grad_', 'grad.'), key.startsWith('grad.') ? tensor : channelsLast(tensor)]],
  );
  return {
    name,
    source,
    config,
    weights,
    prefix: 'param.',
    tensors: new Map(tensors),
    loss: channelsLast(wave(all.get('output')!)).data as Float32Array,
    gradients: new Map(Object.entries(gradients).map(([key, [sum, norm]]) => [key, [norm, sum]])),
    measure: (_, gradient) => {
      const numbers = Array.from(gradient);
      return [Math.hypot(...numbers), numbers.reduce((a, b) => a + b, 0)];
    },
  };
};

type Shapes = readonly (readonly [name: string, shape: readonly number[]])[];

/** A network whose weights are hashes of their names. */
const withHashes = (name: string): Published => {
  const { tensors, metadata } = unwrap(decodeSafetensors(name)(bytesOf(`networks/${name}.safetensors`)));
  const shapesOf = (key: string) => JSON.parse(metadata[key] ?? '[]') as Shapes;
  const parameters = shapesOf('parameters');
  const prefix = metadata['prefix'] ?? '';
  const weights = parameters.map(([key, shape]) => {
    const data = hashedWeight(key, shape, sizeOf(shape.slice(1)), key.endsWith('weight'));
    return [prefix + key, float32(shape, data)] as const;
  });
  const frequencies = shapesOf('buffers').flatMap(([key, shape]) =>
    key.endsWith('freqs')
      ? [
          [
            prefix + key,
            float32(
              shape,
              hashedNoise(key, sizeOf(shape)).map((u) => 16 * u),
            ),
          ] as const,
        ]
      : [],
  );
  const { shape } = tensors.get('grad.input.x')!;
  const numbers = tensors.get('gradients')!.data as Float32Array;
  return {
    name,
    source: metadata['source']!,
    config: JSON.parse(metadata['config']!) as Config,
    weights: unwrap(encodeSafetensors({ tensors: new Map([...weights, ...frequencies]), metadata: {} })),
    prefix,
    tensors: new Map([...tensors, ['input.x', float32(shape, hashedNoise('input.x', sizeOf(shape)))]]),
    loss: hashedNoise('loss', sizeOf(tensors.get('output')!.shape)),
    gradients: new Map(parameters.map(([key], i) => [key, [numbers[2 * i]!, numbers[2 * i + 1]!]])),
    measure: measures,
  };
};

export const goldenNames = ['gd_adm_newattn', 'gd_classifier_adaptive', 'diffusers_scale_shift'] as const;
export const hashedNames = [
  'gd_adm_legacy_cond',
  'gd_pool_resample_up_heads',
  'gd_fractional_new_order',
  'gd_three_levels_conv',
  'gd_superres',
  'iddpm',
  'gd_classifier_attention',
  'gd_classifier_spatial',
  'gd_classifier_spatial_v2',
  'diffusers_ddpm',
  'diffusers_attention_levels',
  'diffusers_no_middle_attention',
  'edm_ddpmpp',
  'edm_ncsnpp',
  'edm_adm',
] as const;

/** Reads a fixture by its name. */
export const publishedNamed = (name: string): Published =>
  (goldenNames as readonly string[]).includes(name) ? withWeights(name) : withHashes(name);
