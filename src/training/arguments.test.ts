/** Functions that get an argument of another kind, as JavaScript callers may pass it. */
import { describe, expect, test } from 'vitest';
import { right } from '../../properties/diffusion/run.js';
import { reference } from '../backends/reference/index.js';
import * as diffusion from '../diffusion/index.js';
import * as dsl from '../dsl/index.js';
import * as evaluation from '../evaluation/index.js';
import { attempt } from '../internal/errors.js';
import { E } from '../internal/fp.js';
import * as nn from '../nn/index.js';
import { isEither } from '../internal/either.js';
import * as training from './index.js';

/** All functions without types. */
const js = { ...dsl, ...nn, ...diffusion, ...evaluation, ...training } as unknown as Readonly<
  Record<string, (...args: readonly unknown[]) => never>
>;

/** The message of the error of a call: a `Left`, a raised error, or the result of a task or of a generator. */
const messageOf = async (call: () => unknown): Promise<unknown> => {
  const outcome: unknown = attempt(call);
  let result = E.isRight(outcome as E.Either<unknown, unknown>) ? (outcome as E.Right<unknown>).right : outcome;
  if (typeof result === 'function') result = (result as (x: unknown) => unknown)(right(await reference()()));
  result = await (typeof result === 'function' ? (result as () => unknown)() : result);
  if (Symbol.asyncIterator in Object(result)) ({ value: result } = await (result as AsyncGenerator<unknown>).next());
  return isEither(result) ? (result as E.Left<dsl.NoisefoldError>).left.message : result;
};

/** The result of a function that makes a grid, on the timesteps of a schedule. */
const onPath = (name: string, argument: unknown): unknown => (js[name]!(argument) as (y: unknown) => unknown)(noising);

const noising = right(diffusion.ddpm(diffusion.linear(100)));
const x = dsl.zeros(2);
const { buffer } = new Uint8Array(8);

