/**
 * Loads the packages of tfjs, which are optional peers. Each import is a literal, so that bundlers resolve it, in a `try`, so
 * that they accept that the package is missing.
 */
import type * as core from '@tensorflow/tfjs-core';
import type * as cpu from '@tensorflow/tfjs-backend-cpu';
import type * as wasm from '@tensorflow/tfjs-backend-wasm';
import type * as webgpu from '@tensorflow/tfjs-backend-webgpu';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { E, type either, F, TE, type taskEither } from '../../../internal/fp.js';
import { absent, isAbsent, reasonOf } from '../../../internal/peer.js';

/** The modules of the packages. */
export interface Modules {
  readonly core: typeof core;
  readonly cpu: typeof cpu;
  readonly wasm: typeof wasm;
  readonly webgpu: typeof webgpu;
}

type Name = keyof Modules;
type Load<N extends Name> = () => Promise<either.Either<unknown, Modules[N]>>;

/** tfjs. Tests replace these functions. */
export type Loads = { readonly [N in Name]: Load<N> };

export const LOADS: Loads = {
  core: async () => {
    try {
      return E.right(await import('@tensorflow/tfjs-core'));
    } catch (thrown) {
      return E.left(thrown);
    }
  },
  cpu: async () => {
    try {
      return E.right(await import('@tensorflow/tfjs-backend-cpu'));
    } catch (thrown) {
      return E.left(thrown);
    }
  },
  wasm: async () => {
    try {
      return E.right(await import('@tensorflow/tfjs-backend-wasm'));
    } catch (thrown) {
      return E.left(thrown);
    }
  },
  webgpu: async () => {
    try {
      return E.right(await import('@tensorflow/tfjs-backend-webgpu'));
    } catch (thrown) {
      return E.left(thrown);
    }
  },
};

const packageOf = (name: Name): string =>
  name === 'core' ? '@tensorflow/tfjs-core' : `@tensorflow/tfjs-backend-${name}`;

/** Command that installs packages, with tfjs-core, at the version that noisefold is tested with. */
export const installing = (...packages: readonly string[]): string =>
  `npm install ${[packageOf('core'), ...packages].map((name) => `${name}@4.22.0`).join(' ')}`;

/** Explains why a package did not load; `where` names the backend, and `command` installs all that it needs. */
const loadError = (where: string, command: string, name: string, thrown: unknown): NoisefoldError =>
  isAbsent(name, thrown)
    ? absent(name, { where, hint: `install it: ${command}` })
    : failure('BackendUnavailable', {
        where,
        expected: `${name} to load`,
        actual: reasonOf(thrown),
        hint: `reinstall it: ${command}`,
      });

/** Loads a package of tfjs. `command` installs all that the backend needs. */
export const load = <N extends Name>(
  name: N,
  where: string,
  command: string,
  loads = LOADS,
): taskEither.TaskEither<NoisefoldError, Modules[N]> =>
  TE.mapLeft((thrown: unknown) => loadError(where, command, packageOf(name), thrown))(loads[name]);

/** tfjs, and the package of one of its engines. */
export interface Packages<N extends Name> {
  readonly core: Modules['core'];
  readonly engine: Modules[N];
}

/** Loads tfjs and the package of an engine. */
export const loadEngine = <N extends 'cpu' | 'wasm' | 'webgpu'>(
  name: N,
  where: string,
  loads = LOADS,
): taskEither.TaskEither<NoisefoldError, Packages<N>> => {
  const command = installing(packageOf(name));
  return F.pipe(
    load('core', where, command, loads),
    TE.flatMap((core) =>
      F.pipe(
        load(name, where, command, loads),
        TE.map((engine) => ({ core, engine })),
      ),
    ),
  );
};
