/**
 * Int8 parameters in files: w ≈ scale·q with q from −127 to 127, and a scale for each output channel (the last axis).
 * Vectors, such as biases, stay float32. The file stores the scales as tensors.
 */
import { raise } from '../internal/errors.js';
import { task } from '../dsl/run/effect.js';
import type { OpenTensors } from '../formats/safetensors/openTensors.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { F, TE } from '../internal/fp.js';

/** The prefix of the names of scales; the name of the tensor follows. */
export const SCALES = 'scales.';
const LARGEST = 127;

type Entries = OpenTensors['entries'];

/** Quantizes a parameter: a vector is unchanged, others become int8 and scales. Raises `ConfigError` for NaN or infinity. */
export const quantized = (
  where: string,
  name: string,
  { dtype, shape, data }: StoredTensor,
): readonly (readonly [name: string, tensor: StoredTensor])[] => {
  if (dtype !== 'F32' && dtype !== 'F64') return [[name, { dtype, shape, data } as StoredTensor]];
  const numbers = Float32Array.from(data);
  if (shape.length < 2) return [[name, { dtype: 'F32', shape, data: numbers }]];
  const channels = shape.at(-1)!;
  const scales = new Float32Array(channels);
  numbers.forEach((w, i) => {
    if (!Number.isFinite(w))
      raise('ConfigError', {
        where: `${where}: ${name}`,
        expected: 'finite numbers',
        actual: `${w}`,
        hint: 'save a model with finite parameters',
      });
    scales[i % channels] = Math.max(scales[i % channels]!, Math.abs(w) / LARGEST);
  });
  const q = Int8Array.from(numbers, (w, i) => {
    const scale = scales[i % channels]!;
    return scale === 0 ? 0 : Math.round(w / scale);
  });
  return [
    [name, { dtype: 'I8', shape, data: q }],
    [SCALES + name, { dtype: 'F32', shape: [channels], data: scales }],
  ];
};

/** Tests if a tensor of a file is int8 with scales of the right shape. */
const isQuantized = (entries: Entries, name: string): boolean => {
  const scales = entries.get(SCALES + name);
  const entry = entries.get(name)!;
  const isVector = scales?.dtype === 'F32' && scales.shape.length === 1;
  return entry.dtype === 'I8' && isVector && scales.shape[0] === entry.shape.at(-1);
};

/** The parameter of an int8 tensor and its scales. */
const restored = ({ shape, data }: StoredTensor, scales: StoredTensor): StoredTensor => {
  const channels = scales.data.length;
  // the tensors are int8 and float32
  const [q, scale] = [data as Int8Array, scales.data as Float32Array];
  return { dtype: 'F32', shape, data: Float32Array.from(q, (n, i) => n * scale[i % channels]!) };
};

/** The tensors of a file, with int8 tensors restored to float32 by their scales. */
export const restoring = (file: OpenTensors): OpenTensors => {
  const { entries } = file;
  const names = new Set([...entries.keys()].filter((name) => isQuantized(entries, name)));
  const isScales = (name: string): boolean => name.startsWith(SCALES) && names.has(name.slice(SCALES.length));
  const listed = [...entries].filter(([name]) => !isScales(name));
  return {
    ...file,
    entries: new Map(
      listed.map(([name, entry]) => [name, names.has(name) ? { ...entry, dtype: 'F32' as const } : entry]),
    ),
    tensor: (entry) => {
      const { name } = entry;
      if (!names.has(name)) return file.tensor(entry);
      const [q, scales] = [file.tensor(entries.get(name)!), file.tensor(entries.get(SCALES + name)!)];
      return task(F.pipe(q, TE.bindTo('q'), TE.bind('scales', () => scales), TE.map((read) => restored(read.q, read.scales)))); // oxfmt-ignore
    },
  };
};