describe('an argument of another kind is a typed error', () => {
  test.each<[string, () => unknown, string]>([
    ['ddpm()', () => js.ddpm!(), 'ddpm: expected the Either that a schedule returns, got nothing; write ddpm(linear(1000))'],
    ['ddpm(1000)', () => js.ddpm!(1000), 'ddpm: expected the Either that a schedule returns, got 1000'],
    ['grad()(x)', () => (js.grad!() as (y: unknown) => unknown)(x), 'valueAndGrad: expected a function of tensors, got nothing'],
    ['vmap(3)(x)', () => (js.vmap!(3) as (y: unknown) => unknown)(x), 'vmap: expected a function of tensors, got 3; write vmap((x) => …)'],
    ['scan()(x, x)', () => (js.scan!() as (...y: unknown[]) => unknown)(x, x), 'scan: expected a function of tensors, got nothing'],
    ['explain()', () => js.explain!(), 'explain: expected a compiled program, got nothing; give the result of compile'],
    ['iterate()', () => (js.iterate!() as (y: unknown) => unknown)({}), 'iterate: expected a compiled step, got nothing; give the result of compile'],
    ['hostUniform(undefined, 1)', () => js.hostUniform!(undefined, 1), 'hostUniform: expected a key: key(7), got nothing'],
    ['frechetDistance()', () => js.frechetDistance!(), 'frechetDistance: real: expected moments, as momentsOf returns them, got nothing; give the result of momentsOf'],
    ['imageGrid()', () => js.imageGrid!(), 'imageGrid: expected a batch of images, got nothing; give numbers in [-1, 1] as a Float32Array, and bytes as a Uint8Array'],
    ['encodeCheckpoint()', () => js.encodeCheckpoint!(), 'encodeCheckpoint: expected a snapshot, got nothing; give the snapshot of a run'],
    ['saveCheckpoint(path)()', () => (js.saveCheckpoint!('never') as () => unknown)(), 'encodeCheckpoint: expected a snapshot'],
    ['encodePng of a plain array', () => js.encodePng!({ width: 1, height: 1, channels: 1, data: [1] }), 'encodePng.data: expected a Uint8Array, got an array of 1'],
    ["atSigmas('3')", () => onPath('atSigmas', '3'), 'atSigmas: expected an array of numbers, got "3"; give [1, 2] or a typed array'],
    ["atSigmas(['3'])", () => onPath('atSigmas', ['3']), 'atSigmas.0: expected a number, got "3"'],
    ["respaceAtSigmas(['3'])", () => onPath('respaceAtSigmas', ['3']), 'respaceAtSigmas.0: expected a number, got "3"'],
    ["scheduleFromBetas(['0.5'])", () => js.scheduleFromBetas!(['0.5']), 'scheduleFromBetas.0: expected a number, got "0.5"'],
    ["constantBetas(3, '0.5')", () => js.constantBetas!(3, '0.5'), 'constantBetas.0: expected a number, got "0.5"'],
    ['atTimes(3)', () => onPath('atTimes', 3), 'atTimes: expected an array of numbers, got 3'],
    ['sections(either)', () => onPath('sections', E.right([1, 2])), 'sections: expected an array of numbers, got an Either; take the value out of it'],
    ['timestepRespacing(250)', () => onPath('timestepRespacing', 250), 'timestepRespacing: expected string, got 250'],
    ['gridOf(either)', () => onPath('gridOf', E.right(3)), 'grid: expected a number of timesteps, or a grid such as trailing(50), got an Either'],
    ["fanInNormal('2')", () => js.fanInNormal!('2'), 'fanInNormal: scale: expected a finite number ≥ 0, got "2"'],
    ...['decodeSafetensors', 'decodeCheckpoint', 'decodeNpy', 'decodeNpz', 'decodeCifar10'].flatMap((name) =>
      [undefined, 'text', buffer].map((bytes): [string, () => unknown, string] => [
        `${name}(f)(${bytes})`,
        () => (js[name]!('f') as (y: unknown) => unknown)(bytes),
        'f: expected the bytes of a file, a Uint8Array, got ',
      ]),
    ),
    ['decodeIdx(f, 1)(buffer)', () => (js.decodeIdx!('f', 1) as (y: unknown) => unknown)(buffer), 'f: expected the bytes of a file, a Uint8Array, got an object; read it by readBytes(path), or write new Uint8Array(buffer)'],
    ['fitIn()', () => js.fitIn!(), 'fitIn: folder: expected a run folder, as openRunFolder returns it, got nothing; give the result of openRunFolder'],
    ['fitIn(folder)', () => js.fitIn!({ path: 'x', from: null, metrics: [], log: 1, save: 1 }), 'fitIn: training: expected a training, as fit takes it, got nothing; give the options of fit'],
    ['fitInFolder(path)', () => js.fitInFolder!('never'), 'fitInFolder: training: expected a training, as fit takes it, got nothing; give the options of fit'],
    ['fitInFolder(path, training, null)', () => js.fitInFolder!('never', { model: 1 }, null), 'fitInFolder: expected { every, keep, resume, log }, got null; give the options as one object'],
    ['imagesOfFiles()', () => js.imagesOfFiles!(undefined, { size: 8 }), 'imagesOfFiles: files: expected an iterable of files, got nothing'],
    ['imagesOfFiles of paths', () => js.imagesOfFiles!(['a.png'], { size: 8 }), 'imagesOfFiles: files.0: expected a file, got "a.png"'],
    ['readCifar10(path)', () => js.readCifar10!('x'), 'readCifar10: paths: expected a list of paths, got "x"'],
    ["readIdxDataset(images, labels, '28')", () => js.readIdxDataset!('never', 'never', '28'), 'readIdxDataset.image: expected an image shape, got "28"'],
    ['streamIdx(f, 1)()', () => (js.streamIdx!('f', 1) as () => unknown)(), 'f: expected the pieces of a file, an AsyncIterable, got nothing'],
    ['gunzip(f)(bytes)', () => (js.gunzip!('f') as (y: unknown) => unknown)(new Uint8Array(1)), 'f: expected the pieces of a file, an AsyncIterable, got a Uint8Array'],
  ])('%s', async (_, call, message) => expect(await messageOf(call)).toContain(message)); // oxfmt-ignore
});
