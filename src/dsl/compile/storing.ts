/** The storage of the inputs of a program. Only programs of stored inputs load this module. */
import { raise } from '../../internal/errors.js';
import { argument } from '../../internal/schema.js';
import type { TreeSpec } from '../graph/spec.js';
import { type FloatStorage, floatStorage, type HalfStorage } from '../types/storage.js';
import { unpacked } from './passes/unpacked.js';
import type { Storing } from './planning.js';

/** The storage of inputs, by name, or of tensors in them, by path. */
export type StorageByName = Readonly<Record<string, FloatStorage | undefined>>;

/** True if an input of some name is or holds the tensor of a path. */
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
        hint: 'name inputs of the program, of which float32 tensors are stored so',
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

/** Stores inputs as they are named. Raises `ConfigError` if the storage is no record. */
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
    const storages = storagesOf(spec, storage as StorageByName, donate); // which checks the members
    return { storages, unpacked: (roots, inputs) => unpacked(roots, inputs, storages) };
  };
