/** The storage of the inputs of a program. Only programs of stored inputs load this module. */
import { raise } from '../../internal/errors.js';
import { argument } from '../../internal/schema.js';
import type { TreeSpec } from '../graph/spec.js';
import { type FloatStorage, floatStorage, type HalfStorage } from '../types/storage.js';
import { unpacked } from './passes/unpacked.js';
import type { Storing } from './planning.js';

/** The storage of inputs, by their names, or of single tensors of an input, by their paths. */
export type StorageByName = Readonly<Record<string, FloatStorage | undefined>>;

/** True if the tensor at `path` is the input `name` itself, or lies in its tree. */
const holds =
  (path: string) =>
  (name: string): boolean =>
    path === name || path.startsWith(`${name}.`);

/** The storage of each input. Raises `ConfigError` for names and storages that do not exist, and for donated inputs. */
const storagesOf = (
  spec: TreeSpec<unknown>,
  storage: StorageByName,
  donate: readonly string[],
): readonly (HalfStorage | undefined)[] => {
  const byName = Object.entries(storage).flatMap(([name, value]) => {
    const where = `compile: storage.${name}`;
    if (!spec.leaves.some(({ path }) => holds(path)(name)))
      raise('ConfigError', {
        where,
        expected: `an input of the program: ${[...new Set(spec.leaves.map(({ path }) => path.split('.')[0]))].join(', ')}`,
        actual: `'${name}'`,
        hint: 'give names of inputs; their float32 tensors are then stored in 16 bits',
      });
    if (value === undefined) return [];
    const own = argument(where, floatStorage).demand(value);
    if (own !== 'float32' && donate.some(holds(name)))
      raise('ConfigError', {
        where,
        expected: "'float32' for an input that is donated",
        actual: `'${own}'`,
        hint: 'a run writes its results as float32: do not donate the input, or do not store it in 16 bits',
      });
    return [[name, own] as const];
  });
  const exact = new Map(byName);
  return spec.leaves.map(({ path, dtype }) => {
    if (dtype !== 'float32') return undefined;
    const own = exact.get(path) ?? byName.find(([name]) => holds(path)(name))?.[1];
    return own === 'float32' ? undefined : own;
  });
};

/** Makes the step of the compiler that stores inputs in 16 bits. Raises `ConfigError` if `storage` is not an object. */
export const storingOf =
  (storage: unknown): Storing =>
  (spec, donate) => {
    if (typeof storage !== 'object' || storage === null)
      raise('ConfigError', {
        where: 'compile: storage',
        expected: "storages by the names of inputs, such as { params: 'float16' }",
        actual: String(storage),
        hint: 'name the inputs that are stored in 16 bits',
      });
    const storages = storagesOf(spec, storage as StorageByName, donate); // `storagesOf` checks the members
    return { storages, unpacked: (roots, inputs) => unpacked(roots, inputs, storages) };
  };
